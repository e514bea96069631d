package node

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/storage"
	"paxos/vfs"
)

// servers starts so many list servers.
func (w *hands) servers(n int) []*hand {
	for id := 1; id <= n; id++ {
		w.host(protocol.RoleServer, protocol.NodeID(id)).start()
	}
	return w.hosts
}

// appendAll appends values one after the other, at one server after the other.
func (w *hands) appendAll(values []string) {
	for i, v := range values {
		var h *hand
		for n := i; h == nil || h.process == nil; n++ {
			h = w.hosts[n%len(w.hosts)]
		}
		c := h.process.Append(texts(v))
		w.until("an append is answered", c.Done)
		if c.Err() != nil {
			w.t.Fatalf("append %q: %v", v, c.Err())
		}
	}
}

func TestAClusterDrivenByHandAppendsAndReads(t *testing.T) {
	w := newHands(t, 1, 3)
	servers := w.servers(3)
	values := numbered("v", 300)
	w.appendAll(values)
	for _, h := range servers {
		read := h.process.Read()
		w.until("a read is answered", read.Done)
		if got := h.entries(); read.Err() != nil || !slices.Equal(got, values) {
			t.Errorf("%v: %v, %d entries; want %d", h.peer, read.Err(), len(got), len(values))
		}
	}
}

func TestASessionOfAProcessAppendsOnce(t *testing.T) {
	w := newHands(t, 2, 3)
	servers := w.servers(3)
	open := servers[0].process.OpenSession(protocol.Nonce{5})
	w.until("a session is open", open.Done)
	for _, h := range servers { // the same commands, everywhere; two servers may not know the session yet
		c := h.process.AppendIn(open.Session(), 1, texts("a", "b"))
		w.until("commands of a session are answered", c.Done)
		if c.Err() != nil || c.Placed()[0].Index != 0 || c.Placed()[1].Index != 1 {
			t.Errorf("%v: %v, %v", h.peer, c.Placed(), c.Err())
		}
	}
	ahead := servers[1].process.AppendIn(open.Session(), 3+protocol.SessionWindow, texts("x"))
	foreign := servers[2].process.AppendIn(open.Session()+1, 1, texts("x"))
	w.until("impossible commands are refused", func() bool { return ahead.Done() && foreign.Done() })
	if !errors.Is(ahead.Err(), ErrOutOfTurn) || !errors.Is(foreign.Err(), ErrExpired) {
		t.Errorf("%v; %v", ahead.Err(), foreign.Err())
	}
	if got := servers[0].process.List().Length(); got != 2 {
		t.Errorf("%d entries", got)
	}
}

// runServers is a story of list servers: load, a crash, a late comer that needs a
// snapshot, a change of the leader and of the members, a clean restart.
func runServers(t *testing.T, seed uint64) *hands {
	w := newHands(t, seed, 3)
	w.loss = 0.02
	servers := w.servers(3)
	open := servers[1].process.OpenSession(protocol.Nonce{1})
	w.until("a session is open", open.Done)
	w.appendAll(numbered("a", 100))
	servers[2].crash()
	w.appendAll(numbered(string(bytes.Repeat([]byte("b"), 400)), 200))
	installed := false
	servers[2].tune = func(_ *Options, e *Env) { e.Watch.Installed = func(protocol.Instance) { installed = true } }
	servers[2].start()
	w.until("the late one has caught up", func() bool {
		return servers[2].process.Applied() >= servers[0].process.Applied()
	})
	if !installed {
		t.Error("the late one needed no snapshot")
	}
	for _, h := range servers {
		h.process.TransferLeadership(2)
	}
	w.until("server 2 leads", servers[1].process.Leads)
	w.repeatGuests(servers[0].process)
	in := servers[0].process.AppendIn(open.Session(), 1, texts("c", "d"))
	w.until("commands of a session are answered", in.Done)
	remove := servers[0].process.RemoveMember(3)
	w.until("server 3 is removed", remove.Done)
	if err := servers[0].process.Stop(); err != nil {
		t.Fatal(err)
	}
	servers[0].start()
	read := servers[0].process.Read()
	w.until("a read is answered", read.Done)
	if in.Err() != nil || remove.Err() != nil || read.Err() != nil || servers[0].process.List().Length() != 308 {
		t.Fatalf("%v, %v, %v, %d entries", in.Err(), remove.Err(), read.Err(), servers[0].process.List().Length())
	}
	return w
}

