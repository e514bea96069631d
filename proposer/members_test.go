package proposer

import (
	"testing"
	"time"

	"paxos/protocol"
)

// TestVotersChangeUnderTrouble: servers come and go, one after the other is
// lost for ever, and all the rest goes wrong, too. All agree, every read sees
// what was decided before it, and in the end the last change is settled and
// everything was applied once.
func TestVotersChangeUnderTrouble(t *testing.T) {
	changes, reads, lost := 0, 0, 0
	for seed := range uint64(5) {
		w := emptyWorld(t, seed, 1+int(seed)%4)
		w.loss, w.dup = 0.03, 0.03
		w.valueBytes, w.pipeline = 72, 100 // a burst is many values at once
		w.addServers()
		w.addClient(4000, 2)
		w.addBurstClient(4000, 100)
		for range 40 {
			w.run(time.Duration(w.rng.Int64N(int64(300*time.Millisecond))), w.allDone)
			switch w.rng.IntN(4) {
			case 0:
				w.changeMembers(5)
			case 1:
				w.lose()
			default:
				w.trouble()
			}
		}
		w.apart = nil
		settled := func() bool { m := w.roll.Members(); return !m.Changing() && !w.asks() }
		if !w.run(30*time.Second, settled) {
			w.logAll()
			t.Fatalf("seed %d: the change is not settled: %+v, leaders %v", seed, w.roll.Members(), w.leaders())
		}
		w.mustFinish(30 * time.Second)
		w.mustReadEverywhere(5 * time.Second)
		changes += len(w.configs) - 1
		reads += w.reads()
		lost += len(w.gone)
	}
	t.Logf("%d changes of the voters, %d servers lost, %d reads", changes, lost, reads)
}

// TestARemovedServerDoesNotDisturb: a server misses that it was removed. When it
// is back, nobody leads for the moment; and still it is not elected.
func TestARemovedServerDoesNotDisturb(t *testing.T) {
	for seed := range uint64(3) {
		w := newServerWorld(t, seed, 3)
		w.addClient(4000, 2)
		w.run(time.Second, func() bool { return w.leader() != nil })
		l := w.leader()
		old := w.server(l.id%3 + 1)
		old.crash()
		w.addServer(4)
		var voters []protocol.Member
		for id := range protocol.NodeID(4) {
			if id+1 != old.id {
				voters = append(voters, protocol.Member{ID: id + 1})
			}
		}
		w.reconfigure(voters, 5)
		if !w.run(10*time.Second, func() bool { m := w.roll.Members(); return m.Epoch == 1 && !m.Changing() }) {
			t.Fatalf("seed %d: not settled: %+v", seed, w.roll.Members())
		}
		w.run(100*time.Millisecond, func() bool { return false })
		l.crash()
		old.start()
		w.after(600*time.Millisecond, l.start)
		w.mustFinish(10 * time.Second)
		if n := old.p.Stats().Candidacies; n > 0 {
			t.Fatalf("seed %d: server %d was removed, and stood %d times", seed, old.id, n)
		}
	}
}
