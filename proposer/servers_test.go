package proposer

import (
	"testing"
	"time"

	"paxos/protocol"
)

// newServerWorld is a world of list servers only.
func newServerWorld(t testing.TB, seed uint64, n int) *world {
	w := emptyWorld(t, seed, n)
	w.addServers()
	return w
}

// leader is the server that leads, in the highest ballot; nil if none does.
func (w *world) leader() (leader *serverNode) {
	for _, s := range w.servers {
		if s.up() && s.p.Leading() && (leader == nil || leader.p.Ballot().Less(s.p.Ballot())) {
			leader = s
		}
	}
	return leader
}

func TestServersWithoutFaultsFinishFast(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5} {
		w := newServerWorld(t, 1, n)
		w.addClient(2000, 256)
		w.addClient(2000, 256)
		w.mustFinish(200 * time.Millisecond)
		w.mustReadEverywhere(100 * time.Millisecond)
	}
}

// isolate cuts some servers off from the others.
func (w *world) isolate(some ...*serverNode) {
	out := make(map[receiver]bool)
	for _, s := range some {
		out[s] = true
	}
	w.apart = func(a, b receiver) bool {
		_, client := a.(*clientNode)
		_, toClient := b.(*clientNode)
		return !client && !toClient && out[a] != out[b]
	}
}

// trouble does one bad thing to the servers, or heals one.
func (w *world) trouble() {
	s := w.servers[w.rng.IntN(len(w.servers))]
	if l := w.leader(); l != nil && w.rng.IntN(2) == 0 {
		s = l
	}
	switch w.rng.IntN(8) {
	case 0:
		if s.up() {
			s.crash()
			w.after(time.Duration(w.rng.Int64N(int64(900*time.Millisecond))), s.startAgain)
		}
	case 1:
		w.isolate(s)
	case 2:
		w.apart = nil
	case 3:
		s.checkpoint()
	case 4, 5:
		if w.rng.IntN(2) == 0 {
			w.isolate(s) // what it finds when it goes on is old
		}
		s.stopped = w.now.Add(time.Duration(w.rng.Int64N(int64(1500 * time.Millisecond))))
	case 6:
		if s.up() {
			s.turn(func(out *protocol.Output) { s.p.Yield(w.now, w.servers[w.rng.IntN(len(w.servers))].id, out) })
		}
	}
}

// TestServersInTrouble: crashes, partitions, stopped processes, checkpoints and
// hand-overs. All agree, every read sees what was decided before it, and in the
// end everything was applied once.
func TestServersInTrouble(t *testing.T) {
	reads := 0
	for seed := range uint64(3) {
		w := newServerWorld(t, seed, 3)
		w.loss, w.dup = 0.05, 0.05
		w.addClient(4000, 2) // slow enough to go on all the time
		w.addClient(4000, 2)
		for range 30 {
			w.run(time.Duration(w.rng.Int64N(int64(400*time.Millisecond))), w.allDone)
			w.trouble()
		}
		w.apart = nil
		w.mustFinish(30 * time.Second)
		w.mustReadEverywhere(5 * time.Second)
		reads += w.reads()
	}
	t.Logf("%d reads", reads)
}

func (w *world) mustReadEverywhere(most time.Duration) {
	w.t.Helper()
	for _, s := range w.voters() {
		before := s.reading.done
		if !w.run(most, func() bool { return s.up() && s.reading.done > before }) {
			w.t.Fatalf("server %d cannot read: %+v", s.id, s.reading)
		}
	}
}

// TestHandOverIsFast: with values under way the leader hands over, to somebody
// or to anybody, and no election's silence passes.
func TestHandOverIsFast(t *testing.T) {
	for seed := range uint64(20) {
		for _, to := range []protocol.NodeID{0, 1, 2, 3} {
			w := newServerWorld(t, seed, 3)
			c := w.addClient(3000, 64)
			w.run(5*time.Second, func() bool { return c.c.Acked() > 1000 })
			old := w.leader()
			if old.id == to {
				continue
			}
			old.turn(func(out *protocol.Output) { old.p.Yield(w.now, to, out) })
			at := w.now
			w.run(5*time.Second, func() bool { return w.leader() != nil && w.leader().p.admitting() })
			if took := w.now.Sub(at); took >= 100*time.Millisecond {
				t.Fatalf("seed %d, to %d: took %v", seed, to, took)
			}
			if l := w.leader(); l == old && to != 0 || to != 0 && l.id != to {
				t.Fatalf("seed %d: %d leads, not %d", seed, l.id, to)
			}
			w.mustFinish(5 * time.Second)
		}
	}
}

// TestHandOverToADeadServer ends in a new leader after the usual time.
func TestHandOverToADeadServer(t *testing.T) {
	for seed := range uint64(20) {
		w := newServerWorld(t, seed, 3)
		c := w.addClient(3000, 64)
		w.run(5*time.Second, func() bool { return c.c.Acked() > 1000 })
		old := w.leader()
		dead := w.servers[int(old.id)%3]
		dead.crash()
		old.turn(func(out *protocol.Output) { old.p.Yield(w.now, dead.id, out) })
		at := w.now
		w.run(5*time.Second, func() bool { return w.leader() != nil && w.leader().p.admitting() })
		if took := w.now.Sub(at); took > old.p.cfg.ElectionMax+100*time.Millisecond {
			t.Fatalf("seed %d: took %v", seed, took)
		}
		w.mustFinish(5 * time.Second)
	}
}