// repeatGuests lets a server have commands of many sessions, and openings, under
// way that it must repeat, over and over: in a certain order.
func (w *hands) repeatGuests(p *Process) {
	var calls, opens []*Call
	all := func(calls []*Call) func() bool {
		return func() bool { return !slices.ContainsFunc(calls, func(c *Call) bool { return !c.Done() }) }
	}
	for n := range byte(6) {
		opens = append(opens, p.OpenSession(protocol.Nonce{100 + n}))
	}
	w.until("sessions are open", all(opens))
	before := w.loss
	w.loss = 1
	for n, open := range opens {
		calls = append(calls, p.AppendIn(open.Session(), 1, texts("guest")), p.OpenSession(protocol.Nonce{200 + byte(n)}))
	}
	end := w.now.Add(time.Second / 2)
	w.until("time has passed", func() bool { return w.now > end })
	w.loss = before
	w.until("everything is answered", all(calls))
}

// runRoles is a story of separate roles: a client's load, crashes of an acceptor
// and of the leading proposer, and a learner that comes late.
func runRoles(t *testing.T, seed uint64) *hands {
	w := newHands(t, seed, 3)
	w.loss = 0.02
	for id := protocol.NodeID(1); id <= 3; id++ {
		w.host(protocol.RoleAcceptor, id).start()
	}
	proposers := []*hand{w.host(protocol.RoleProposer, 1).start(), w.host(protocol.RoleProposer, 2).start()}
	learner := w.host(protocol.RoleLearner, 1).start()
	values := numbered("value", 4000)
	c := w.client(1, values)
	acked := func(n int) func() bool { return func() bool { return int(c.core.Acked()) >= n } }
	w.until("some values are acknowledged", acked(1000))
	w.hosts[0].crash()
	w.until("more values are acknowledged", acked(2000))
	w.hosts[0].start()
	for _, p := range proposers {
		if p.process.Leads() {
			p.crash()
			break
		}
	}
	w.until("all values are acknowledged", acked(len(values)))
	late := w.host(protocol.RoleLearner, 2)
	var handed uint64
	late.tune = func(o *Options, _ *Env) {
		o.Entries = func(first uint64, count int, _ []byte) error {
			if first != handed {
				return fmt.Errorf("entry %d after %d", first, handed)
			}
			handed += uint64(count)
			return nil
		}
	}
	late.start()
	w.until("the late learner has caught up", func() bool { return handed == uint64(len(values)) })
	w.until("the learner has everything", func() bool { return len(learner.entries()) == len(values) })
	if !slices.Equal(learner.entries(), values) || !slices.Equal(late.entries(), values) {
		t.Fatal("the learners have other lists than the client sent")
	}
	return w
}

// The promise that a simulator builds on: no map's order, no clock, no goroutine
// and no randomness of the process's own has any influence.
func TestTheSameSeedSendsTheSameBytes(t *testing.T) {
	for name, run := range map[string]func(*testing.T, uint64) *hands{"servers": runServers, "roles": runRoles} {
		t.Run(name, func(t *testing.T) {
			one, two := run(t, 7), run(t, 7)
			for i := range min(len(one.noted), len(two.noted)) {
				if !bytes.Equal(one.noted[i], two.noted[i]) {
					t.Fatalf("note %d of %d:\n%q\n%q", i, len(one.noted), one.noted[i], two.noted[i])
				}
			}
			if len(one.noted) != len(two.noted) || one.now != two.now {
				t.Errorf("%d notes until %v, and %d until %v", len(one.noted), one.now, len(two.noted), two.now)
			}
			for _, name := range []string{"votes", "undelivered values", "recent decisions", "queue of the leader"} {
				if one.largest[name] == 0 {
					t.Errorf("there never were any %s: their bound is not tested", name)
				}
			}
			if other := run(t, 8); len(other.noted) == len(one.noted) && other.now == one.now {
				t.Error("another seed makes no difference: this test cannot fail")
			}
		})
	}
}

