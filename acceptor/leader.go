package acceptor

import "paxos/protocol"

// hear notes that a leader, or one in the making, is alive: its ballot is not
// lower than the promised one.
func (a *Acceptor) hear(now protocol.Time) { a.leaderHeard, a.heardAt = true, now }

// canvass answers a proposer that would like to lead. It changes nothing.
func (a *Acceptor) canvass(now protocol.Time, m *protocol.Canvass, out *protocol.Output) {
	hears := a.leaderHeard && now.Sub(a.heardAt) < a.cfg.LeaderTimeout
	out.Send(protocol.GroupProposers, &protocol.Support{Round: m.Round, Granted: !hears, Promised: a.promised})
}

// heartbeat notes the leader and answers it, or tells it that it was deposed.
// The answer promises nothing: a Heartbeat of a higher ballot leaves the
// promise as it is. It says how much of what is decided this process knows,
// since nobody but a leader can tell it more if no acceptor knows more. And it
// allows to vote in its ballot, for its pins did not contradict this store
// (rule 10).
func (a *Acceptor) heartbeat(now protocol.Time, from protocol.Sender, m *protocol.Heartbeat, out *protocol.Output) {
	if store, elsewhere := a.pinnedElsewhere(m.Pins); elsewhere {
		a.fail(a.strangerError(from, store), out)
		return
	}
	a.learnPins(m.Pins, out)
	if m.Ballot.Less(a.promised) {
		a.refuse(m.Ballot, out)
		return
	}
	a.hear(now)
	a.vouched = m.Ballot
	out.Send(protocol.GroupProposers, &protocol.HeartbeatAck{Ballot: m.Ballot, Window: a.cfg.Window, Applied: a.learned})
}
