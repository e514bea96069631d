package proposer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"paxos/protocol"
)

// replay applies what was decided, in order, to a fresh list.
func (w *world) replay() *dumbList {
	l := newDumbList()
	for i := protocol.Instance(1); i <= w.decidedThrough(); i++ {
		l.apply(w.chosen[i])
	}
	return l
}

// checkExactlyOnce: every command of every client was applied once, in order.
func (w *world) checkExactlyOnce() {
	l := w.replay()
	total := 0
	for _, c := range w.clients {
		total += c.total
	}
	if len(l.log) != total {
		w.t.Fatalf("%d commands applied, %d were sent", len(l.log), total)
	}
	next := make(map[string]int)
	for _, line := range l.log {
		session, rest, _ := cut(line, '/')
		if want := fmt.Sprintf("%d=%d", next[session]+1, next[session]); rest != want {
			w.t.Fatalf("session %s applied %s, want %s", session, rest, want)
		}
		next[session]++
	}
}

func cut(s string, sep byte) (string, string, bool) {
	i := slices.Index([]byte(s), sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (w *world) allDone() bool {
	for _, c := range w.clients {
		if !c.done() {
			return false
		}
	}
	return true
}

func (w *world) logAll() {
	w.t.Helper()
	for _, n := range w.proposers {
		if n.p != nil {
			w.t.Logf("proposer %d: %v applied %d %+v", n.id, n.p.state, n.applied, n.p.Stats())
		}
	}
	for _, n := range w.servers {
		if n.up() {
			w.t.Logf("server %d: %v applied %d, checkpoint %d, %s, %+v", n.id, n.p.state, n.applied, n.disk.applied, n.p.members.String(), n.p.Stats())
		}
	}
}

func (w *world) mustFinish(most time.Duration) {
	w.t.Helper()
	if !w.run(most, w.allDone) {
		w.logAll()
		w.t.Fatalf("not all acknowledged after %v: decided %d, leaders %v", most, w.decidedThrough(), w.leaders())
	}
	w.checkExactlyOnce()
	w.mustTellAll(most)
}

// mustTellAll: in the end every acceptor knows all that is decided.
func (w *world) mustTellAll(most time.Duration) {
	w.t.Helper()
	told := func() bool {
		for _, a := range w.acceptors {
			if !a.down && a.applied < w.decidedThrough() {
				return false
			}
		}
		for _, s := range w.voters() {
			if s.up() && s.applied < w.decidedThrough() {
				return false
			}
		}
		return true
	}
	if w.run(most, told) {
		return
	}
	for _, a := range w.acceptors {
		w.t.Logf("acceptor %d: applied %d, trim point %d", a.id, a.applied, a.trim)
	}
	w.t.Fatalf("nobody tells the acceptors that all up to %d is decided: leaders %v", w.decidedThrough(), w.leaders())
}

func TestWorldWithoutFaultsFinishesFast(t *testing.T) {
	w := newWorld(t, 1, 3, 2)
	w.addClient(2000, 256)
	w.addClient(2000, 256)
	w.mustFinish(150 * time.Millisecond)
	if w.marked == 0 {
		t.Fatal("no mark was ever sent")
	}
}

func TestSingleAcceptorSingleProposer(t *testing.T) {
	w := newWorld(t, 1, 1, 1)
	w.addClient(500, 64)
	w.mustFinish(150 * time.Millisecond)
}

func TestWorldUnderLossFinishes(t *testing.T) {
	for seed := range uint64(8) {
		for _, loss := range []float64{0.1, 0.3, 0.5} {
			w := newWorld(t, seed, 3, 2)
			w.loss, w.dup = loss, 0.1
			w.addClient(1000, 256)
			w.addClient(1000, 256)
			w.mustFinish(20 * time.Second)
			t.Logf("seed %d loss %.1f: %v, sent %v", seed, loss, time.Duration(w.now), w.sent)
		}
	}
}

func TestLeaderCrashesAreSurvived(t *testing.T) {
	worst := time.Duration(0)
	defer func() { t.Logf("longest fail-over: %v", worst) }()
	for seed := range uint64(12) {
		w := newWorld(t, seed, 3, 2)
		w.loss, w.dup = 0.05, 0.05
		c := w.addClient(3000, 64)
		for crash := range 4 {
			w.run(10*time.Second, func() bool { return int(c.c.Acked()) > 600*(crash+1) })
			for _, n := range w.proposers {
				if n.p != nil && n.p.Leading() {
					n.crash()
					w.after(time.Duration(w.rng.Int64N(int64(900*time.Millisecond))), n.start)
					break
				}
			}
			w.trimSome()
			before, at := c.c.Acked(), w.now
			w.run(5*time.Second, func() bool { return c.c.Acked() > before })
			worst = max(worst, w.now.Sub(at))
		}
		w.mustFinish(20 * time.Second)
	}
}

// trimSome lets one acceptor forget some of what it knows to be decided (rule 7).
func (w *world) trimSome() {
	a := w.acceptors[w.rng.IntN(len(w.acceptors))]
	a.trimTo(protocol.Instance(w.rng.Uint64N(uint64(a.applied) + 1)))
}

// TestDeposedLeaderMarksNothingUntrue: a leader is cut off with values under
// way that nobody heard. Others take over. When it is back, the first thing it
// hears is what was decided meanwhile, without a word about ballots, and it
// sends a heartbeat before anybody can refuse it.
func TestDeposedLeaderMarksNothingUntrue(t *testing.T) {
	stale := 0
	for seed := range uint64(25) {
		w := newWorld(t, seed, 3, 3)
		w.loss = 0.1
		c := w.addClient(6000, 64)
		for cut := range 4 {
			w.run(10*time.Second, func() bool { return int(c.c.Acked()) > 1000*(cut+1) })
			n := w.proposers[max(len(w.leaders()), 1)-1]
			if len(w.leaders()) > 0 {
				n = w.proposers[w.leaders()[0]-1]
			}
			n.cut = true
			before := w.decidedThrough()
			w.run(2*time.Second, func() bool { return w.decidedThrough() > before+3 })
			n.cut = false
			if n.p.Leading() && n.p.lead.next > n.p.lead.first {
				stale++
				n.learn(min(n.p.lead.next-1, w.decidedThrough()))
			}
			var out protocol.Output
			n.p.Tick(max(w.now, n.p.lead.beatAt), &out)
			n.carryOut(&out)
		}
		w.mustFinish(20 * time.Second)
	}
	if stale == 0 {
		t.Fatal("no leader was ever deposed without noticing: the test proves nothing")
	}
	t.Logf("%d leaders came back unaware", stale)
}

func TestMinorityDecidesNothingAndRecovers(t *testing.T) {
	w := newWorld(t, 3, 3, 2)
	w.acceptors[0].down, w.acceptors[1].down = true, true
	w.addClient(100, 16)
	if w.run(3*time.Second, func() bool { return len(w.chosen) > 0 }) {
		t.Fatal("one acceptor of three decided something")
	}
	w.acceptors[0].down = false
	w.mustFinish(2 * time.Second)
}

func TestSameSeedSameRun(t *testing.T) {
	run := func() string {
		w := newWorld(t, 42, 3, 2)
		w.loss, w.dup = 0.2, 0.1
		w.addClient(300, 64)
		w.mustFinish(20 * time.Second)
		return fmt.Sprint(w.now, w.serial, w.sent, w.chosen)
	}
	if a, b := run(), run(); a != b {
		t.Fatal("two runs from one seed differ")
	}
}
