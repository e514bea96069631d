package main

import (
	"context"
	"io"
	"path/filepath"

	"paxos/bench/load"
	"paxos/bench/replica"
	"paxos/engine"
)

func main() {
	replica.Main(map[string]replica.Open{"paxos-engine": openEngine})
}

// library is one node of our engine, with a state machine that keeps nothing.
type library struct {
	engine   *engine.Engine
	payloads *load.Payloads
}

func openEngine(ctx context.Context, s replica.Spec) (replica.Driver, error) {
	e, err := engine.Start(ctx, engine.Options{
		Dir: filepath.Join(s.Dir, "engine"), Self: s.Addresses[s.ID-1], Peers: s.Addresses, Init: true, Machine: inert{},
	})
	if err != nil {
		return nil, err
	}
	return &library{e, load.NewPayloads()}, nil
}

func (l *library) Ready(context.Context) bool { return l.engine.Leader().Leads }

func (l *library) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return load.RunAhead(ctx, p, l.payloads, load.Async[engine.Pending]{
		Begin: func(payload []byte) (engine.Pending, error) { return l.engine.Begin(payload), nil },
		Wait: func(ctx context.Context, command engine.Pending) error {
			_, err := command.Wait(ctx)
			return err
		},
	})
}

func (l *library) Close() error { return l.engine.Stop() }

// inert is a state machine that keeps nothing, like the peers'.
type inert struct{}

func (inert) Apply([]byte) any { return nil }

func (inert) Snapshot(io.Writer) error { return nil }

func (inert) Restore(io.Reader) error { return nil }
