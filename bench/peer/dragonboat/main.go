package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	dragonboat "github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/client"
	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/logger"
	"github.com/lni/dragonboat/v4/plugin/tan"
	sm "github.com/lni/dragonboat/v4/statemachine"

	"paxos/bench/load"
	"paxos/bench/replica"
)

func main() {
	replica.Main(map[string]replica.Open{"dragonboat": openDefault, "dragonboat-tan": openTan})
}

const shard = 1

// boat is one replica of dragonboat.
type boat struct {
	host     *dragonboat.NodeHost
	session  *client.Session
	id       uint64
	payloads *load.Payloads
}

func openDefault(_ context.Context, s replica.Spec) (replica.Driver, error) {
	return openBoat(s, config.ExpertConfig{})
}

func openTan(_ context.Context, s replica.Spec) (replica.Driver, error) {
	return openBoat(s, config.ExpertConfig{LogDBFactory: tan.Factory})
}

func openBoat(s replica.Spec, expert config.ExpertConfig) (*boat, error) {
	for _, name := range []string{"dragonboat", "raft", "rsm", "transport", "grpc", "logdb", "config", "pebblekv", "tan", "util", "raftpb", "order", "tests", "settings", "registry"} {
		logger.GetLogger(name).SetLevel(logger.WARNING)
	}
	host, err := dragonboat.NewNodeHost(config.NodeHostConfig{
		NodeHostDir: filepath.Join(s.Dir, "host"), RaftAddress: s.Addresses[s.ID-1],
		RTTMillisecond: 50, // the unit of the times below; the default is 200
		Expert:         expert,
	})
	if err != nil {
		return nil, err
	}
	members := make(map[uint64]dragonboat.Target)
	for i, address := range s.Addresses {
		members[uint64(i+1)] = address
	}
	err = host.StartReplica(members, false, func(uint64, uint64) sm.IStateMachine { return still{} }, config.Config{
		ReplicaID: uint64(s.ID), ShardID: shard, CheckQuorum: true,
		ElectionRTT: 20, HeartbeatRTT: 2, // 1 s and 100 ms
		SnapshotEntries: 100_000, CompactionOverhead: 10_000, // so that the log is bounded, as everybody's is here
	})
	if err != nil {
		host.Close()
		return nil, err
	}
	return &boat{host, host.GetNoOPSession(shard), uint64(s.ID), load.NewPayloads()}, nil
}

func (b *boat) Ready(context.Context) bool {
	leader, _, ok, err := b.host.GetLeaderID(shard)
	return err == nil && ok && leader == b.id
}

func (b *boat) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return load.RunAhead(ctx, p, b.payloads, load.Async[*dragonboat.RequestState]{
		Begin: func(payload []byte) (*dragonboat.RequestState, error) {
			return b.host.Propose(b.session, payload, p.Limit())
		},
		Wait: applied,
	})
}

// applied waits for a proposal, as SyncPropose does.
func applied(ctx context.Context, r *dragonboat.RequestState) error {
	select {
	case result := <-r.AppliedC():
		if !result.Completed() {
			return fmt.Errorf("a proposal was not completed: %+v", result)
		}
		r.Release()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *boat) Close() error {
	b.host.Close()
	return nil
}

// still is a state machine that keeps nothing: an advantage over a list.
type still struct{}

func (still) Update(sm.Entry) (sm.Result, error) { return sm.Result{}, nil }

func (still) Lookup(any) (any, error) { return nil, nil }

func (still) SaveSnapshot(io.Writer, sm.ISnapshotFileCollection, <-chan struct{}) error { return nil }

func (still) RecoverFromSnapshot(io.Reader, []sm.SnapshotFile, <-chan struct{}) error { return nil }

func (still) Close() error { return nil }
