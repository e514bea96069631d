package proposer

import "paxos/protocol"

// Yield hands the leadership over: to another proposer, which shall stand at
// once, or to anybody where to is 0. It does nothing, and reports so, if this
// proposer neither leads nor catches up to do so, or if to is itself.
//
// It concerns liveness only. What is under way is like that of a leader that
// crashed: the successor's phase 1 recovers it. And if the successor does not
// hear of it then some follower stands after the usual silence.
func (p *Proposer) Yield(now protocol.Time, to protocol.NodeID, out *protocol.Output) bool {
	if p.state != catchingUp && p.state != leading || to == p.cfg.Self.ID {
		return false
	}
	out.Send(protocol.GroupAcceptors, &protocol.Yield{Ballot: p.ballot, Target: to})
	p.stats.Yields++
	p.deposed(now)
	return true
}

// onYield hears that the owner of a ballot gives it up. Whoever is its target
// stands at once, without a canvass: the acceptors have heard it as well, and
// miss a leader now. A new ballot can always be tried (rule 3), so a Yield
// that is forged, late or repeated could disturb, but nothing more; one of an
// older ballot than any heard since, or given up before, does not even that.
func (p *Proposer) onYield(now protocol.Time, from protocol.NodeID, m *protocol.Yield, out *protocol.Output) {
	if m.Ballot == p.ballot && from != p.cfg.Self.ID {
		p.Yield(now, m.Target, out) // a request: whoever asks the leader to give way names its ballot
		return
	}
	e := &p.election
	stale := m.Ballot.Less(p.highest) || !e.yielded.Less(m.Ballot)
	if stale || from != m.Ballot.Proposer || p.own(m.Ballot) || p.beats(m.Ballot) {
		return
	}
	p.note(m.Ballot)
	e.leader, e.yielded, e.failures = protocol.Ballot{}, m.Ballot, 0
	switch m.Target {
	case p.cfg.Self.ID:
		p.standNow(now, out)
	case 0:
		p.standBy(now, p.jitter(0, p.cfg.StartupMax))
	default:
		if p.state != standby {
			p.standBy(now, p.patience())
		}
	}
}

// LeaderBallot is the ballot that this proposer follows, or its own while it
// leads; zero while it knows of none.
func (p *Proposer) LeaderBallot() protocol.Ballot {
	if p.state == leading || p.state == catchingUp {
		return p.ballot
	}
	return p.election.leader
}