// Rules 1 and 9: what waits for a commit that fails never leaves.
func TestAProcessEndsWithTheFirstFailureOfItsDisk(t *testing.T) {
	w := newHands(t, 3, 1)
	h := w.host(protocol.RoleServer, 1)
	faulty := vfs.NewFaulty(h.fs, vfs.Fault{})
	var durable, votes int
	h.tune = func(o *Options, e *Env) {
		o.FS = faulty
		e.Watch.Durable = func(records []protocol.Record) { durable += len(records) }
		e.Watch.Sent = func(s protocol.Send) {
			if _, vote := s.Msg.(*protocol.Accepted); vote {
				votes++
			}
		}
	}
	h.start()
	w.appendAll([]string{"a"})
	if durable == 0 || votes == 0 {
		t.Fatalf("%d records were durable, %d votes sent", durable, votes)
	}
	durable, votes = 0, 0
	faulty.Arm(vfs.Fault{Kinds: vfs.OpSync, N: 1, Err: syscall.EIO})
	c := h.process.Append(texts("b"))
	for !h.process.Committing() {
		if err := h.process.Turn(); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Millisecond)
	}
	for i, do := range []func() error{h.process.Commit, h.process.Turn, h.process.Commit, h.process.Work, h.process.Serve, h.process.Stop} {
		if err := do(); !errors.Is(err, syscall.EIO) || h.process.Committing() {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if err := h.process.Turn(); !errors.Is(err, ErrStopped) {
		t.Errorf("Turn after the end: %v", err)
	}
	if unknown := c.Withdraw(); !unknown || durable != 0 || votes != 0 {
		t.Errorf("outcome unknown: %v; %d records durable, %d votes sent", unknown, durable, votes)
	}
}

func TestACallThatTheClusterNeverHeardOfIsWithdrawn(t *testing.T) {
	w := newHands(t, 4, 3)
	h := w.host(protocol.RoleServer, 1).start()
	c := h.process.Append(texts("never"))
	if c.Done() || c.Withdraw() || !c.Done() || c.Err() == nil {
		t.Errorf("done %v, %v", c.Done(), c.Err())
	}
	h.process.Abandon()
	if c := h.process.Read(); !c.Done() || !errors.Is(c.Err(), ErrStopped) {
		t.Errorf("after the end: %v", c.Err())
	}
}

func TestAProcessTellsWhatItFoundDurable(t *testing.T) {
	w := newHands(t, 5, 1)
	h := w.host(protocol.RoleServer, 1)
	var found []storage.Restored
	var checkpointed protocol.Instance
	h.tune = func(_ *Options, e *Env) {
		e.Watch.Restored = func(r storage.Restored) { found = append(found, r) }
		e.Watch.Checkpointed = func(i protocol.Instance) { checkpointed = i }
	}
	h.start()
	w.appendAll(numbered("v", 10))
	applied, promised := h.process.Applied(), h.process.Promised()
	if err := h.process.Stop(); err != nil || checkpointed != applied {
		t.Fatalf("%v; checkpointed at %d, applied %d", err, checkpointed, applied)
	}
	h.start()
	if len(found) != 2 || found[0].Applied != 0 || found[1].Applied != applied || found[1].Promised != promised {
		t.Errorf("found %+v; want instance %d, promise %s", found, applied, promised)
	}
}

// A session that this list does not know, or commands far ahead, wait behind a
// barrier; without a leader for long (rule 8).
func TestBytesBehindABarrierAreBounded(t *testing.T) {
	w := newHands(t, 1, 3)
	w.quiet = true
	h := w.host(protocol.RoleServer, 1).start() // alone: nobody leads
	held, refused := 0, 0
	for range 20 {
		c := h.process.AppendIn(77<<32|5, 1, [][]byte{make([]byte, deskBytes/4)})
		if err := h.process.Turn(); err != nil {
			t.Fatal(err)
		}
		if c.Done() && errors.Is(c.Err(), ErrBusy) {
			refused++
		} else {
			held += deskBytes / 4
		}
		h.checkBounds()
	}
	if held > deskBytes || refused == 0 || held+refused*deskBytes/4 != 5*deskBytes {
		t.Errorf("%d bytes are held, %d calls refused", held, refused)
	}
}

func TestWhatNobodyWaitsForTakesNoRoomBehindABarrier(t *testing.T) {
	w := newHands(t, 1, 3)
	w.quiet = true
	h := w.host(protocol.RoleServer, 1).start()
	for range 3 {
		c := h.process.AppendIn(77<<32|5, 1, [][]byte{make([]byte, deskBytes/2)})
		if err := h.process.Turn(); err != nil || c.Done() {
			t.Fatalf("%v; refused: %v", err, c.Err())
		}
		c.Withdraw()
		w.until("it is forgotten", func() bool { return h.process.r.machine.desk.held == 0 })
	}
}

func TestAProcessThatNeverOpenedMayBeStopped(t *testing.T) {
	h := newHands(t, 1, 1).host(protocol.RoleServer, 1)
	h.tune = func(o *Options, _ *Env) { o.Init = false }
	err := h.open()
	if err == nil {
		t.Fatal("a missing store was opened")
	}
	if stopped := h.process.Stop(); !errors.Is(stopped, err) {
		t.Errorf("it stopped with %v, it had failed with %v", stopped, err)
	}
}
