package acceptor

import (
	"bytes"
	"fmt"

	"paxos/protocol"
)

// Acceptor is the core of one acceptor. It is not safe for concurrent use.
type Acceptor struct {
	cfg      Config
	maxSpans int // of one Accepted, so that it fits a datagram

	promised protocol.Ballot // never goes down (rule 2)
	votes    voteTable
	learned  protocol.Instance // up to where this process has applied what was decided
	pins     *protocol.Pins
	beat     protocol.Ballot // of the last Heartbeat that was answered; forgotten at a restart
	vouched  bool            // its pins have this very store

	members []protocol.Member // everybody that takes part, if Configure was called
	next    protocol.NodeID   // no member ever had an id from here on

	leaderHeard bool
	heardAt     protocol.Time
	yielded     protocol.Ballot // the highest one that was given up
	low         bool            // its disk is nearly full
	stopped     bool            // after out.Fail: neither promises nor votes any more

	stats Stats
}

// Stats counts what happened since the start.
type Stats struct {
	Voted        uint64 // votes cast
	Repeated     uint64 // Accepts that were answered with an earlier vote
	Pages        uint64 // pages of promises sent
	Refused      uint64 // Prepares, Accepts and Heartbeats of too low a ballot
	Forgotten    uint64 // Accepts at or below the trim point
	Beyond       uint64 // Accepts beyond MaxOpen
	Full         uint64 // Accepts beyond MaxVoteBytes
	Removed      uint64 // Canvasses and Prepares of list servers that were removed
	Unvouched    uint64 // Accepts of a ballot whose owner did not say in its last Heartbeat that it knows this store
	Conflicts    uint64 // Accepts with another value than the one of the same ballot: a proposer broke rule 3
	PinConflicts uint64 // pins heard that contradict a pin held, the own one among them
	Open         int    // votes held now
	Bytes        int    // what they take, in bytes
	// Conflict describes the first of Conflicts, nil if there was none.
	Conflict error
}

// New makes an acceptor of what its store remembers. Errors: a configuration
// or a store that an acceptor must not work with.
func New(cfg Config, r Restored) (*Acceptor, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	a := &Acceptor{cfg: cfg, maxSpans: spansWithin(cfg.PageBytes), promised: r.Promised, votes: newVoteTable(r.Trim), learned: r.Trim}
	if err := a.restoreVotes(r.Votes); err != nil {
		return nil, err
	}
	if err := a.restorePins(r.Pins); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Acceptor) restoreVotes(votes []protocol.Vote) error {
	for _, v := range votes {
		if a.promised.Less(v.Ballot) { // also by votes that were trimmed: a vote is a promise too (rule 2)
			a.promised = v.Ballot
		}
		if v.Instance <= a.votes.trim {
			continue
		}
		if v.Instance-a.votes.trim > protocol.Instance(a.cfg.MaxOpen) {
			return fmt.Errorf("acceptor %d: its store holds a vote for instance %d, more than %d above its trim point %d",
				a.cfg.Self.ID, v.Instance, a.cfg.MaxOpen, a.votes.trim)
		}
		held := a.votes.get(v.Instance)
		if held != nil && held.Ballot == v.Ballot && !bytes.Equal(held.Value, v.Value) {
			return fmt.Errorf("acceptor %d: its store holds two values for instance %d in ballot %s",
				a.cfg.Self.ID, v.Instance, v.Ballot)
		}
		if held == nil || held.Ballot.Less(v.Ballot) {
			a.votes.put(&protocol.Voted{Vote: v})
		}
	}
	return nil
}

// Step takes one message. Messages that are not for an acceptor change nothing.
func (a *Acceptor) Step(now protocol.Time, from protocol.Sender, m protocol.Message, out *protocol.Output) {
	if a.stopped {
		return
	}
	switch m := m.(type) {
	case *protocol.Accept:
		a.accept(now, from, m, out)
	case *protocol.Prepare:
		a.prepare(now, from, m, out)
	case *protocol.Heartbeat:
		a.heartbeat(now, from, m, out)
	case *protocol.Canvass:
		a.canvass(now, from, m, out)
	case *protocol.Yield:
		a.yield(from, m)
	case *protocol.Stranger:
		a.stranger(from, m, out)
	}
}

