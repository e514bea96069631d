package bench

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/cluster"
	"paxos/internal/config"
	"paxos/node"
	"paxos/protocol"
	"paxos/transport/multicast"
)

// roleGrower is a cluster of the multicast roles. The load is made in the leader's process;
// between two loads there is no leader.
type roleGrower struct {
	*cluster.Cluster
	options *GrowthOptions
}

func (o *GrowthOptions) startRoles(ctx context.Context, dir string) (grower, error) {
	c, err := cluster.New(cluster.Options{Dir: dir, Binary: o.Binary, Acceptors: acceptors, NoOutput: true})
	if err != nil {
		return nil, err
	}
	if err := startOthers(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	return &roleGrower{c, o}, nil
}

func (g *roleGrower) stop() error { return g.Stop() }
func (g *roleGrower) close()      { g.Close() }

func (g *roleGrower) load(ctx context.Context, commands uint64) ([]Result, *meter, error) {
	phases, err := json.Marshal(g.options.phases(commands))
	if err != nil {
		return nil, nil, err
	}
	m := startMeter(rolesOf(g.Cluster), true)
	defer m.stop()
	proposer, err := g.StartTask(protocol.RoleProposer, 1, "--load", string(phases))
	if err != nil {
		return nil, nil, err
	}
	err = g.Wait(ctx, "the load to end", func() (bool, error) { return proposer.Ended(), nil })
	if err != nil {
		return nil, nil, err
	}
	results, err := readResults(g.OutputPath(protocol.RoleProposer, 1))
	return results, m, err
}

// phases are the samples of a run.
func (o *GrowthOptions) phases(commands uint64) (all []Phase) {
	for left := commands; left > 0; left -= min(left, o.Every) {
		all = append(all, Phase{InFlight: o.InFlight, Bytes: o.Bytes, Commands: min(left, o.Every)})
	}
	all[0].Warmup = warmup
	return all
}

// How other sessions are filled: so many values each, so many sessions at a time, so many
// values of each on their way. So the places of a session's values in the list are scattered, as
// they are where many clients are at work, and take room in every checkpoint.
const (
	sessionValues  = protocol.SessionWindow
	sessionsAtOnce = 16
	sessionWindow  = 64
)

// open has so many clients submit values, one session each.
func (g *roleGrower) open(ctx context.Context, sessions int) error {
	if sessions == 0 {
		return nil
	}
	p, err := g.Start(protocol.RoleProposer, 1)
	if err != nil {
		return err
	}
	if _, err := g.WaitLeader(ctx, time.Time{}); err != nil {
		return err
	}
	conf, err := config.Load(g.ConfigPath())
	if err != nil {
		return err
	}
	if err := several(sessions, func() error { return runClient(ctx, &conf, g.options.Bytes) }); err != nil {
		return err
	}
	return p.Stop()
}

// several does something count times, a few at a time, until one of them fails.
func several(count int, do func() error) error {
	work := make(chan struct{}, count)
	for range count {
		work <- struct{}{}
	}
	close(work)
	var workers sync.WaitGroup
	var once sync.Once
	var first error
	for range sessionsAtOnce {
		workers.Go(func() {
			for range work {
				if err := do(); err != nil {
					once.Do(func() { first = err })
					return
				}
			}
		})
	}
	workers.Wait()
	return first
}

// runClient is a client that submits its values, of one size, and ends.
func runClient(ctx context.Context, c *config.Config, size int) error {
	t, err := multicast.Open(multicast.Options{
		Groups: c.Groups, Join: []protocol.Group{protocol.GroupClients}, Interface: c.Interface,
		TTL: c.TTL, ReceiveBuffer: multicast.DefaultBuffer, SendBuffer: multicast.DefaultBuffer,
	})
	if err != nil {
		return err
	}
	payload, left := make([]byte, size), sessionValues
	_, err = node.RunClient(ctx, node.ClientOptions{
		Self:    protocol.Peer{Role: protocol.RoleClient, ID: 1}, // its session tells it from others
		Cluster: c.ClusterID(""), Acceptors: c.Acceptors, Transport: t, Log: hclog.NewNullLogger(), Window: sessionWindow,
		Next: func() ([]byte, error) {
			if left == 0 {
				return nil, io.EOF
			}
			left--
			return payload, nil
		},
	})
	return err
}
