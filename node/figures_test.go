package node

import (
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// figures is what a process that is driven by hand would tell.
func (h *hand) figures() Figures {
	f := h.process.r.figures(h.process.r.now())
	h.process.r.lookAside(&f)
	return f
}

// Each sync of the log, each group of records, each value and each checkpoint is in
// its histogram once.
func TestTheHistogramsCountWhatHappens(t *testing.T) {
	w := newHands(t, 1, 3)
	servers := w.servers(3)
	w.appendAll(numbered("value", 400))
	w.until("everybody has applied everything", func() bool {
		return !slices.ContainsFunc(servers, func(h *hand) bool { return h.process.List().Length() < 400 })
	})
	for _, h := range servers {
		f := h.figures()
		log, got := f.Store.Log, f.Histograms
		if got.Syncs.Count != log.Syncs || log.Syncs == 0 {
			t.Errorf("%v: %d syncs measured, %d made", h.peer, got.Syncs.Count, log.Syncs)
		}
		if got.Records.Count != log.Commits || got.Records.Sum != log.Records || got.Bytes.Count != log.Commits || got.Bytes.Sum == 0 || got.Bytes.Sum > log.Bytes {
			t.Errorf("%v: %d groups of %d records and %d bytes; the log has %d, %d and %d", h.peer,
				got.Records.Count, got.Records.Sum, got.Bytes.Sum, log.Commits, log.Records, log.Bytes)
		}
		if got.Commands.Count != uint64(f.Applied) || got.Commands.Sum != 400 || f.Length != 400 {
			t.Errorf("%v: %d values with %d commands, applied up to %d", h.peer, got.Commands.Count, got.Commands.Sum, f.Applied)
		}
		if got.Checkpoints.Count != f.Store.Checkpoints || f.Store.SavedBytes == 0 || f.Checkpoint == 0 {
			t.Errorf("%v: %d checkpoints measured, %d made, of instance %d, %d bytes", h.peer, got.Checkpoints.Count, f.Store.Checkpoints, f.Checkpoint, f.Store.SavedBytes)
		}
		if commits := got.Commits.Count; f.Leads != (commits > 0) || f.Leads && (commits != uint64(f.Applied) || got.Commits.Sum == 0) {
			t.Errorf("%v: leads: %v; %d commits in %v measured, applied up to %d", h.peer, f.Leads, commits, time.Duration(got.Commits.Sum), f.Applied)
		}
	}
}

func leaders(all []*hand) (leads, follow *hand) {
	for _, h := range all {
		if h.process != nil && h.process.Leads() {
			leads = h
		} else if h.process != nil {
			follow = h
		}
	}
	return leads, follow
}

func TestAnElectionIsCounted(t *testing.T) {
	w := newHands(t, 2, 3)
	servers := w.servers(3)
	w.appendAll(numbered("a", 1))
	leads, follow := leaders(servers)
	before := follow.figures()
	if f := leads.figures(); f.Proposer.Leaderships != 1 || f.LeaderHeard != 0 || f.Leader != leads.peer.ID || f.Leaders != 1 {
		t.Errorf("the leader: %+v, leader %d heard %v ago, %d leaders", f.Proposer, f.Leader, f.LeaderHeard, f.Leaders)
	}
	if before.Leader != leads.peer.ID || before.Leaders != 1 || before.LeaderHeard <= 0 {
		t.Errorf("a follower: leader %d, heard %v ago, %d leaders", before.Leader, before.LeaderHeard, before.Leaders)
	}
	leads.crash()
	w.until("a survivor leads", func() bool { leads, follow = leaders(servers); return leads != nil })
	w.appendAll(numbered("b", 1))
	if f := leads.figures(); f.Proposer.Candidacies == 0 || f.Proposer.Leaderships != 1 || f.Leaders < 2 {
		t.Errorf("the new leader: %+v, %d leaders", f.Proposer, f.Leaders)
	}
	if f := follow.figures(); f.Leader != leads.peer.ID || f.Leaders < 2 {
		t.Errorf("its follower: leader %d, %d leaders", f.Leader, f.Leaders)
	}
}

// Roles without all the parts tell of those that they have.
func TestEachRoleTellsOfItsParts(t *testing.T) {
	w := newHands(t, 3, 3)
	for id := protocol.NodeID(1); id <= 3; id++ {
		w.host(protocol.RoleAcceptor, id).start()
	}
	w.host(protocol.RoleProposer, 1).start()
	learner := w.host(protocol.RoleLearner, 1)
	learner.tune = func(o *Options, _ *Env) { o.Entries = func(uint64, int, []byte) error { return nil } }
	learner.start()
	w.client(1, numbered("value", 200))
	w.until("the learner has everything", func() bool { return learner.process.List().Length() == 200 })
	for _, h := range w.hosts {
		w.until("it is in step", func() bool { return h.process.List().Length() == 200 })
		f := h.figures()
		votes, proposes := h.peer.Role == protocol.RoleAcceptor, h.peer.Role == protocol.RoleProposer
		if (f.Acceptor != nil) != votes || (f.Proposer != nil) != proposes || f.Learner == nil || f.Client != nil || f.HandsOut != (h == learner) {
			t.Errorf("%v: acceptor %v, proposer %v, learner %v, client %v", h.peer, f.Acceptor, f.Proposer, f.Learner, f.Client)
		}
		if f.Role != h.peer.Role || f.Self.ID != h.peer.ID || f.Leader != 1 || f.Length != 200 || len(f.Members) != 3 || f.StoreID == 0 || f.Decided < f.Applied {
			t.Errorf("%v: %+v", h.peer, f.Status)
		}
		if f.Stale < 0 || f.Leads != proposes || len(f.Histograms.Commits.Bounds) > 0 != proposes {
			t.Errorf("%v: stale %v, leads %v", h.peer, f.Stale, f.Leads)
		}
	}
	if f := learner.figures(); f.HandedOut != 200 {
		t.Errorf("%d entries handed out", f.HandedOut)
	}
	if v := w.hosts[0].figures().Acceptor; v.Voted == 0 || w.hosts[3].figures().Proposer.Commands != 200 {
		t.Errorf("%+v", v)
	}
}

// A late comer copies a snapshot; both ends count it.
func TestACatchUpIsCounted(t *testing.T) {
	w := newHands(t, 4, 3)
	servers := w.servers(3)
	w.appendAll(numbered("a", 10))
	_, late := leaders(servers)
	late.crash()
	w.appendAll(numbered(strings.Repeat("long", 100), 300))
	late.wire.in = nil // nobody listened
	late.start()
	w.until("it has caught up", func() bool { return late.process.List().Length() == 310 })
	f := late.figures()
	if f.CatchUps.Installed == 0 || f.CatchUps.Begun < f.CatchUps.Installed || f.CatchUps.Useless != 0 {
		t.Errorf("the late one: %+v", f.CatchUps)
	}
	var answered uint64
	for _, h := range servers {
		answered += h.figures().CatchUps.Answered
	}
	if answered == 0 {
		t.Error("nobody has answered")
	}
}

func TestWhatIsDroppedIsCountedByReason(t *testing.T) {
	w := newHands(t, 5, 3)
	servers := w.servers(3)
	w.appendAll(numbered("a", 1))
	h := servers[0]
	good := protocol.AppendMessage(nil, 7, protocol.Sender{Peer: servers[1].peer}, &protocol.Ask{})
	bad := slices.Clone(good)
	bad[len(bad)-1] ^= 1
	before := h.figures().Drops
	for _, data := range [][]byte{
		[]byte("junk, and enough of it to be looked at"), bad,
		protocol.AppendMessage(nil, 8, protocol.Sender{Peer: servers[1].peer}, &protocol.Ask{}),
	} {
		h.wire.in = append(h.wire.in, transport.Datagram{Group: protocol.GroupAcceptors, Data: data})
	}
	w.until("they were taken", func() bool { return len(h.wire.in) == 0 })
	after := h.figures().Drops
	for _, reason := range []string{"foreign", "bad_checksum", "other_cluster"} {
		if after[reason] != before[reason]+1 {
			t.Errorf("%s: %d became %d", reason, before[reason], after[reason])
		}
	}
}

func TestAClientTellsOfItsValues(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(3, 1, 0)
	values := numbered("value", 300)
	probe := new(Probe)
	c.probe = probe
	c.submit(1, values)
	f, known := probe.Figures() // of a process that has ended: what it told last
	if !known || f.Role != protocol.RoleClient || f.Client == nil || f.Proposer != nil || f.Learner != nil {
		t.Fatalf("%v: %+v", known, f)
	}
	if f.Histograms.Acks.Count == 0 || f.Histograms.Acks.Sum == 0 || f.Network.SentDatagrams == 0 {
		t.Errorf("%+v, %+v", f.Histograms.Acks, f.Network)
	}
	for _, r := range all {
		r.stop()
	}
}

// The timer waits for one value at a time, and for the last that was offered.
func TestTheAckTimerTakesTheTimeOfOneValueAtATime(t *testing.T) {
	timer := newAckTimer()
	at := func(ms int, offered, acked uint64) {
		timer.look(protocol.Time(0).Add(time.Duration(ms)*time.Millisecond), offered, acked)
	}
	at(0, 0, 0)
	at(10, 5, 0)
	at(20, 9, 4)
	at(25, 9, 9) // the fifth, after 15 ms
	at(40, 10, 9)
	at(45, 12, 10) // the tenth, after 5 ms
	at(90, 12, 12) // the twelfth, after 45 ms
	if got := timer.took.Counts(); got.Count != 3 || time.Duration(got.Sum) != 65*time.Millisecond {
		t.Errorf("%d values in %v", got.Count, time.Duration(got.Sum))
	}
}
