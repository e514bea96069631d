package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// What a reader with fresh eyes found, each as the smallest test that fails without its remedy.

// The client core's messages alias its memory: an acknowledgement and a new
// command in the same turn must not change what is about to be sent.
func TestARepeatedCommandIsSentAsItWas(t *testing.T) {
	d := &testDesk{t: t, opened: make(chan struct{})}
	d.desk = newDesk(deskConfig{
		Self: protocol.Peer{Role: protocol.RoleServer, ID: 1}, SubmitBytes: 8000,
		Nonce: func() protocol.Nonce { d.nonces++; return protocol.Nonce{d.nonces} },
	}, list.New(list.Options{}))
	want := map[protocol.Seq]string{}
	var seq protocol.Seq
	add := func(p []byte) {
		seq++
		want[seq] = string(p)
		d.append(newCall([][]byte{p}))
	}
	d.now = 1
	add(bytes.Repeat([]byte("a"), 2100))
	d.decideAll() // opens the session
	var first []protocol.Message
	first = append(first, d.sent()...)
	for d.queue.len() == 0 { // fill the window, one run for each turn
		add(bytes.Repeat([]byte("a"), 2100))
		first = append(first, d.sent()...)
	}
	for range 8 {
		add(bytes.Repeat([]byte("b"), 1000)) // waits for room
	}
	// (the queued 2100er is at the front; it does not fit [0:2102), strictly)
	// One turn of the loop: a time-out, then an instance is applied, then flush.
	d.now = d.now.Add(time.Second)
	d.tick(d.now)
	// decide only what the old leader had got: commands 1 and 2
	var v protocol.Value
	for _, m := range first[:2] {
		v = v.AppendRun(m.(*protocol.Submit).Run)
	}
	var e protocol.Effects
	d.list.Apply(d.list.Applied()+1, v, &e)
	d.applied(d.now, d.list.Applied(), &e)
	last, _ := d.list.Session(d.session)
	for _, m := range d.sent() {
		s, ok := m.(*protocol.Submit)
		if !ok {
			continue
		}
		if err := s.Run.Check(); err != nil {
			t.Errorf("Submit of %d to %d: %v", s.Run.First, s.Run.Last(), err)
		}
		block := s.Run.Block
		for q := s.Run.First; q <= s.Run.Last(); q++ {
			p, rest, err := protocol.NextPayload(block)
			if err != nil {
				t.Errorf("seq %d: %v", q, err)
				break
			}
			block = rest
			if q > last && string(p) != want[q] {
				t.Errorf("seq %d (applied to %d) is sent as %d bytes %.5s, want %d bytes %.5s", q, last, len(p), p, len(want[q]), want[q])
			}
		}
	}
}

// Session ids are easy to guess; what somebody else does with one must do no harm.
func TestNobodyAppendsInTheDesksOwnSession(t *testing.T) {
	d := newTestDesk(t)
	d.appends("a")
	d.decideAll()
	d.decideAll()
	for _, handle := range []protocol.SessionID{d.session, d.session << 32, d.session<<32 | 5} {
		c := newCall(texts("evil"))
		d.appendIn(d.now, handle, 2, c)
		d.passBarrier()
		if !errors.Is(c.err, ErrExpired) || d.list.Length() != 1 {
			t.Errorf("handle %x: %v, %d entries", uint64(handle), c.err, d.list.Length())
		}
	}
}

// And if somebody does guess it, the desk goes on in another session.
func TestTheDeskSurvivesCommandsOfOthersInItsSession(t *testing.T) {
	d := newTestDesk(t)
	d.appends("a")
	d.decideAll()
	d.decideAll()
	d.decide(&protocol.Submit{Run: protocol.Run{Session: d.session, First: 2, Count: 1, Block: protocol.AppendPayload(nil, []byte("evil"))}})
	next := d.appends("b")
	d.decideAll()
	d.decideAll()
	if !answered(next) || next.err != nil || d.list.Length() != 3 {
		t.Errorf("answered %v, %v, %d entries", answered(next), next.err, d.list.Length())
	}
}

