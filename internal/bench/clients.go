package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"paxos/internal/cluster"
	"paxos/protocol"
)

// clientReport is a client's report in JSON.
type clientReport struct {
	Acknowledged uint64  `json:"acknowledged"`
	Seconds      float64 `json:"seconds"`
}

// outside has separate client processes make the load. They share the number of
// commands in flight. A client does not measure latencies; in a closed loop the
// mean follows from the rate.
func (o *Options) outside(ctx context.Context, c *cluster.Cluster, inFlight, size int) (Result, error) {
	if err := startOthers(ctx, c); err != nil {
		return Result{}, err
	}
	if _, err := c.Start(protocol.RoleProposer, 1); err != nil {
		return Result{}, err
	}
	if _, err := c.WaitLeader(ctx, time.Time{}); err != nil {
		return Result{}, err
	}
	clients := min(o.Clients, inFlight)
	var running []*cluster.Process
	for id := 1; id <= clients; id++ {
		window := inFlight/clients + btoi(id <= inFlight%clients)
		p, err := c.Start(protocol.RoleClient, id, "--json", "--window", strconv.Itoa(window),
			"--generate-bytes", strconv.Itoa(size), "--generate-seconds", strconv.FormatFloat(o.Duration.Seconds(), 'f', 3, 64))
		if err != nil {
			return Result{}, err
		}
		running = append(running, p)
	}
	err := c.Wait(ctx, "the clients to end", func() (bool, error) { return allEnded(running), nil })
	if err != nil {
		return Result{}, err
	}
	return addUp(c, running)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func allEnded(processes []*cluster.Process) bool {
	for _, p := range processes {
		if !p.Ended() {
			return false
		}
	}
	return true
}

// addUp joins the clients' reports: all values, in the time of the slowest.
func addUp(c *cluster.Cluster, clients []*cluster.Process) (Result, error) {
	sum := Result{Ended: time.Now()}
	for _, p := range clients {
		if err := p.Err(); err != nil {
			return sum, err
		}
		text, err := os.ReadFile(c.OutputPath(protocol.RoleClient, p.ID))
		if err != nil {
			return sum, err
		}
		var r clientReport
		if err := json.Unmarshal(text, &r); err != nil {
			return sum, fmt.Errorf("the report of %s: %w", p, err)
		}
		sum.Values += r.Acknowledged
		sum.Elapsed = max(sum.Elapsed, time.Duration(r.Seconds*float64(time.Second)))
	}
	return sum, nil
}
