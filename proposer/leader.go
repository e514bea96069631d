package proposer

import "paxos/protocol"

// tickLeader sends what is due of a leader, and steps down when it does not
// lead any more in fact.
func (p *Proposer) tickLeader(now protocol.Time, out *protocol.Output) {
	if now >= p.lead.beatAt {
		if !p.hearsMajority(now) || p.stalled(now) || p.unheeded(now) {
			p.failed(now)
			return
		}
		p.beat(now, out)
	}
	if p.lead.retransmitAt != 0 && now >= p.lead.retransmitAt {
		p.retransmit(now, out)
	}
}

// hearsMajority reports whether a majority of distinct acceptors followed this
// ballot lately. A leader without one must not keep others from trying.
func (p *Proposer) hearsMajority(now protocol.Time) bool {
	n := 0
	for _, at := range p.lead.heardAt {
		if now.Sub(at) < p.cfg.ElectionMax {
			n++
		}
	}
	return n >= p.cfg.Quorum.Majority()
}

// stalled reports whether nothing was decided for too long with work at hand:
// acceptors may go on answering heartbeats though their disks are stuck.
func (p *Proposer) stalled(now protocol.Time) bool {
	busy := p.state == catchingUp || p.lead.first < p.lead.next || p.applied < p.lead.first-1
	return busy && now.Sub(p.lead.progressAt) >= p.cfg.StallTimeout
}

// beat sends a sign of life. Its news lets everybody find out about a lost
// tail, not only about holes.
func (p *Proposer) beat(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	l.beatAt = now.Add(p.cfg.Heartbeat)
	out.Send(protocol.GroupAcceptors, &protocol.Heartbeat{
		Ballot: l.ballot, Decided: p.decided(), Mark: l.mark(), Pins: p.pins.table.List(),
	})
}

// onHeartbeatAck notes that an acceptor follows, how much it can take, and how
// much of what is decided it knows.
func (p *Proposer) onHeartbeatAck(now protocol.Time, from protocol.NodeID, m *protocol.HeartbeatAck) {
	if p.state != catchingUp && p.state != leading || m.Ballot != p.ballot {
		return
	}
	place := placeOf(p.cfg.Quorum, from)
	p.lead.heardAt[place] = now
	p.lead.window.offer(place, m.Window)
	p.lead.told.says(now, place, m.Applied)
}

// retransmit sends again what is due and not settled, as far as the window of
// this moment goes, and finds the next time when something is.
func (p *Proposer) retransmit(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	l.retransmitAt = 0
	budget := 0
	for i := l.first; i < l.next; i++ {
		s := l.slot(i)
		switch {
		case s.settled:
		case s.dueAt > now:
			l.arm(s.dueAt)
		case budget > 0 && budget+s.cost > l.congestion:
			l.arm(now.Add(p.cfg.RetransmitMin / 4)) // the rest after a breath
			return
		default:
			l.lost(now, p.cfg)
			budget += s.cost
			p.stats.Retransmitted++
			p.sendAccept(now, i, out)
		}
	}
}
