package proposer

import (
	"testing"
	"time"

	"paxos/protocol"
)

// TestPowerFailuresAreSurvived: all acceptors lose what they learned, again and
// again, and sometimes the leader ends as well; in the end all are told.
func TestPowerFailuresAreSurvived(t *testing.T) {
	for seed := range uint64(16) {
		w := newWorld(t, seed, 3, 2)
		w.loss, w.dup = 0.05, 0.05
		c := w.addClient(2000, 64)
		for failure := range 4 {
			w.run(10*time.Second, func() bool { return int(c.c.Acked()) > 450*(failure+1) })
			for _, a := range w.acceptors {
				a.restart()
			}
			if seed%2 == 0 {
				w.endLeader()
			}
			w.trimSome()
		}
		w.mustFinish(20 * time.Second)
	}
}

// endLeader ends whoever leads at once, before its last marks are heard.
func (w *world) endLeader() {
	for _, n := range w.proposers {
		if n.p != nil && n.p.Leading() {
			n.crash()
			w.after(time.Duration(w.rng.Int64N(int64(900*time.Millisecond))), n.start)
		}
	}
}

// TestALeaderGoneBeforeItsMark: everything is acknowledged, and in the same
// moment the leader ends, for good. Nobody has anything to propose any more.
func TestALeaderGoneBeforeItsMark(t *testing.T) {
	for seed := range uint64(8) {
		w := newWorld(t, seed, 3, 2)
		w.addClient(100, 64)
		w.run(10*time.Second, w.allDone)
		for _, n := range w.proposers {
			if n.p.Leading() {
				n.crash()
			}
		}
		if w.acceptors[0].applied == w.decidedThrough() {
			t.Fatal("the last mark was heard: the test proves nothing")
		}
		w.mustTellAll(5 * time.Second)
	}
}

// TestTheOnlyCheckpointIsLost: a leadership rests on the trim point of an
// acceptor that ends for good, while the others restart. What lay below that
// trim point they hold as votes, of ballots that nobody marks any more.
func TestTheOnlyCheckpointIsLost(t *testing.T) {
	for seed := range uint64(8) {
		w := newWorld(t, seed, 3, 2)
		w.addClient(500, 64)
		w.mustFinish(10 * time.Second)
		a := w.acceptors
		a[0].trimTo(a[0].applied)
		a[2].down = true // so that the next leader's majority has acceptor 1 in it
		w.endLeader()
		w.run(5*time.Second, func() bool { return len(w.leaders()) == 1 })
		a[0].down, a[2].down = true, false
		a[1].restart()
		a[2].restart()
		leader := w.proposers[w.leaders()[0]-1].p
		before := leader.stats.StepDowns
		if leader.lead.markFirst != a[0].trim+1 || a[1].applied != 0 || a[2].applied != 0 {
			t.Fatal("somebody knows enough: the test proves nothing")
		}
		w.mustTellAll(10 * time.Second)
		if leader.stats.StepDowns == before {
			t.Fatal("told without another phase 1: the test proves nothing")
		}
	}
}

// TestAHealthyClusterKeepsItsLeader: busy for a while, then idle for long, again
// and again, with acceptors that restart one by one.
func TestAHealthyClusterKeepsItsLeader(t *testing.T) {
	w := newWorld(t, 5, 3, 2)
	for round := range 6 {
		w.addClient(300, 8)
		w.mustFinish(5 * time.Second)
		w.acceptors[round%3].restart()
		w.acceptors[(round+1)%3].trimTo(w.acceptors[(round+1)%3].applied)
		w.run(8*time.Second, func() bool { return false })
	}
	for _, n := range w.proposers {
		if s := n.p.Stats(); s.StepDowns > 0 {
			t.Fatalf("proposer %d: %+v", n.id, s)
		}
	}
}

// TestSilenceIsNotIgnorance: that no acceptor says how far it is does not mean
// that it lacks anything.
func TestSilenceIsNotIgnorance(t *testing.T) {
	p := leader3(t, Config{StallTimeout: time.Second}, newDumbList())
	p.lead.first, p.lead.next, p.applied = 9, 9, 8
	var now protocol.Time
	for range 50 {
		now = now.Add(100 * time.Millisecond)
		if p.unheeded(now) {
			t.Fatalf("unheeded after %v", time.Duration(now))
		}
	}
	for range 9 {
		now = now.Add(100 * time.Millisecond)
		p.lead.told.says(now, 0, 3)
		if p.unheeded(now) {
			t.Fatalf("unheeded after %v", time.Duration(now))
		}
	}
	now = now.Add(1100 * time.Millisecond)
	p.lead.told.says(now, 0, 3)
	if !p.unheeded(now) {
		t.Fatal("nothing new for more than a second, and not unheeded")
	}
}

