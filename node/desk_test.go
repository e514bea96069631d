package node

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"paxos/list"
	"paxos/protocol"
)

// testDesk is a front desk with a list, and a cluster that decides what it is told to.
type testDesk struct {
	t *testing.T
	*desk
	now    protocol.Time
	nonces byte
	opened chan struct{} // never closed: the server does not end
}

func newTestDesk(t *testing.T) *testDesk { return newSeededDesk(t, 0) }

func newSeededDesk(t *testing.T, seed uint64) *testDesk {
	d := &testDesk{t: t, opened: make(chan struct{})}
	d.desk = newDesk(deskConfig{
		Self: protocol.Peer{Role: protocol.RoleServer, ID: 1}, SubmitBytes: 1000, Seed: seed,
		Nonce: func() protocol.Nonce { d.nonces++; return protocol.Nonce{d.nonces} },
	}, list.New(list.Options{}))
	return d
}

// sent takes out what the desk wants to tell the leader.
func (d *testDesk) sent() (messages []protocol.Message) {
	d.flush(d.now, 1)
	for _, s := range d.out.Now {
		messages = append(messages, detached(s.Msg))
	}
	d.out.Now = nil
	return messages
}

// decide makes one value of the openings and commands among the messages, and applies it.
func (d *testDesk) decide(messages ...protocol.Message) {
	var v protocol.Value
	for _, m := range messages {
		switch m := m.(type) {
		case *protocol.Open:
			v = v.AppendOpen(m.Nonce)
		case *protocol.Submit:
			v = v.AppendRun(m.Run)
		}
	}
	var e protocol.Effects
	d.list.Apply(d.list.Applied()+1, v, &e)
	d.applied(d.now, d.list.Applied(), &e)
	for _, c := range d.takeFinished() {
		close(c.done)
	}
}

// passBarrier answers the desk's question for what was applied by now.
func (d *testDesk) passBarrier() {
	d.sent()
	d.answer(d.now, &protocol.ReadAt{ID: d.desk.reads.id, Instance: d.list.Applied()})
}

func (d *testDesk) decideAll() { d.decide(d.sent()...) }

func answered(c *call) bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (d *testDesk) appends(values ...string) *call {
	c := newCall(texts(values...))
	d.append(c)
	return c
}

func TestTheDeskOpensItsSessionAndPlacesCommandsInOrder(t *testing.T) {
	d := newTestDesk(t)
	a, b := d.appends("a", "b"), d.appends("c")
	d.decideAll() // the opening
	if answered(a) || answered(b) {
		t.Fatal("answered before anything was applied")
	}
	d.decideAll()
	if !answered(a) || !answered(b) || fmt.Sprint(a.placed, b.placed) != "[{0 2} {1 2}] [{2 2}]" {
		t.Errorf("placed %v and %v", a.placed, b.placed)
	}
	if d.waiting() != 0 {
		t.Errorf("%d calls wait still", d.waiting())
	}
}

func TestAWithdrawnCallIsNeverSent(t *testing.T) {
	d := newTestDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := d.appends("never")
	if err := c.wait(ctx, d.opened); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
		t.Fatalf("withdrawn: %v", err)
	}
	other := d.appends("a")
	d.decideAll()
	d.decideAll()
	if !answered(other) || d.list.Length() != 1 || d.queued != 0 {
		t.Errorf("%d entries, %d bytes queued", d.list.Length(), d.queued)
	}
}

func TestACallThatWasSentMayBeAppliedThoughNobodyWaits(t *testing.T) {
	d := newTestDesk(t)
	c := d.appends("a")
	d.decideAll()
	under := d.sent()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.wait(ctx, d.opened); !errors.Is(err, ErrUnknown) {
		t.Fatalf("given up: %v", err)
	}
	d.decide(under...)
	if d.list.Length() != 1 || d.waiting() != 0 {
		t.Errorf("%d entries, %d calls", d.list.Length(), d.waiting())
	}
}

