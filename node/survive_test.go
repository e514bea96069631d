package node

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"paxos/protocol"
)

// patience is far more than any of these tests waits for, also where the machine has much else to do.
const patience = 3 * time.Minute

// What was acknowledged must be learnable although the leader ended before it
// could tell the acceptors what it had decided.
func TestTheLeaderEndsRightAfterAnAcknowledgement(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) { o.Timing.Heartbeat = 40 * time.Millisecond }
	all := c.startAll(3, 1, 0)
	leader := all[3]
	c.submit(1, numbered("first", 1))
	all = append(all[:3], c.start(protocol.RoleProposer, 2))
	time.Sleep(200 * time.Millisecond) // the second one follows
	c.submit(2, numbered("second", 1))
	leader.stop()
	c.submit(3, numbered("third", 5))
	late := c.start(protocol.RoleLearner, 2)
	checkAll(t, late.output.wait(t, 7), numbered("first", 1), numbered("second", 1), numbered("third", 5))
	for _, r := range append(all, late) {
		r.stop()
	}
}

// A power failure of all acceptors, of which the leader hears nothing: they come
// back with their votes, but without knowing what was decided.
func TestAllAcceptorsAreKilledWhileTheLeaderStays(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(3, 1, 0)
	c.submit(1, numbered("before", 100))
	time.Sleep(200 * time.Millisecond) // everything is marked
	for id := protocol.NodeID(1); id <= 3; id++ {
		dir := c.options(protocol.RoleAcceptor, id).DataDir
		if out, err := exec.Command("cp", "-r", dir, dir+".killed").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for id := protocol.NodeID(1); id <= 3; id++ {
		all[id-1].stop()
		dir := c.options(protocol.RoleAcceptor, id).DataDir
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir+".killed", dir); err != nil {
			t.Fatal(err)
		}
		all[id-1] = c.start(protocol.RoleAcceptor, id)
	}
	c.submit(2, numbered("after", 5))
	late := c.start(protocol.RoleLearner, 2)
	checkAll(t, late.output.wait(t, 105), numbered("before", 100), numbered("after", 5))
	for _, r := range slices.Concat(all, []*role{late}) {
		r.stop()
	}
}

// Everything is stopped at once under load, and started again.
func TestEverythingStopsUnderLoadAndComesBack(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(3, 2, 1)
	values := numbered("v", 20000)
	acked := make(chan struct{})
	go func() { defer close(acked); c.submit(1, values) }()
	all[3].output.wait(t, 500)
	for round := range 2 {
		together(stopAll(all)...)
		c.tune = func(o *Options) { o.Init = false }
		all = c.startAll(3, 2, 1)
		all[3].output.wait(t, 1000*(round+1))
	}
	<-acked
	checkAll(t, all[3].output.wait(t, len(values)), values)
	together(stopAll(all)...)
}

func stopAll(all []*role) (stops []func()) {
	for _, r := range all {
		stops = append(stops, r.stop)
	}
	return stops
}