func TestWithdrawnCallsDoNotStay(t *testing.T) {
	d := newTestDesk(t)
	d.decide(&protocol.Open{Nonce: protocol.Nonce{9}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for n := range deskCalls {
		c := newCall(nil)
		c.wait(ctx, d.opened)
		d.open(d.now, protocol.Nonce{1, byte(n), byte(n >> 8)}, c)
		g := newCall(texts("x"))
		g.wait(ctx, d.opened)
		d.appendIn(d.now, handleOf(1, protocol.Nonce{9}), 1, g)
	}
	d.takeFinished()
	c := d.appends("x")
	if f := d.takeFinished(); len(f) > 0 {
		t.Errorf("%v; %d calls wait", c.err, d.waiting())
	}
}

// While the loop is stuck, what is asked of it must not pile up (rule 8).
func TestAStuckLoopTakesOnlySoMuch(t *testing.T) {
	s := newTestCluster(t, 1).startServers()[0]
	block := make(chan struct{})
	s.r.box.ask(func(protocol.Time) { <-block })
	release := sync.OnceFunc(func() { close(block) })
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	big := texts(string(make([]byte, 10_000)))
	for n := 0; ; n++ {
		if _, err := s.Append(ctx, big); errors.Is(err, ErrBusy) {
			break
		}
		if n > 2*deskBytes/10_000 { // the loop may have taken some before it got stuck
			t.Fatalf("%d calls of 10,000 bytes wait for the loop", n)
		}
	}
	release()
	if _, err := s.Append(patient(t), texts("x")); err != nil {
		t.Error(err)
	}
	if got := entriesOf(t, s); len(got) != 1 {
		t.Errorf("%d entries: withdrawn calls were done", len(got))
	}
}

// Rule 10: the pin of a voter that the checkpoint does not know yet.
func TestPinsOfNewVotersSurviveARestart(t *testing.T) {
	c := newTestCluster(t, 2)
	o := c.options(protocol.RoleServer, 1)
	o.Transport = c.net.Join(everything...)
	r, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	var b storage.Batch
	b.Add(&protocol.Pinned{Pin: protocol.Pin{Acceptor: 3, Store: 333}})
	if err := r.store.Commit(&b); err != nil {
		t.Fatal(err)
	}
	r.store.Close(nil) // a crash
	o.Transport = c.net.Join(everything...)
	if r, err = open(o); err != nil {
		t.Fatal(err)
	}
	if got := r.machine.Pins.Store(3); got != 333 {
		t.Errorf("server 3 is pinned to %v", got)
	}
	r.store.Close(nil)
	r.Transport.Close()
}

func TestPinsOfThoseWhoWereRemovedGo(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 3)
	if err := servers[0].RemoveMember(patient(t), 3); err != nil {
		t.Fatal(err)
	}
	until(t, "the pin is gone", func() bool {
		pins := make(chan int, 1)
		servers[0].r.box.ask(func(protocol.Time) { pins <- len(servers[0].r.machine.Pins.List()) })
		return <-pins == 2
	})
}

func TestNothingIsAppendedAtOnce(t *testing.T) {
	s := newTestCluster(t, 1).startServers()[0]
	if placed, err := s.Append(patient(t), nil); err != nil || len(placed) != 0 {
		t.Errorf("%v, %v", placed, err)
	}
	var much [][]byte
	for range 300 {
		much = append(much, make([]byte, 15_000))
	}
	if _, err := s.Append(patient(t), much); !errors.Is(err, ErrTooLong) {
		t.Errorf("more than ever fits the queue: %v", err)
	}
}

// What comes from inside a list server was not decoded, hence not checked.
func TestAMalformedChangeIsRefused(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 3)
	for i, s := range servers {
		if err := s.AddMember(patient(t), string(bytes.Repeat([]byte("x"), protocol.MaxAddress+1))); !errors.Is(err, ErrConflict) {
			t.Errorf("server %d: %v", i+1, err)
		}
	}
	lead := servers[leaderOf(t, servers[0])-1]
	lead.r.box.ask(func(now protocol.Time) { // though it never should be asked
		bad := &protocol.Reconfigure{Change: protocol.Change{Voters: []protocol.Member{{ID: 9}}, Next: 3}}
		lead.r.machine.Proposer.Step(now, lead.r.machine.self, bad, &lead.r.machine.out)
	})
	for _, s := range servers {
		if _, err := s.Append(patient(t), texts("after")); err != nil {
			t.Fatal(err)
		}
	}
}

