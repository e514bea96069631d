package node

import (
	"paxos/acceptor"
	"paxos/learner"
	"paxos/list"
	"paxos/proposer"
	"paxos/protocol"
)

// Parts are what a machine is made of. Learner, Fetcher and List are always
// there; an acceptor process has an Acceptor, a proposer process a Proposer,
// a list server both.
type Parts struct {
	Acceptor *acceptor.Acceptor
	Proposer *proposer.Proposer
	Learner  *learner.Learner
	Fetcher  *learner.Fetcher
	List     *list.State

	SessionsOnly bool              // the list keeps no entries
	Images       bool              // see Options.Images
	Seeds        []protocol.NodeID // see Options.Seeds
	desk         *desk             // of a list server, and of an observer
	watch        Watch
	meter        *meter

	Round uint64         // restored from the store
	Pins  *protocol.Pins // shared by all of them
}

// Machine is the deterministic half of a node: the same events make the same
// outputs, bit for bit. It is used by one goroutine.
type Machine struct {
	Parts
	self    protocol.Sender
	out     protocol.Output
	heard   int // how many of out.Now were looked at for own Accepts
	effects protocol.Effects

	leaderSays  protocol.Instance
	leaderHeard bool
	inStep      protocol.Time // when this process last had applied what a leader said is decided; 0: never
	newMembers  bool          // since TakeMembers
	dismissed   bool          // see Server.Dismiss
	promoteAt   protocol.Time // when to ask for a vote again
	full        bool          // the leader says that a disk is nearly full

	fetches []FetchRequest
	install installation
	useless error  // see TakeUseless
	applied uint64 // bytes of values applied since the last freeze
	logged  uint64 // bytes of records since the last freeze

	checkpoint protocol.Instance // what the last one of this life stands for

	headSize int // of the last frozen head: the next one is about as long
}

// FetchRequest is a peer's request for a part of a snapshot. It is answered
// from the store, outside the loop.
type FetchRequest struct {
	From  protocol.Sender
	Fetch *protocol.Fetch
}

// NewMachine wires the parts together.
func NewMachine(self protocol.Sender, p Parts) *Machine {
	m := &Machine{Parts: p, self: self}
	m.configure(0)
	m.Learner.Applied(p.List.Applied())
	if p.Acceptor != nil {
		m.hearVotes()
	}
	return m
}

// hearVotes tells the learner half which Accepts its acceptor heard in an earlier
// life. They decide nothing; but a Mark in their ballot will, and after a crash
// of all acceptors nobody else may have them.
func (m *Machine) hearVotes() {
	for _, v := range m.Acceptor.VotesAbove(m.List.Applied()) {
		m.Learner.Step(0, m.self, &protocol.Accept{Ballot: v.Ballot, Instance: v.Instance, Value: v.Value}, &m.out)
	}
}

// Step hands one message to every part that it may concern.
func (m *Machine) Step(now protocol.Time, from protocol.Sender, msg protocol.Message) {
	switch msg := msg.(type) {
	case *protocol.Heartbeat:
		m.hearLeader(now, msg)
	case *protocol.ReadAt:
		if m.desk != nil && msg.Target == m.self.Peer {
			m.desk.answer(now, msg)
		}
		return
	case *protocol.Fetch:
		if msg.Target == m.self.Peer {
			m.fetches = append(m.fetches, FetchRequest{from, msg})
		}
		return
	case *protocol.Piece:
		m.Fetcher.Step(now, from, msg, &m.out)
		return
	}
	if m.Acceptor != nil {
		m.Acceptor.Step(now, from, msg, &m.out)
	}
	if m.Proposer != nil {
		m.Proposer.Step(now, from, msg, &m.out)
	}
	m.Learner.Step(now, from, msg, &m.out)
}

