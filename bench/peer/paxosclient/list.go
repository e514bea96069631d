package main

import (
	"context"

	"paxos/bench/load"
	"paxos/bench/replica"
	"paxos/server/listclient"
	"paxos/server/value"
)

// list is a process with a client of our list servers.
type list struct {
	client   *listclient.Client
	payloads *load.Payloads
}

func openList(_ context.Context, s replica.Spec) (replica.Driver, error) {
	client, err := listclient.New(listclient.Config{Servers: s.Clients})
	if err != nil {
		return nil, err
	}
	return &list{client, load.NewPayloads()}, nil
}

func (l *list) Ready(ctx context.Context) bool {
	_, err := l.client.Append(ctx, value.Int(0))
	return err == nil
}

// Run appends strings: the payload, in quotes as JSON has them.
func (l *list) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return load.RunAhead(ctx, p, l.payloads, load.Async[listclient.Pending]{
		Begin: func(payload []byte) (listclient.Pending, error) {
			return l.client.Begin(ctx, value.String(string(payload))), nil
		},
		Wait: func(ctx context.Context, v listclient.Pending) error {
			_, err := v.Wait(ctx)
			return err
		},
	})
}

func (l *list) Close() error { return l.client.Close() }