func TestTheDesksQueueIsBounded(t *testing.T) {
	d := newTestDesk(t)
	big := string(make([]byte, 900))
	for {
		c := d.appends(big)
		if f := d.takeFinished(); len(f) > 0 {
			if !errors.Is(c.err, ErrBusy) {
				t.Fatal(c.err)
			}
			break
		}
		if d.queued > deskBytes {
			t.Fatalf("%d bytes are queued", d.queued)
		}
	}
	c := newCall(texts(string(make([]byte, 2000))))
	if d.append(c); !errors.Is(c.err, ErrTooLong) {
		t.Errorf("a command that fits no message: %v", c.err)
	}
}

func TestTheDesksExpiredSessionLeavesCommandsUnknown(t *testing.T) {
	d := newTestDesk(t)
	d.appends("a")
	d.decideAll()
	d.decideAll()
	lost := d.appends("b")
	run := d.sent()
	for i := range protocol.MaxSessions { // others push the desk's session out
		n := protocol.Nonce{200, byte(i), byte(i >> 8)}
		d.decide(&protocol.Open{Nonce: n})
	}
	d.decide(run...)
	if !answered(lost) || !errors.Is(lost.err, ErrUnknown) {
		t.Fatalf("in an expired session: ended %v, %v", answered(lost), lost.err)
	}
	next := d.appends("c")
	d.decideAll()
	d.decideAll()
	if !answered(next) || next.err != nil || d.list.Length() != 2 {
		t.Errorf("after it: %v, %v, %d entries", answered(next), next.err, d.list.Length())
	}
}

func TestASnapshotAnswersWhatItBrought(t *testing.T) {
	d, peer := newTestDesk(t), newTestDesk(t)
	peer.nonces = 100
	peer.reopen() // another session than d's
	a := d.appends("a")
	open := d.sent()
	d.decide(open...)
	peer.decide(open...)
	peer.decide(d.sent()...)
	if err := d.list.Restore(peer.list.AppendHead(nil)); err != nil {
		t.Fatal(err)
	}
	d.caughtUp(d.now)
	if len(d.finished) != 1 || d.finished[0] != a || a.err != nil || fmt.Sprint(a.placed) != "[{0 0}]" {
		t.Errorf("%d answered; placed %v, %v", len(d.finished), a.placed, a.err)
	}
}

func (d *testDesk) reads() *call {
	c := newCall(nil)
	d.read(c)
	return c
}

// question returns the id of the only Read among the messages.
func question(t *testing.T, messages []protocol.Message) uint64 {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("%d messages, want one Read", len(messages))
	}
	return messages[0].(*protocol.Read).ID
}

// Rule 12: a read is answered by a question that was asked after it arrived.
func TestReadsShareAQuestionThatIsAskedAfterThem(t *testing.T) {
	d := newTestDesk(t)
	a, b := d.reads(), d.reads()
	id := question(t, d.sent())
	late := d.reads()
	if more := d.sent(); len(more) != 0 {
		t.Fatalf("a second question while the first is under way: %v", more)
	}
	d.answer(d.now, &protocol.ReadAt{ID: id, Instance: 0})
	d.decide()
	if !answered(a) || !answered(b) || answered(late) {
		t.Fatalf("answered are %v %v, late %v", answered(a), answered(b), answered(late))
	}
	next := question(t, d.sent())
	d.answer(d.now, &protocol.ReadAt{ID: id, Instance: 0}) // repeated
	if len(d.finished) != 0 {
		t.Error("an answer to an earlier question counts")
	}
	d.answer(d.now, &protocol.ReadAt{ID: next, Instance: 0})
	if len(d.finished) != 1 {
		t.Error("the answer does not count")
	}
}

