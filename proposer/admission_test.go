package proposer

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// TestAdmissionKeepsEverySessionInOrder: whatever runs arrive, lost, repeated,
// overlapping, out of order, from whichever session, the values that come out
// never make the list skip a command, and whatever is sent often enough is
// applied. The twin is the list's own rule: seq == last+1.
func TestAdmissionKeepsEverySessionInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDriver(t, rapid.IntRange(64, 400).Draw(rt, "value bytes"))
		d.list.last[1], d.list.last[2] = 0, 0
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0, 1:
				d.settle(1)
			case 2:
				d.flush()
			default:
				session := rapid.IntRange(1, 2).Draw(rt, "session")
				first := rapid.IntRange(1, 40).Draw(rt, "first")
				count := rapid.IntRange(1, 12).Draw(rt, "count")
				d.submit(makeRun(session, first, count, rapid.IntRange(1, 30).Draw(rt, "size")))
			}
			d.check(rt)
		}
		for range 3 { // a client that goes on until all is applied
			for session := 1; session <= 2; session++ {
				d.submit(makeRun(session, int(d.list.last[protocol.SessionID(session)])+1, 5, 3))
			}
			d.drain()
			d.check(rt)
		}
		for session, target := range map[protocol.SessionID]protocol.Seq{1: 15, 2: 15} {
			if d.list.last[session] < target {
				rt.Fatalf("session %d stands at %d", session, d.list.last[session])
			}
		}
		if d.p.admit.queued != heldBytes(&d.p.admit) {
			rt.Fatalf("%d bytes accounted for, %d held", d.p.admit.queued, heldBytes(&d.p.admit))
		}
	})
}

// heldBytes counts afresh what admission holds.
func heldBytes(a *admission) (n int) {
	for _, s := range a.sessions {
		for _, r := range s.early {
			n += len(r.Block) + holdOverhead
		}
	}
	for _, e := range a.queue.entries[a.queue.head:] {
		if e.run.Count > 0 {
			n += len(e.run.Block) + holdOverhead
		}
	}
	return n
}

// driver is a leader whose acceptors accept everything, on demand.
type driver struct {
	p     *Proposer
	list  *dumbList
	open  []*protocol.Accept // sent, not yet decided
	skips int
	most  int // bytes of the largest value
	acks  map[protocol.SessionID]protocol.Seq
}

func newDriver(t testing.TB, valueBytes int) *driver {
	d := &driver{list: newDumbList(), acks: make(map[protocol.SessionID]protocol.Seq)}
	d.p = leader3(t, Config{ValueBytes: valueBytes}, d.list)
	return d
}

func (d *driver) submit(r protocol.Run) {
	d.p.Step(0, protocol.Sender{}, &protocol.Submit{Run: r}, new(protocol.Output))
}

func (d *driver) flush() {
	var out protocol.Output
	d.p.Flush(0, &out)
	d.take(&out)
}

func (d *driver) take(out *protocol.Output) {
	for _, s := range out.Now {
		switch m := s.Msg.(type) {
		case *protocol.Accept:
			d.open = append(d.open, m)
			d.most = max(d.most, len(m.Value))
		case *protocol.Acks:
			for _, a := range m.Acks {
				d.acks[a.Session] = max(d.acks[a.Session], a.Through)
			}
		}
	}
}

// settle decides and applies the n oldest open values.
func (d *driver) settle(n int) {
	for ; n > 0 && len(d.open) > 0; n-- {
		a := d.open[0]
		d.open = d.open[1:]
		var out protocol.Output
		span := []protocol.Span{{First: a.Instance, Last: a.Instance}}
		for id := 1; id <= 2; id++ {
			d.p.Step(0, storeOf(id), &protocol.Accepted{Ballot: a.Ballot, Spans: span}, &out)
		}
		e := d.list.apply(a.Value)
		d.skips += len(e.Skipped)
		d.p.Applied(0, a.Instance, e, &out)
		d.p.Flush(0, &out)
		d.take(&out)
	}
}

func (d *driver) drain() {
	d.flush()
	for len(d.open) > 0 {
		d.settle(1)
	}
}

func (d *driver) check(t interface{ Fatalf(string, ...any) }) {
	if d.skips > 0 {
		t.Fatalf("a command was admitted out of turn: %v", d.list.log)
	}
	for session, through := range d.acks {
		if through > d.list.last[session] {
			t.Fatalf("session %d: %d acknowledged, %d applied", session, through, d.list.last[session])
		}
	}
	if d.most > d.p.cfg.ValueBytes {
		t.Fatalf("a value of %d bytes, the limit is %d", d.most, d.p.cfg.ValueBytes)
	}
}

