package node

import (
	"bytes"
	"testing"
)

// fill appends so many KiB.
func fill(t *testing.T, s *Server, count int) {
	t.Helper()
	for range count {
		if _, err := s.Append(patient(t), [][]byte{bytes.Repeat([]byte("x"), 1024)}); err != nil {
			t.Fatal(err)
		}
	}
}

// However rarely checkpoints were asked for: votes wait for one, and they are bounded.
func TestACheckpointComesBeforeThereIsNoRoomForVotes(t *testing.T) {
	for name, b := range map[string]Budgets{"bytes": {Votes: 32 << 10}, "count": {Open: 32}} {
		t.Run(name, func(t *testing.T) {
			c := newTestCluster(t, 1)
			c.tune = func(o *Options) { o.CheckpointBytes, o.Budgets = 1<<30, b }
			fill(t, c.startServer(1), 100)
		})
	}
}

// What a server missed is in the others' memory or in their checkpoints, at any time.
func TestWhoWasAwayCatchesUpThoughNothingNewIsDecided(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) { o.CheckpointBytes, o.Budgets.Cache = 1<<30, 16<<10 }
	all := c.startServers()
	fill(t, all[0], 1)
	if err := all[2].Stop(); err != nil {
		t.Fatal(err)
	}
	fill(t, all[0], 60)
	back := c.startServer(3)
	for back.View().Length() < 61 {
		select {
		case <-back.Changed():
		case <-patient(t).Done():
			t.Fatalf("it has %d of 61 entries", back.View().Length())
		}
	}
}