// Rule 12: the leader may answer late what a server asked before it was killed and started again.
func TestAnAnswerToAnEarlierLifeDoesNotCount(t *testing.T) {
	before, after := newSeededDesk(t, 1<<40), newSeededDesk(t, 2<<40)
	before.reads()
	late := &protocol.ReadAt{ID: question(t, before.sent()), Instance: 0}
	for range 3 {
		c := after.reads()
		id := question(t, after.sent())
		if after.answer(after.now, late); len(after.finished) != 0 {
			t.Fatalf("question %d was answered by what question %d was told", id, late.ID)
		}
		after.answer(after.now, &protocol.ReadAt{ID: id, Instance: 0})
		if f := after.takeFinished(); len(f) != 1 || f[0] != c {
			t.Fatal("the right answer does not count")
		}
	}
}

func TestAReadWaitsUntilItsInstanceIsApplied(t *testing.T) {
	d := newTestDesk(t)
	c := d.reads()
	d.answer(d.now, &protocol.ReadAt{ID: question(t, d.sent()), Instance: 2})
	if d.decide(); answered(c) {
		t.Fatal("answered at instance 1")
	}
	if d.decide(); !answered(c) {
		t.Error("not answered at instance 2")
	}
	if _, ok := d.deadline(); ok {
		t.Error("the desk has a deadline, though nobody waits")
	}
}

// The instance that a leader named may never be decided, if that leader falls.
func TestAReadAsksAgainWhenItsInstanceDoesNotCome(t *testing.T) {
	d := newTestDesk(t)
	c := d.reads()
	d.answer(d.now, &protocol.ReadAt{ID: question(t, d.sent()), Instance: 7})
	at, ok := d.deadline()
	if !ok {
		t.Fatal("no deadline")
	}
	d.now = at
	d.tick(d.now)
	d.answer(d.now, &protocol.ReadAt{ID: question(t, d.sent()), Instance: 0})
	if len(d.finished) != 1 || d.finished[0] != c {
		t.Error("the second answer does not count")
	}
}

func TestANewLeaderIsAskedAtOnce(t *testing.T) {
	d := newTestDesk(t)
	d.reads()
	id := question(t, d.sent())
	d.flush(d.now, 2)
	if len(d.out.Now) != 1 || d.out.Now[0].Msg.(*protocol.Read).ID != id {
		t.Errorf("told the new leader: %v", d.out.Now)
	}
}

func TestNobodyAsksForThoseWhoHaveGone(t *testing.T) {
	d := newTestDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	read := d.reads()
	d.sent()
	guest, open := newCall(texts("x")), newCall(nil)
	d.appendIn(d.now, 77, 1, guest)
	d.open(d.now, protocol.Nonce{9}, open)
	for _, c := range []*call{read, guest, open} {
		if c.wait(ctx, d.opened) == nil {
			t.Fatal("answered")
		}
	}
	d.sent()
	for range 10 {
		at, ok := d.deadline()
		if !ok {
			break
		}
		d.now = at
		d.tick(d.now)
	}
	if m := d.sent(); len(m) != 0 || d.waiting() != 0 {
		t.Errorf("%v is sent still, %d calls wait", m, d.waiting())
	}
}

func TestAGuestsCommandsGoInMessagesThatFit(t *testing.T) {
	d := newTestDesk(t)
	open := newCall(nil)
	d.open(d.now, protocol.Nonce{9}, open)
	d.decideAll()
	var values []string
	for i := range 100 {
		values = append(values, fmt.Sprintf("%050d", i))
	}
	c := newCall(texts(values...))
	d.appendIn(d.now, open.session, 1, c)
	messages := d.sent()
	for _, m := range messages {
		if n := len(m.(*protocol.Submit).Run.Block); n > 1000 {
			t.Errorf("a Submit with %d bytes of commands", n)
		}
	}
	for i := range messages { // each in an instance of its own
		if d.decide(messages[i]); answered(c) != (i == len(messages)-1) {
			t.Fatalf("answered %v after %d of %d messages", answered(c), i+1, len(messages))
		}
	}
	if len(c.placed) != 100 || c.placed[99].Index != 99 {
		t.Errorf("placed %v", c.placed)
	}
}
