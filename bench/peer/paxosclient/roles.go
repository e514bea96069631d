package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/bench/load"
	"paxos/bench/peer/loopback"
	"paxos/bench/replica"
	"paxos/internal/config"
	"paxos/node"
	"paxos/protocol"
)

// roles is a process with a client of our multicast roles.
type roles struct {
	config   config.Config
	payloads *load.Payloads
}

func openRoles(_ context.Context, s replica.Spec) (replica.Driver, error) {
	c, err := loopback.Config(s.Config)
	if err != nil {
		return nil, err
	}
	return &roles{c, load.NewPayloads()}, nil
}

// Ready has one value acknowledged.
func (r *roles) Ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := r.Run(ctx, load.Phase{InFlight: 1, Bytes: 1})
	return err == nil
}

// Run opens a session, as each run of `paxos client` does, and submits values.
func (r *roles) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	transport, err := loopback.Join(r.config, protocol.GroupClients)
	if err != nil {
		return load.Result{}, err
	}
	if p.InFlight > protocol.SessionWindow {
		return load.Result{}, errors.Join(fmt.Errorf("%d in flight: a session has at most %d", p.InFlight, protocol.SessionWindow), transport.Close())
	}
	w := newWindow(p, r.payloads)
	ctx, stop := context.WithTimeout(ctx, p.Limit())
	defer stop()
	_, err = node.RunClient(ctx, node.ClientOptions{
		Self: protocol.Peer{Role: protocol.RoleClient, ID: 1}, Cluster: r.config.ClusterID(""), Acceptors: r.config.Acceptors,
		Transport: transport, Log: hclog.NewNullLogger(), Next: w.next, Acked: w.acked,
	})
	w.stop()
	return w.meter.Result(), err
}

func (r *roles) Close() error { return nil }
