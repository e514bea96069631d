package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	boltstore "github.com/hashicorp/raft-boltdb/v2"
	wal "github.com/hashicorp/raft-wal"

	"paxos/bench/load"
	"paxos/bench/replica"
)

func main() {
	replica.Main(map[string]replica.Open{"raft-wal": openWAL, "raft-boltdb": openBolt})
}

// raftStore is what hashicorp/raft keeps its log and its votes in.
type raftStore interface {
	raft.LogStore
	raft.StableStore
	io.Closer
}

// raftNode is one replica of hashicorp/raft.
type raftNode struct {
	raft      *raft.Raft
	transport *raft.NetworkTransport
	store     raftStore
	payloads  *load.Payloads
}

func openWAL(_ context.Context, s replica.Spec) (replica.Driver, error) {
	dir := filepath.Join(s.Dir, "wal")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	store, err := wal.Open(dir, wal.WithLogger(raftLog()))
	if err != nil {
		return nil, err
	}
	return openRaft(s, store)
}

func openBolt(_ context.Context, s replica.Spec) (replica.Driver, error) {
	store, err := boltstore.New(boltstore.Options{Path: filepath.Join(s.Dir, "raft.db"), NoSync: false})
	if err != nil {
		return nil, err
	}
	return openRaft(s, store)
}

func raftLog() hclog.Logger { return hclog.New(&hclog.LoggerOptions{Level: hclog.Warn}) }

// raftConfig is DefaultConfig but for what its documentation recommends for throughput.
func raftConfig(id int) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(fmt.Sprint(id))
	c.Logger = raftLog()
	c.MaxAppendEntries = 1024 // entries in a message and in a synced batch; the default is 64
	c.BatchApplyCh = true     // a channel of so many, so that they are gathered; the default is none
	return c
}

func openRaft(s replica.Spec, store raftStore) (*raftNode, error) {
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(s.Dir, 2, raftLog())
	if err != nil {
		return nil, err
	}
	transport, err := raft.NewTCPTransportWithLogger(s.Addresses[s.ID-1], nil, 3, 10*time.Second, raftLog())
	if err != nil {
		return nil, err
	}
	cached, err := raft.NewLogCache(4096, store) // so that followers are served without reading the log
	if err != nil {
		return nil, err
	}
	r, err := raft.NewRaft(raftConfig(s.ID), nothing{}, cached, store, snapshots, transport)
	if err != nil {
		return nil, err
	}
	n := &raftNode{r, transport, store, load.NewPayloads()}
	if s.ID > 1 {
		return n, nil
	}
	return n, n.bootstrap(s.Addresses)
}

// bootstrap tells the first replica, which tells the others, who is a member.
func (n *raftNode) bootstrap(addresses []string) error {
	var all raft.Configuration
	for i, address := range addresses {
		all.Servers = append(all.Servers, raft.Server{ID: raft.ServerID(fmt.Sprint(i + 1)), Address: raft.ServerAddress(address)})
	}
	return n.raft.BootstrapCluster(all).Error()
}

func (n *raftNode) Ready(context.Context) bool { return n.raft.State() == raft.Leader }

func (n *raftNode) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return load.RunAhead(ctx, p, n.payloads, load.Async[raft.ApplyFuture]{
		// Without a time limit of its own: each would cost a timer.
		Begin: func(payload []byte) (raft.ApplyFuture, error) { return n.raft.Apply(payload, 0), nil },
		Wait:  func(_ context.Context, f raft.ApplyFuture) error { return f.Error() },
	})
}

func (n *raftNode) Close() error {
	err := n.raft.Shutdown().Error()
	n.transport.Close()
	return errors.Join(err, n.store.Close())
}

// nothing is a state machine that keeps nothing: an advantage over a list.
type nothing struct{}

func (nothing) Apply(*raft.Log) any { return nil }

func (nothing) ApplyBatch(all []*raft.Log) []any { return make([]any, len(all)) }

func (nothing) Snapshot() (raft.FSMSnapshot, error) { return nothing{}, nil }

func (nothing) Restore(r io.ReadCloser) error { return r.Close() }

func (nothing) Persist(sink raft.SnapshotSink) error { return sink.Close() }

func (nothing) Release() {}
