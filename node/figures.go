package node

import (
	"time"

	"paxos/acceptor"
	"paxos/internal/histogram"
	"paxos/learner"
	"paxos/proposer"
	"paxos/protocol"
)

// Figures are what monitoring wants to know of a process of any role at a moment.
// Of Status, what the process has no part for is zero; Waiting, Full and Members
// mean what they mean for a list server, or the acceptors of the multicast roles.
type Figures struct {
	Status
	Role    protocol.Role
	StoreID protocol.StoreID // 0: it has no store
	// Unanswered is for how long the loop has not answered, 0 where it did: what
	// only the loop knows is so old at least.
	Unanswered time.Duration

	// What the cores have counted; nil where the process has no such core.
	Proposer *proposer.Stats
	Acceptor *acceptor.Stats
	Learner  *learner.Stats
	Client   *ClientFigures

	Leaders     uint64        // how often another leader, or the same in a new ballot, was heard
	LeaderHeard time.Duration // ago; 0: it is this process; negative: never yet

	Checkpoint    protocol.Instance // what the last durable one stands for
	Checkpointing bool              // one is being written
	PendingBytes  uint64            // of values applied since the last checkpoint was begun

	DiskRecords  int // gathered, and not with the disk yet
	DiskMessages int // that wait for them

	CatchUps   CatchUps
	HandsOut   bool   // it hands entries out: Options.Entries was set
	HandedOut  uint64 // of the list, those before Options.From included
	Histograms Histograms
}

// CatchUps counts the snapshots that went to and fro.
type CatchUps struct {
	Begun, Installed, Useless uint64 // ours
	Running                   bool
	Answered, Dropped         uint64 // requests of peers for parts of one
	Waiting                   int    // such requests
}

// ClientFigures are those of a client process.
type ClientFigures struct {
	Submitted, Acked, Repeated uint64 // values, values, messages
	Outstanding                int    // values without acknowledgement
	Session                    bool   // it has one
	RTO                        time.Duration
}

// Histograms are what was measured; durations are in nanoseconds. One that the
// process has no use for has no bounds.
type Histograms struct {
	Syncs       histogram.Counts // of the log's files
	Records     histogram.Counts // in a group commit of the log
	Bytes       histogram.Counts // of these
	Commits     histogram.Counts // from a value's proposal to its application, here
	Commands    histogram.Counts // in a value
	Checkpoints histogram.Counts
	Acks        histogram.Counts // of a client: from a value to its acknowledgement, sampled
}

// figures is what the loop tells.
func (r *runner) figures(now protocol.Time) Figures {
	f := Figures{
		Status: r.report(now), Role: r.Self.Role, StoreID: r.store.Identity().Store,
		Leaders: r.meter.leaders, LeaderHeard: r.leaderHeard(now),
		Checkpoint: r.machine.checkpoint, Checkpointing: r.checkpointing, PendingBytes: r.machine.Pending(),
		CatchUps: CatchUps{Begun: r.machine.Transfer(), Installed: r.meter.installed, Useless: r.meter.useless, Running: r.machine.install.under},
	}
	f.DiskRecords, f.DiskMessages = r.disk.waiting()
	if f.Leads && f.Role == protocol.RoleProposer {
		f.Stale = 0 // it does not hear itself
	}
	r.addCores(&f)
	if f.HandsOut = r.feed != nil; f.HandsOut {
		f.HandedOut = r.feed.handed.Load()
	}
	return f
}

func (r *runner) addCores(f *Figures) {
	learns := r.machine.Learner.Stats()
	f.Learner = &learns
	if p := r.machine.Proposer; p != nil {
		proposes := p.Stats()
		f.Proposer = &proposes
	}
	if a := r.machine.Acceptor; a != nil {
		votes := a.Stats()
		f.Acceptor = &votes
	}
}

// leaderHeard is how long ago a leader was heard, which this process may be itself.
func (r *runner) leaderHeard(now protocol.Time) time.Duration {
	switch p := r.machine.Proposer; {
	case p != nil && p.Leading():
		return 0
	case r.meter.leaderAt == 0:
		return -1
	}
	return max(now.Sub(r.meter.leaderAt), 0)
}

// lookAside adds what anybody may look at, though the loop be stuck: above all what
// the disk does.
func (r *runner) lookAside(f *Figures) {
	f.Store, f.Network = r.store.Stats(), r.Transport.Stats()
	f.FreeBytes = r.freeSpace()
	f.CatchUps.Answered, f.CatchUps.Dropped = r.server.answered.Load(), r.server.dropped.Load()
	f.CatchUps.Waiting = len(r.server.requests)
	f.Histograms = r.meter.counts()
}

// freeSpace is what is left on the store's disk, in bytes; -1 if that cannot be
// found out.
func (r *runner) freeSpace() int64 {
	look := r.FreeBytes
	if look == nil {
		look = freeBytes
	}
	free, err := look(r.DataDir)
	if err != nil {
		return -1
	}
	return free
}

func (m *meter) counts() Histograms {
	h := Histograms{
		Syncs: m.syncs.Counts(), Records: m.records.Counts(), Bytes: m.bytes.Counts(),
		Commands: m.commands.Counts(), Checkpoints: m.checkpoints.Counts(),
	}
	if m.commits != nil {
		h.Commits = m.commits.Counts()
	}
	return h
}
