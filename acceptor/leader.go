package acceptor

import (
	"slices"

	"paxos/protocol"
)

// hear notes that a leader, or one in the making, is alive: its ballot is not
// lower than the promised one. It is not if it was given up, and the word of that
// has overtaken other messages.
func (a *Acceptor) hear(now protocol.Time, b protocol.Ballot) {
	if a.yielded.Round < b.Round || a.yielded.Less(b) { // the first will nearly always do
		a.leaderHeard, a.heardAt = true, now
	}
}

// canvass answers a proposer that would like to lead. It changes nothing. It also
// says how far this process knows what is decided: where nobody leads, nobody else
// tells. A proposer that is new to an old cluster may not know who its members are,
// and could not lead before it has learned that.
func (a *Acceptor) canvass(now protocol.Time, from protocol.Sender, m *protocol.Canvass, out *protocol.Output) {
	if a.removed(from) {
		return
	}
	hears := a.leaderHeard && now.Sub(a.heardAt) < a.cfg.LeaderTimeout
	out.Now = append(out.Now, reply(from.Peer, &protocol.Support{Round: m.Round, Granted: !hears, Promised: a.promised}))
	if !hears && a.learned > 0 {
		out.Now = append(out.Now, protocol.Send{To: protocol.GroupLearners, Only: from.Peer,
			Msg: &protocol.Trimmed{Applied: a.learned}}) // nothing is forgotten, as far as this says: peers may still have it
	}
}

// heartbeat notes the leader and answers it, or tells it that it was deposed.
// The answer promises nothing: a Heartbeat of a higher ballot leaves the
// promise as it is. It says how much of what is decided this process knows,
// since nobody but a leader can tell it more if no acceptor knows more, and how
// much of it stands in its checkpoint. It repeats the Heartbeat's Round: after
// that round began no higher ballot was promised here, which is what a
// linearizable read needs (rule 12). And the Heartbeat allows to vote in its
// ballot if its pins have this very store (rule 10).
func (a *Acceptor) heartbeat(now protocol.Time, from protocol.Sender, m *protocol.Heartbeat, out *protocol.Output) {
	if store, elsewhere := a.pinnedElsewhere(m.Pins); elsewhere {
		a.fail(a.strangerError(from, store), out)
		return
	}
	a.learnPins(m.Pins, out)
	if m.Ballot.Less(a.promised) {
		a.refuse(from.Peer, m.Ballot, out)
		return
	}
	a.hear(now, m.Ballot)
	a.beat = m.Ballot
	a.vouched = slices.Contains(m.Pins, protocol.Pin{Acceptor: a.cfg.Self.ID, Store: a.cfg.Self.Store})
	out.Now = append(out.Now, reply(from.Peer, &protocol.HeartbeatAck{
		Ballot: m.Ballot, Round: m.Round, Window: a.cfg.Window, Low: a.low, Applied: a.learned, Trim: a.votes.trim,
	}))
}

// yield hears that a leader gives up, and so does not count it as heard any
// more: whoever asks next is supported at once. It concerns liveness only: no
// promise is taken back. What comes from anybody but the owner of the ballot,
// or of a lower ballot than the one that is promised or heard here, which is
// somebody else's business by now, changes nothing.
func (a *Acceptor) yield(from protocol.Sender, m *protocol.Yield) {
	if from.ID == m.Ballot.Proposer && !m.Ballot.Less(a.promised) && !m.Ballot.Less(a.beat) {
		a.leaderHeard, a.yielded = false, m.Ballot
	}
}
