package node

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"paxos/protocol"
	"paxos/storage"
	"paxos/transport/memory"
	"paxos/vfs"
)

// newTestDisk is the group commit, with its goroutine, over a real store on a file
// system that can fail.
func newTestDisk(t *testing.T) (*disk, *vfs.Faulty, *memory.Member) {
	d, faulty, learner := newIdleDisk(t, world{})
	ended := make(chan struct{})
	go func() { defer close(ended); d.run() }()
	t.Cleanup(func() {
		d.close()
		<-ended
	})
	return d, faulty, learner
}

// newIdleDisk is without the goroutine.
func newIdleDisk(t *testing.T, w world) (*disk, *vfs.Faulty, *memory.Member) {
	faulty := vfs.NewFaulty(vfs.OS{}, vfs.Fault{})
	store, _, err := storage.Open(storage.Options{
		Dir: filepath.Join(t.TempDir(), "store"), Init: true, FS: faulty, SegmentBytes: smallSegmentBytes,
		Want: storage.Identity{Cluster: 1, Role: protocol.RoleAcceptor, ID: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	net := memory.NewNetwork(1)
	net.SetQueue(4096)
	out := &outbox{transport: net.Join(), cluster: 1, self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: 1}, Store: 1}}
	d := newDisk(store, out, newFailure(func() {}), w)
	t.Cleanup(func() { store.Close(nil) })
	return d, faulty, net.Join(protocol.GroupLearners)
}

// votes makes n votes from instance first on, and the message that waits for them.
func votes(first protocol.Instance, n int) ([]protocol.Record, protocol.Held) {
	ballot := protocol.Ballot{Round: 1, Proposer: 1}
	var out protocol.Output
	for i := range n {
		vote := protocol.Vote{Ballot: ballot, Instance: first + protocol.Instance(i), Value: commands(1, 0)}
		out.PersistOne(&protocol.Voted{Vote: vote}, protocol.GroupLearners, &protocol.Accepted{
			Ballot: ballot, Spans: []protocol.Span{{First: vote.Instance, Last: vote.Instance}},
		})
	}
	return out.Records, out.TakeHeld()
}

// Rule 1, for a record that comes alone and for many at once.
func TestNothingIsReleasedUnlessItIsDurable(t *testing.T) {
	for _, n := range []int{1, 3} {
		d, faulty, learner := newTestDisk(t)
		records, held := votes(1, n)
		if free := d.add(records, held); len(free) != 0 {
			t.Fatalf("%d records: %d messages are free before they are durable", n, len(free))
		}
		d.drain()
		if got := len(learner.Poll(nil)); got != n {
			t.Fatalf("%d records: %d messages left", n, got)
		}
		faulty.Arm(vfs.Fault{Kinds: vfs.OpSync, N: 1, Err: syscall.EIO})
		d.add(votes(10, n))
		d.drain()
		d.add(votes(20, n)) // after the failure: nothing any more (rule 9)
		if free := d.add(nil, func() protocol.Held { _, h := votes(30, 1); return h }()); len(free) != 0 || len(learner.Poll(nil)) != 0 {
			t.Errorf("%d records: messages left after a failed fdatasync", n)
		}
		if err := d.failure.reason(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%d records: the failure is %v", n, err)
		}
	}
}

func TestWhatWaitsForNothingIsFreeAtOnce(t *testing.T) {
	d, _, _ := newTestDisk(t)
	_, held := votes(1, 2)
	if free := d.add(nil, held); len(free) != 2 {
		t.Errorf("%d messages are free; want 2", len(free))
	}
}

// Driven by hand, too, what comes while a group is being written waits for the next.
func TestAGroupThatWasBegunTakesNoMore(t *testing.T) {
	d, _, learner := newIdleDisk(t, world{inline: true})
	d.add(votes(1, 1))
	d.begin()
	d.add(votes(10, 2))
	_, late := votes(20, 1)
	if free := d.add(nil, late); len(free) != 0 {
		t.Error("a message did not wait for the records before it")
	}
	for n, want := range []int{1, 3, 0} {
		if d.one(); len(learner.Poll(nil)) != want {
			t.Errorf("commit %d did not let go %d messages", n, want)
		}
	}
	if d.waits() {
		t.Error("something still waits")
	}
}

func TestManyGroupsKeepTheirOrder(t *testing.T) {
	d, _, learner := newTestDisk(t)
	const most = 2000
	for i := protocol.Instance(1); i <= most; {
		n := int(i%4) + 1
		d.add(votes(i, n))
		i += protocol.Instance(n)
	}
	d.drain()
	next := protocol.Instance(1)
	for _, datagram := range learner.Poll(nil) {
		_, m, err := protocol.DecodeMessage(1, datagram.Data)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.(*protocol.Accepted).Spans[0].First; got != next {
			t.Fatalf("instance %d left after %d", got, next-1)
		}
		next++
	}
	if next <= most {
		t.Errorf("only %d of %d left", next-1, most)
	}
}