// A client with a larger MTU may send a command that fits no value of ours. The
// network would refuse its Accept for ever, so it is dropped and counted.
func TestACommandThatFitsNoValueIsDropped(t *testing.T) {
	d := newDriver(t, 100)
	longest := 100 - protocol.ItemOverhead - 1 // its length takes a byte
	d.list.last[1], d.list.last[2] = 0, 0
	d.submit(makeRun(1, 1, 2, longest))
	d.submit(makeRun(1, 3, 1, longest+1))
	long := makeRun(1, 3, 2, 30)
	long.Count, long.Block = 3, protocol.AppendPayload(long.Block, make([]byte, longest+1))
	d.submit(long)
	d.submit(makeRun(2, 2, 1, longest+1)) // early
	d.submit(makeRun(3, 1, 1, longest+1)) // of a session that must be probed
	d.drain()
	d.check(t)
	if s := d.p.Stats(); d.list.last[1] != 2 || s.TooLong != 4 || s.Dropped != 0 || d.p.admit.queued != 0 {
		t.Fatalf("applied up to %d, %d too long, %d dropped, %d bytes wait", d.list.last[1], s.TooLong, s.Dropped, d.p.admit.queued)
	}
	d.list.last[1] = 3 // some other leader has taken it
	d.submit(makeRun(1, 3, 1, longest+1))
	d.drain()
	if d.acks[1] != 3 || d.p.Stats().TooLong != 4 {
		t.Fatalf("acknowledged up to %d, %d too long", d.acks[1], d.p.Stats().TooLong)
	}
	rest := makeRun(1, 3, 1, longest+1) // sent again with what follows
	rest.Count, rest.Block = 3, append(rest.Block, makeRun(1, 4, 2, 30).Block...)
	d.submit(rest)
	d.drain()
	if d.list.last[1] != 5 {
		t.Fatalf("the session goes on, but is applied up to %d", d.list.last[1])
	}
}

func TestQueueIsBounded(t *testing.T) {
	d := newDriver(t, 1000)
	d.p.cfg.QueueBytes, d.p.admit.cfg.QueueBytes = 10_000, 10_000
	for session := 1; session <= 200; session++ {
		d.list.last[protocol.SessionID(session)] = 0
		d.submit(makeRun(session, 1, 3, 100))
		if d.p.admit.queued > 10_000 {
			t.Fatalf("%d bytes wait", d.p.admit.queued)
		}
	}
	if s := d.p.Stats(); s.Dropped == 0 {
		t.Fatal("nothing was dropped")
	}
	d.drain()
	if d.p.admit.queued != 0 || d.p.admit.queue.size != 0 {
		t.Fatalf("%d and %d bytes left of an empty queue", d.p.admit.queued, d.p.admit.queue.size)
	}
}

func TestEarlyRunsOfASessionAreBounded(t *testing.T) {
	d := newDriver(t, 1000)
	d.list.last[1] = 0
	for first := 2; first < 1000; first += 2 {
		d.submit(makeRun(1, first, 1, 4))
	}
	if n := len(d.p.admit.sessions[1].early); n != maxEarlyRuns {
		t.Fatalf("%d early runs are kept", n)
	}
}

func TestCursorsAndOpensAreBounded(t *testing.T) {
	d := newDriver(t, 1000)
	for session := 1; session <= 5*maxCursors; session++ {
		d.submit(makeRun(session, 1, 1, 4))
		d.p.Step(0, protocol.Sender{}, &protocol.Open{Nonce: nonce(fmt.Sprint(session))}, new(protocol.Output))
	}
	if n := len(d.p.admit.sessions); n > maxCursors {
		t.Fatalf("%d cursors", n)
	}
	if n := len(d.p.admit.opens); n > maxOpens {
		t.Fatalf("%d opens", n)
	}
}

func TestLastingWindowOfASession(t *testing.T) {
	d := newDriver(t, 1000)
	d.list.last[1] = 10
	d.submit(makeRun(1, 11, protocol.SessionWindow, 1))
	d.submit(makeRun(1, 11+protocol.SessionWindow, 1, 1))
	d.drain()
	if got := d.list.last[1]; got != 10+protocol.SessionWindow {
		t.Fatalf("applied up to %d", got)
	}
}

func TestSnapshotVoidsCursors(t *testing.T) {
	d := newDriver(t, 1000)
	d.list.last[1] = 0
	d.submit(makeRun(1, 1, 5, 4))
	d.flush()
	d.list.last[1] = 5 // the snapshot holds them
	d.p.Applied(0, d.open[0].Instance, nil, new(protocol.Output))
	d.open = nil
	d.submit(makeRun(1, 1, 7, 4))
	d.drain()
	if d.list.last[1] != 7 || d.skips > 0 {
		t.Fatalf("applied up to %d with %d skips", d.list.last[1], d.skips)
	}
}

func TestAcksAreSplitBySize(t *testing.T) {
	d := newDriver(t, 200)
	e := &protocol.Effects{}
	for i := range 100 {
		e.Advanced = append(e.Advanced, protocol.Ack{Session: protocol.SessionID(100 - i/2), Through: protocol.Seq(i + 1)})
	}
	var out protocol.Output
	d.p.answer(e, &out)
	d.p.Flush(0, &out)
	var got []string
	total := 0
	for _, s := range out.Now {
		m := s.Msg.(*protocol.Acks)
		total += len(m.Acks)
		if n := len(protocol.AppendMessage(nil, 1, protocol.Sender{}, m)); n > 200+protocol.FrameOverhead {
			t.Fatalf("a message of %d bytes", n)
		}
		got = append(got, fmt.Sprint(len(m.Acks)))
	}
	if total != 50 || strings.Join(got, " ") != "10 10 10 10 10" {
		t.Fatalf("messages of %v acks", got)
	}
}