// TestNothingComesBeforeTheRecovered: a command that would still fit into the
// window must not overtake a recovered value that does not. Their instances
// would be exchanged.
func TestNothingComesBeforeTheRecovered(t *testing.T) {
	list := newDumbList()
	list.last[1] = 0
	p := preparing3(t, Config{ValueBytes: 3000, WindowBytes: 3200}, list)
	p.applied = 2
	var out protocol.Output
	var votes []protocol.Vote
	for i, size := range []int{600, 2900} {
		v := protocol.Vote{Ballot: protocol.Ballot{Round: 1}, Instance: protocol.Instance(i + 1)}
		v.Value = v.Value.AppendRun(makeRun(9, 1, 1, size))
		votes = append(votes, v)
	}
	for a := 1; a <= 2; a++ {
		p.Step(0, storeOf(a), &protocol.Promise{Ballot: p.Ballot(), From: 1, Votes: votes}, &out)
	}
	p.Step(0, protocol.Sender{}, &protocol.Submit{Run: makeRun(1, 1, 1, 500)}, &out)
	for i := protocol.Instance(1); i <= 2; i++ {
		p.Flush(0, &out)
		if p.lead.next != i+1 {
			t.Fatalf("proposed up to %d, want %d", p.lead.next-1, i)
		}
		acceptAll(p, i, &out)
	}
	p.Flush(0, &out)
	if last, ok := out.Now[len(out.Now)-1].Msg.(*protocol.Accept); !ok || last.Instance != 3 || len(last.Value) > 600 {
		t.Fatalf("last: %+v, want the command in instance 3", last)
	}
}

// acceptAll lets a majority accept an instance in the ballot of p.
func acceptAll(p *Proposer, i protocol.Instance, out *protocol.Output) {
	for a := 1; a <= 2; a++ {
		p.Step(p.lead.slot(i).sentAt, storeOf(a), &protocol.Accepted{Ballot: p.Ballot(), Spans: []protocol.Span{{First: i, Last: i}}}, out)
	}
}

// TestProgressIsWhatMoves: a leader with work at hand is stalled when for the
// time-out nothing was settled, nothing trimmed and nothing applied.
func TestProgressIsWhatMoves(t *testing.T) {
	d := newDriver(t, 1000)
	d.p.cfg.StallTimeout = time.Second
	d.list.last[1] = 0
	var out protocol.Output
	for i := 1; i <= 2; i++ {
		d.submit(makeRun(1, i, 1, 4))
		d.flush()
	}
	at := func(ms int) protocol.Time { return protocol.Time(ms) * protocol.Time(time.Millisecond) }
	for _, step := range []struct {
		what string
		do   func(now protocol.Time)
	}{
		{"the first one is settled", func(now protocol.Time) {
			for a := 1; a <= 2; a++ {
				d.p.Step(now, storeOf(a), &protocol.Accepted{Ballot: d.p.Ballot(), Spans: []protocol.Span{{First: 1, Last: 1}}}, &out)
			}
		}},
		{"it is applied", func(now protocol.Time) { d.p.Applied(now, 1, &protocol.Effects{}, &out) }},
		{"the second one is trimmed", func(now protocol.Time) { d.p.Step(now, storeOf(3), &protocol.Trimmed{Trim: 2, Applied: 2}, &out) }},
	} {
		began := int(d.p.lead.progressAt / at(1))
		step.do(at(began + 900))
		if d.p.stalled(at(began + 1800)) {
			t.Fatalf("stalled 900 ms after %s", step.what)
		}
		if !d.p.stalled(at(began + 1900)) {
			t.Fatalf("not stalled 1 s after %s", step.what)
		}
	}
	d.p.Applied(at(5000), 2, &protocol.Effects{}, &out)
	if d.p.stalled(at(60_000)) {
		t.Fatal("stalled without work")
	}
}

// TestWhatIsSettledIsLetGo: neither a settled value nor a skipped vote stays in memory.
func TestWhatIsSettledIsLetGo(t *testing.T) {
	p := preparing3(t, Config{WindowInstances: 2}, newDumbList())
	var out protocol.Output
	var votes []protocol.Vote
	for i := protocol.Instance(1); i <= 5; i++ {
		votes = append(votes, protocol.Vote{Ballot: protocol.Ballot{Round: 1}, Instance: i, Value: valueOf(1, int(i))})
	}
	for a := 1; a <= 2; a++ {
		p.Step(0, storeOf(a), &protocol.Promise{Ballot: p.Ballot(), From: 1, Votes: votes}, &out)
	}
	p.Flush(0, &out)
	if n := len(p.lead.votes.best); n != 3 {
		t.Fatalf("%d votes are kept, 3 are not proposed yet", n)
	}
	acceptAll(p, 2, &out)
	p.Step(0, storeOf(3), &protocol.Trimmed{Trim: 4, Applied: 4}, &out)
	if p.lead.slot(1).value != nil || p.lead.slot(2).value != nil || len(p.lead.votes.best) != 1 {
		t.Fatalf("values %q and %q and %d votes are kept", p.lead.slot(1).value, p.lead.slot(2).value, len(p.lead.votes.best))
	}
}