// hearLeader takes a leader's word on how far the cluster is, and on its disks.
func (m *Machine) hearLeader(now protocol.Time, h *protocol.Heartbeat) {
	m.leaderSays, m.leaderHeard = max(m.leaderSays, h.Decided), true
	m.meter.heard(now, h.Ballot)
	m.full = h.Full
	if m.List.Applied() >= h.Decided {
		m.inStep = max(now, 1)
	}
}

// LeaderSays is the highest instance that a leader said to be decided, and
// whether any was heard.
func (m *Machine) LeaderSays() (decided protocol.Instance, heard bool) {
	return m.leaderSays, m.leaderHeard
}

// Tick lets time pass.
func (m *Machine) Tick(now protocol.Time) {
	if m.Proposer != nil {
		m.Proposer.Tick(now, &m.out)
	}
	m.Learner.Tick(now, &m.out)
	m.Fetcher.Tick(now, &m.out)
	if m.desk != nil {
		m.desk.tick(now)
	}
}

// Deadline is when Tick is next needed, if ever.
func (m *Machine) Deadline() (protocol.Time, bool) {
	next, any := m.Learner.Deadline()
	earlier := func(t protocol.Time, ok bool) {
		if ok && (!any || t < next) {
			next, any = t, true
		}
	}
	earlier(m.Fetcher.Deadline())
	earlier(m.catchUpDeadline())
	if m.Proposer != nil {
		earlier(m.Proposer.Deadline())
	}
	if m.desk != nil {
		earlier(m.desk.deadline())
	}
	return next, any
}

// Settle ends a batch of events: it applies what was decided, lets the proposer
// pack what was admitted, and repeats until nothing new comes of it.
func (m *Machine) Settle(now protocol.Time) {
	m.applyAll(now)
	if m.Proposer != nil {
		m.ask(now)
		m.Proposer.Flush(now, &m.out)
		m.applyAll(now) // a quorum may have been waiting for its Accept
		if m.ask(now) {
			m.Proposer.Flush(now, &m.out)
			m.applyAll(now)
		}
	} else {
		m.ask(now)
	}
	m.catchUp(now)
	m.promoteSelf(now)
}

// ask hands what the front desk wants to the leader: to the own proposer if that
// leads, else over the network, to everybody while no leader is known. It reports
// whether the own proposer got anything.
func (m *Machine) ask(now protocol.Time) (inside bool) {
	if m.desk == nil {
		return false
	}
	var leader protocol.NodeID
	if m.Proposer != nil {
		leader = m.Proposer.Leader()
	}
	m.desk.flush(now, leader)
	inside = m.Proposer != nil && m.Proposer.Leading() && len(m.desk.out.Now) > 0
	for _, s := range m.desk.out.Now {
		msg := s.Msg
		switch {
		case inside:
			m.Proposer.Step(now, m.self, msg, &m.out)
		case leader != 0 && leader != m.self.ID:
			m.out.Now = append(m.out.Now, protocol.Send{To: s.To, Only: protocol.Peer{Role: protocol.RoleServer, ID: leader}, Msg: msg})
		default:
			m.out.Send(s.To, msg)
		}
	}
	m.desk.out.Now = m.desk.out.Now[:0]
	return inside
}

// Output is what has been asked for since the last Reset.
func (m *Machine) Output() *protocol.Output { return &m.out }

// TakeSends takes what may leave at once for one group out of the output, after
// Settle.
func (m *Machine) TakeSends(to protocol.Group) []protocol.Send {
	var taken []protocol.Send
	rest := m.out.Now[:0]
	for _, s := range m.out.Now {
		if s.To == to {
			taken = append(taken, s)
		} else {
			rest = append(rest, s)
		}
	}
	m.out.Now, m.heard = rest, len(rest)
	return taken
}

