package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"paxos/internal/cluster"
	"paxos/protocol"
)

const acceptors = 3

// warmup is how long the load runs before it counts.
const warmup = 500 * time.Millisecond

// patience is how long a cell may take beside its own duration.
const patience = 60 * time.Second

// Cell is one measurement.
type Cell struct {
	InFlight int `json:"in_flight"`
	Bytes    int `json:"bytes"`
	Result
	ValuesPerSecond float64 `json:"values_per_second"`
	// CPUSecondsPerMillion is CPU time of all processes for a million values.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"`
	// Fsyncs is how many fdatasyncs one acceptor made, on average, for 1,000 values.
	Fsyncs float64           `json:"fsyncs_per_thousand"`
	Memory map[string]Memory `json:"memory"` // by role
}

// measure runs one cell on a fresh cluster, in a folder that it removes.
func (o *Options) measure(ctx context.Context, inFlight, size int) (Cell, error) {
	cell := Cell{InFlight: inFlight, Bytes: size}
	limit := o.Duration + patience
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done in %s", limit))
	defer cancel()
	dir, err := os.MkdirTemp(o.Dir, "cell-")
	if err != nil {
		return cell, err
	}
	c, err := cluster.New(cluster.Options{Dir: dir, Binary: o.Binary, Acceptors: acceptors, NoOutput: true})
	if err != nil {
		return cell, err
	}
	defer c.Close()
	meter := startMeter(rolesOf(c), false)
	load := o.inside
	if o.Clients > 0 {
		load = o.outside
	}
	cell.Result, err = load(ctx, c, inFlight, size)
	meter.stop()
	if err != nil {
		return cell, fmt.Errorf("%d in flight, %d bytes: %w", inFlight, size, err)
	}
	if err := cell.complete(c, meter); err != nil {
		return cell, err
	}
	return cell, os.RemoveAll(dir)
}

// inside has the leader's own process make the load; it ends by itself.
func (o *Options) inside(ctx context.Context, c *cluster.Cluster, inFlight, size int) (Result, error) {
	if err := startOthers(ctx, c); err != nil {
		return Result{}, err
	}
	phases, err := json.Marshal([]Phase{{InFlight: inFlight, Bytes: size, Warmup: warmup, Duration: o.Duration}})
	if err != nil {
		return Result{}, err
	}
	proposer, err := c.StartTask(protocol.RoleProposer, 1, "--load", string(phases))
	if err != nil {
		return Result{}, err
	}
	err = c.Wait(ctx, "the load to end", func() (bool, error) { return proposer.Ended(), nil })
	if err != nil {
		return Result{}, err
	}
	return readResult(c.OutputPath(protocol.RoleProposer, 1))
}

// startOthers starts all but the proposer.
func startOthers(ctx context.Context, c *cluster.Cluster) error {
	for id := 1; id <= acceptors; id++ {
		if _, err := c.Start(protocol.RoleAcceptor, id); err != nil {
			return err
		}
	}
	if _, err := c.Start(protocol.RoleLearner, 1); err != nil {
		return err
	}
	return c.WaitStarted(ctx)
}

// complete stops the cluster and fills in what is known only then.
func (cell *Cell) complete(c *cluster.Cluster, m *meter) error {
	if err := c.Stop(); err != nil {
		return err
	}
	cell.ValuesPerSecond = cell.PerSecond()
	cpu := m.cpuBetween(cell.Ended.Add(-cell.Elapsed), cell.Ended)
	cell.CPUSecondsPerMillion = cpu.Seconds() / max(float64(cell.Values), 1) * 1e6
	cell.Memory = m.memory
	var fsyncs, values uint64
	for id := 1; id <= acceptors; id++ {
		s, err := c.StoppedOf(protocol.RoleAcceptor, id)
		if err != nil {
			return err
		}
		fsyncs += s.Fsyncs
		values += s.Length
	}
	cell.Fsyncs = float64(fsyncs) / max(float64(values), 1) * 1000
	return nil
}

// folder is where the clusters live: a folder on a disk. Temporary folders are
// often in memory, where an fdatasync costs nothing; /var/tmp is not.
func folder(asked string) (string, error) {
	if asked == "" {
		asked = os.Getenv("TMPDIR")
	}
	if asked == "" {
		asked = "/var/tmp"
	}
	if err := os.MkdirAll(asked, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(asked, "paxos-bench-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}
