package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"

	"paxos/bench/load"
	"paxos/bench/peer/loopback"
	"paxos/bench/replica"
	"paxos/node"
	"paxos/protocol"
	"paxos/transport"
)

func main() {
	debug.SetMemoryLimit(48 << 20) // as `paxos proposer` does
	replica.Main(map[string]replica.Open{"paxos-roles": openProposer})
}

// proposer is a proposer with a client in it.
type proposer struct {
	probe     node.Probe
	transport transport.Transport
	phases    chan node.Phase
	ended     chan struct{}
}

func openProposer(ctx context.Context, s replica.Spec) (replica.Driver, error) {
	c, err := loopback.Config(s.Config)
	if err != nil {
		return nil, err
	}
	quorum, err := protocol.QuorumOf(c.Acceptors)
	if err != nil {
		return nil, err
	}
	// The groups are those that a proposer hears.
	t, err := loopback.Join(c, protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners)
	if err != nil {
		return nil, err
	}
	p := &proposer{transport: t, phases: make(chan node.Phase, 1), ended: make(chan struct{})}
	payloads, cut := load.NewPayloads(), uint64(0)
	go p.run(ctx, node.Options{
		Self: protocol.Peer{Role: protocol.RoleProposer, ID: protocol.NodeID(s.ID)}, Cluster: c.ClusterID(""), Quorum: quorum,
		Transport: t, Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn}), DataDir: filepath.Join(s.Dir, "proposer"), Init: true, Probe: &p.probe,
		Load: &node.Load{Phases: p.phases, Seed: rand.Uint64(), Payload: func(n int) []byte {
			cut++
			return payloads.Cut(0, cut, n)
		}},
	})
	return p, nil
}

// run is the proposer's life. Its failure is that of the process.
func (p *proposer) run(ctx context.Context, o node.Options) {
	defer close(p.ended)
	if err := node.Run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (p *proposer) Ready(context.Context) bool {
	f, ok := p.probe.Figures()
	return ok && f.Leads
}

func (p *proposer) Run(ctx context.Context, at load.Phase) (load.Result, error) {
	if at.InFlight > protocol.SessionWindow {
		return load.Result{}, fmt.Errorf("%d in flight: a session has at most %d", at.InFlight, protocol.SessionWindow)
	}
	ctx, stop := context.WithTimeoutCause(ctx, at.Limit(), errors.New("not all is acknowledged"))
	defer stop()
	done := make(chan node.LoadReport, 1)
	select {
	case p.phases <- node.Phase{InFlight: at.InFlight, PayloadBytes: at.Bytes, Warmup: at.Warmup, Duration: at.Duration, Done: func(r node.LoadReport) { done <- r }}:
		p.transport.Wake()
	case <-ctx.Done():
		return load.Result{}, context.Cause(ctx)
	}
	select {
	case r := <-done:
		return load.NewResult(r.Elapsed, r.Latency, r.All), nil
	case <-ctx.Done():
		return load.Result{}, context.Cause(ctx)
	}
}

// Close waits until the proposer has ended, as it does with the context that it was opened with.
func (p *proposer) Close() error {
	<-p.ended
	return nil
}
