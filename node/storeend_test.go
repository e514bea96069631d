package node

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
)

// rot makes the next read of the database that o opens find damage.
func rot(o *Options) (now func()) {
	faulty := kv.NewFaulty(kv.OpenBolt, kv.Fault{})
	o.OpenDB = faulty.Open
	return func() {
		faulty.Arm(kv.Fault{Kinds: kv.OpView, N: 1, Err: fmt.Errorf("%w: one byte has changed", kv.ErrCorrupt)})
	}
}

// Rule 9: a store that has ended ends its process, whoever met the end: here somebody
// who reads old entries, and nobody writes.
func TestAReaderWhoMeetsDamageEndsTheServer(t *testing.T) {
	c := newTestCluster(t, 1)
	o := c.options(protocol.RoleServer, 1)
	damage := rot(&o)
	o.Transport = c.net.Join(everything...)
	s, err := StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if _, err := s.Append(patient(t), texts("v")); err != nil {
		t.Fatal(err)
	}
	damage()
	if _, err := s.Chunk(0); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("the read: %v", err)
	}
	select {
	case <-s.Failed():
	case <-time.After(patience):
		t.Fatal("the server goes on though its store has ended")
	}
	if err := s.Stop(); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("the server ended with %v", err)
	}
}

func TestAReaderWhoMeetsDamageEndsTheRole(t *testing.T) {
	c := newTestCluster(t, 1)
	o := c.options(protocol.RoleAcceptor, 1)
	damage := rot(&o)
	o.Transport = c.net.Join(joins[protocol.RoleAcceptor]...)
	r, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	done := make(chan error, 1)
	go func() { done <- r.stop(r.loop(context.Background())) }()
	damage()
	_, _, _ = r.store.Head()
	select {
	case err := <-done:
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("the role ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the role goes on though its store has ended")
	}
}