// ResetOutput starts a new turn. Whatever is held back must have been taken.
func (m *Machine) ResetOutput() {
	if held := m.out.TakeHeld(); !held.Empty() {
		panic("rule 1: messages that wait for the disk were left behind")
	}
	for _, rec := range m.out.Records {
		m.logged += recordCost(rec)
	}
	clear(m.out.Now) // do not keep the values alive
	clear(m.out.Records)
	m.out.Now, m.out.Records, m.heard = m.out.Now[:0], m.out.Records[:0], 0
}

// recordCost is what a record takes in the log, in bytes, about.
func recordCost(rec protocol.Record) uint64 {
	if v, ok := rec.(*protocol.Voted); ok {
		return uint64(len(v.Vote.Value)) + 64
	}
	return 64
}

// TakeFetches takes out the requests that peers made for parts of snapshots.
func (m *Machine) TakeFetches() []FetchRequest {
	f := m.fetches
	m.fetches = nil
	return f
}

// applyAll feeds decided instances onwards until it is quiet.
func (m *Machine) applyAll(now protocol.Time) {
	for {
		m.hearOwn(now)
		m.remember()
		if len(m.out.Decided) == 0 {
			return
		}
		decided := m.out.Decided
		m.out.Decided = nil
		for _, d := range decided {
			m.apply(now, d)
		}
		m.reuse(decided)
	}
}

// reuse gives the emptied slice back, if nothing came into its place.
func (m *Machine) reuse(decided []protocol.Decision) {
	if m.out.Decided == nil {
		clear(decided) // do not keep the values alive
		m.out.Decided = decided[:0]
	}
}

func (m *Machine) apply(now protocol.Time, d protocol.Decision) {
	m.effects.Reset()
	before := m.List.Length()
	m.List.Apply(d.Instance, d.Value, &m.effects)
	m.meter.applied(now, d.Instance, m.List.Length()-before)
	if m.watch.Applied != nil {
		m.watch.Applied(d.Instance, d.Value)
	}
	m.applied += uint64(len(d.Value)) + instanceCost
	if m.effects.Members {
		m.configure(now)
	}
	m.Learner.Applied(d.Instance)
	if m.Acceptor != nil {
		m.Acceptor.Learned(d.Instance)
	}
	if m.Proposer != nil {
		m.Proposer.Applied(now, d.Instance, &m.effects, &m.out)
	}
	if m.desk != nil {
		m.desk.applied(now, d.Instance, &m.effects)
	}
}

// instanceCost is what an instance costs beside its value, in bytes: even
// no-ops must lead to a checkpoint some day.
const instanceCost = 128

// hearOwn hands this process's own messages to the parts of it that they
// concern, for it does not hear them from the network.
//
// An acceptor and its learner half, or a proposer and its, share a process: the
// learner hears the Accepts (an Accept is not a vote: it needs no disk) and the
// Heartbeats (that of a leader that is catching up says how far to go). A list
// server hears all that it says to others, except what is for clients: its front
// desk asks the list. What waits for the disk comes back by Step, when it is
// durable (rule 1).
func (m *Machine) hearOwn(now protocol.Time) {
	for ; m.heard < len(m.out.Now); m.heard++ {
		s := m.out.Now[m.heard]
		m.meter.said(now, s.Msg)
		switch {
		case s.To == protocol.GroupClients || s.Only != (protocol.Peer{}) && s.Only != m.self.Peer:
		case m.combined():
			m.Step(now, m.self, s.Msg)
		default:
			switch s.Msg.(type) {
			case *protocol.Accept, *protocol.Heartbeat:
				m.Learner.Step(now, m.self, s.Msg, &m.out)
			}
		}
	}
}

// combined reports whether this process is proposer, acceptor and learner at once.
func (m *Machine) combined() bool { return m.Acceptor != nil && m.Proposer != nil }

// remember notes the rounds, which only checkpoints need again.
func (m *Machine) remember() {
	for _, rec := range m.out.Records {
		if rec, ok := rec.(*protocol.Round); ok {
			m.Round = max(m.Round, rec.Round)
		}
	}
}