// Trim forgets the votes up to and including upTo. The caller vouches that the
// list up to upTo stands in this process's own durable checkpoint (rule 7).
// The trim point never goes down.
func (a *Acceptor) Trim(upTo protocol.Instance) {
	a.votes.forget(upTo)
	a.Learned(upTo)
}

// Learned says that this process has applied the decided instances up to upTo.
// Heartbeats are answered with it; it never goes back.
func (a *Acceptor) Learned(upTo protocol.Instance) { a.learned = max(a.learned, upTo) }

// Configure says who takes part, voters and learners alike, and from which id on
// there never was anybody. Who votes need not be known here: the others count.
// But a list server that was removed, and does not know it yet, must not disturb:
// it is neither supported nor promised anything. That is always safe, and since
// ids are never used again it will never be a member.
func (a *Acceptor) Configure(members []protocol.Member, next protocol.NodeID) {
	a.members, a.next = members, next
}

// removed reports whether a message is from a server that was a member once. One
// that is not known yet is another matter: it may know more than we do.
func (a *Acceptor) removed(from protocol.Sender) bool {
	if from.Role != protocol.RoleServer || !a.gone(from.ID) {
		return false
	}
	a.stats.Removed++
	return true
}

// gone reports whether an id was a member's once, and never will be again.
func (a *Acceptor) gone(id protocol.NodeID) bool {
	return id < a.next && !protocol.HasMember(a.members, id)
}

// SetLow says whether this process's disk is nearly full, so that the leader
// should take no more commands. Votes go on as before.
func (a *Acceptor) SetLow(low bool) { a.low = low }

// Promised is the highest promised ballot, zero if there is none: votes count
// as promises. A checkpoint must hold it, because the vote that made the
// promise may be trimmed.
func (a *Acceptor) Promised() protocol.Ballot { return a.promised }

// TrimPoint is the instance up to which votes are forgotten, 0 if none is.
func (a *Acceptor) TrimPoint() protocol.Instance { return a.votes.trim }

// VotesAbove returns the votes for the instances above i, ascending, for a
// checkpoint. The values are shared and must not be changed.
func (a *Acceptor) VotesAbove(i protocol.Instance) []protocol.Vote {
	var votes []protocol.Vote
	for v := range a.votes.from(i + 1) {
		votes = append(votes, *v)
	}
	return votes
}

// Pins returns the pins held, the own one among them, in ascending order. The
// slice is never changed, by nobody.
func (a *Acceptor) Pins() []protocol.Pin { return a.pins.List() }

// Stats returns the counters.
func (a *Acceptor) Stats() Stats {
	s := a.stats
	s.Open, s.Bytes = a.votes.count, a.votes.bytes
	return s
}

// refuse tells the owner of a ballot that a higher one was promised, once for
// a burst of its messages. It commits to nothing, so it need not wait.
func (a *Acceptor) refuse(to protocol.Peer, b protocol.Ballot, out *protocol.Output) {
	a.stats.Refused++
	if n := len(out.Now); n > 0 {
		if last, ok := out.Now[n-1].Msg.(*protocol.Refuse); ok && last.Ballot == b && last.Promised == a.promised {
			return
		}
	}
	out.Now = append(out.Now, reply(to, &protocol.Refuse{Ballot: b, Promised: a.promised}))
}

// reply is an answer to one proposer. Where a network carries to groups only,
// the other proposers hear it too.
func reply(to protocol.Peer, m protocol.Message) protocol.Send {
	return protocol.Send{To: protocol.GroupProposers, Only: to, Msg: m}
}

// fail stops this acceptor for good.
func (a *Acceptor) fail(err error, out *protocol.Output) {
	a.stopped = true
	out.Fail(err)
}
