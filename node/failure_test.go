package node

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// slowDB is a database whose writes hang for a while.
type slowDB struct {
	kv.DB
	hangs   *atomic.Bool
	release chan struct{}
}

func (d slowDB) Update(f func(kv.Tx) error) error {
	if d.hangs.Load() {
		<-d.release
	}
	return d.DB.Update(f)
}

// Rule 8: what is decided while a checkpoint hangs must not pile up.
func TestALearnerWithAHangingDatabaseStaysSmall(t *testing.T) {
	c := newTestCluster(t, 1)
	all := c.startAll(1, 1, 0)
	hangs, release := new(atomic.Bool), make(chan struct{})
	o := c.options(protocol.RoleLearner, 1)
	o.CheckpointBytes = 64 << 10
	o.Transport = c.net.Join(joins[protocol.RoleLearner]...)
	o.OpenDB = func(path string, create bool) (kv.DB, error) {
		db, err := kv.OpenBolt(path, create)
		return slowDB{db, hangs, release}, err
	}
	r, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	hangs.Store(true)
	r.start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.loop(ctx) }()
	c.submit(1, numbered("a value that is a little longer than others", 20000))
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if limit := 2*r.threshold + maxTurnBytes; r.machine.Pending() > limit {
		t.Errorf("%d bytes wait for the checkpoint; want at most %d", r.machine.Pending(), limit)
	}
	close(release)
	if err := r.stop(nil); err != nil {
		t.Error(err)
	}
	together(stopAll(all)...)
}

// maxTurnBytes is more than one turn of the loop can decide.
const maxTurnBytes = 512 << 10

func TestALearnerWhoseReaderNeverReadsEndsAllTheSame(t *testing.T) {
	c := newTestCluster(t, 1)
	all := c.startAll(1, 1, 0)
	o := c.options(protocol.RoleLearner, 1)
	o.Transport = c.net.Join(joins[protocol.RoleLearner]...)
	called, reader := make(chan struct{}, 1), make(chan struct{})
	defer close(reader)
	o.Entries = func(uint64, int, []byte) error { called <- struct{}{}; <-reader; return nil }
	done := make(chan error, 1)
	go func() { done <- Run(context.Background(), o) }()
	c.submit(1, numbered("v", 5))
	<-called
	o.Transport.Close() // the loop ends with an error
	select {
	case err := <-done:
		if err == nil {
			t.Error("a transport that broke is no error")
		}
	case <-time.After(feedPatience + patience):
		t.Fatal("Run hangs")
	}
	together(stopAll(all)...)
}

// Rule 9: the first failed operation of the log ends the process with an error
// that says so; a restart goes on, with nothing lost.
func TestAFailedWriteEndsTheProcess(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(2, 1, 1)
	o := c.options(protocol.RoleAcceptor, 3)
	faulty := vfs.NewFaulty(vfs.OS{}, vfs.Fault{})
	o.FS, o.Transport = faulty, c.net.Join(joins[protocol.RoleAcceptor]...)
	done := make(chan error, 1)
	go func() { done <- Run(context.Background(), o) }()
	values := numbered("v", 3000)
	c.submit(1, values[:1000])
	faulty.Arm(vfs.Fault{Kinds: vfs.OpSync, N: 1, Err: syscall.EIO})
	sent := [][]string{values[:1000]}
	for ended := false; !ended; { // it may have begun to vote late
		if len(sent) > 1000 {
			t.Fatal("the process goes on though an fdatasync failed")
		}
		sent = append(sent, values[1000:1100])
		c.submit(protocol.NodeID(len(sent)), values[1000:1100])
		select {
		case err := <-done:
			if ended = true; !errors.Is(err, syscall.EIO) {
				t.Errorf("the process ended with %v; want the disk's error", err)
			}
		default:
		}
	}
	third := c.start(protocol.RoleAcceptor, 3) // on the repaired disk
	all[0].stop()                              // so that the third one's votes are needed
	sent = append(sent, values[2000:])
	c.submit(protocol.NodeID(len(sent)), values[2000:])
	checkAll(t, all[2].output.wait(t, len(slices.Concat(sent...))), sent...)
	together(stopAll(append(all[1:], third))...)
}

// Rule 8: each new leader has everything above the trim points accepted again.
// Though nothing new is decided, the log must not grow for ever.
func TestLeadersThatComeAndGoDoNotFillTheLog(t *testing.T) {
	c := newTestCluster(t, 1)
	o := c.options(protocol.RoleAcceptor, 1)
	o.CheckpointBytes = 256 << 10
	o.Transport = c.net.Join(joins[protocol.RoleAcceptor]...)
	r, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.loop(ctx) }()
	values := numbered("a value of some length, so that they are not too many to be written in a short time", 1500)
	for leader := range 12 {
		p := c.start(protocol.RoleProposer, protocol.NodeID(leader%2+1))
		if leader == 0 {
			c.submit(1, values)
		} else {
			c.submit(protocol.NodeID(leader), values[:1])
		}
		p.stop()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if pending := r.machine.Pending(); pending >= r.threshold {
		t.Errorf("%d bytes were decided since the last checkpoint; this test is about fewer than %d", pending, r.threshold)
	}
	if st := r.store.Stats(); st.Checkpoints == 0 {
		t.Errorf("no checkpoint, though %d bytes were logged", st.Log.Bytes)
	}
	if err := r.stop(nil); err != nil {
		t.Error(err)
	}
}