// A server that is always behind answers reads all the same, as late as it is.
func TestReadsOfALaggingServer(t *testing.T) {
	d := newTestDesk(t)
	c := newCall(nil)
	d.read(c)
	step := protocol.Time(10 * time.Millisecond)
	for n := 1; n <= 1000 && !answered(c); n++ { // ten seconds
		d.now = protocol.Time(n) * step
		if at, ok := d.deadline(); ok && at <= d.now {
			d.tick(d.now)
		}
		if n > 30 { // applies what the leader had applied 300 ms ago
			d.decide()
		}
		for _, m := range d.sent() {
			if r, ok := m.(*protocol.Read); ok {
				d.answer(d.now, &protocol.ReadAt{ID: r.ID, Instance: protocol.Instance(n)})
			}
		}
	}
	if !answered(c) {
		t.Errorf("a read is not answered in ten seconds; it needed 300 ms")
	}
}

// A retry must not be told that nothing was done by a server that is behind.
func TestALaggingServerDoesNotSayThatNothingWasDone(t *testing.T) {
	d := newTestDesk(t)
	nonce := protocol.Nonce{77}
	d.decide(&protocol.Open{Nonce: nonce})
	c := newCall(texts("x"))
	d.appendIn(d.now, handleOf(1, nonce), protocol.SessionWindow+1, c)
	if f := d.takeFinished(); len(f) > 0 {
		t.Errorf("%v; want it to look again behind a barrier", c.err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.wait(ctx, d.opened); !errors.Is(err, ErrUnknown) {
		t.Errorf("given up: %v", err)
	}
	sure := newCall(texts("x"))
	d.appendIn(d.now, handleOf(1, nonce), protocol.SessionWindow+1, sure)
	d.passBarrier()
	if !errors.Is(sure.err, ErrOutOfTurn) {
		t.Errorf("behind a barrier: %v", sure.err)
	}
}

// A server that was behind finds the session, and its commands, once it has caught up.
func TestALaggingServerTakesACommandBehindABarrier(t *testing.T) {
	d := newTestDesk(t)
	nonce := protocol.Nonce{77}
	c := newCall(texts("x"))
	d.appendIn(d.now, handleOf(1, nonce), 1, c)
	d.decide(&protocol.Open{Nonce: nonce}) // what it lacked
	d.passBarrier()
	d.decideAll()
	if !answered(c) || c.err != nil || fmt.Sprint(c.placed) != "[{0 2}]" {
		t.Errorf("answered %v, %v, placed %v", answered(c), c.err, c.placed)
	}
}

func TestLeadershipGoesToVotersOnly(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = steady
	servers := c.startServers()
	appendSome(t, servers[0], 3)
	ballot := servers[0].Status().Ballot
	if err := servers[1].Transfer(patient(t), 77); !errors.Is(err, ErrConflict) {
		t.Errorf("%v", err)
	}
	if _, err := servers[0].Append(patient(t), texts("x")); err != nil || servers[0].Status().Ballot != ballot {
		t.Errorf("%v; the leader was disturbed", err)
	}
}
