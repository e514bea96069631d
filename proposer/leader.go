package proposer

import (
	"slices"

	"paxos/protocol"
)

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
	p.confirmReads(now, out)
	if p.lead.retransmitAt != 0 && now >= p.lead.retransmitAt {
		p.retransmit(now, out)
	}
}

// hearsMajority reports whether a majority of the distinct acceptors that vote
// on what is to come followed this ballot lately. A leader without one must not
// keep others from trying.
func (p *Proposer) hearsMajority(now protocol.Time) bool {
	var heard protocol.Tally
	for place, id := range p.members.All().Members() {
		if now.Sub(p.lead.heardAt[place]) < p.cfg.ElectionMax {
			heard = p.members.Add(heard, id)
		}
	}
	return p.coversNext(heard)
}

// coversNext reports whether a tally has a majority of all who may vote on what is to come.
func (p *Proposer) coversNext(t protocol.Tally) bool {
	return p.members.Covers(t, max(p.lead.next, p.lead.votes.trim+1)-1)
}

// stalled reports whether nothing was decided for too long with work at hand:
// acceptors may go on answering heartbeats though their disks are stuck.
func (p *Proposer) stalled(now protocol.Time) bool {
	busy := p.state == catchingUp || p.lead.first < p.lead.next || p.applied < p.lead.first-1
	return busy && now.Sub(p.lead.progressAt) >= p.cfg.StallTimeout
}

// beat sends a sign of life, when its time has come: a Heartbeat for the sake of
// reads does not put it off, nor what a leader looks after with each of them.
func (p *Proposer) beat(now protocol.Time, out *protocol.Output) {
	p.lead.beatAt = now.Add(p.cfg.Heartbeat)
	p.lead.lookAtDisks(now)
	if r := &p.lead.reads; len(r.underWay) == 0 && r.tries > 0 {
		r.renew() // a round of its own, for the probe
	}
	p.sendHeartbeat(now, out)
}

// sendHeartbeat tells what is decided, so that everybody finds out about a lost
// tail, not only about holes. It serves the reads that are under way.
func (p *Proposer) sendHeartbeat(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	l.reads.tries++
	l.probing(now, l.reads.tries == 1)
	l.reads.resendAt = now.Add(l.rtt.timeout(p.cfg, l.reads.tries))
	out.Send(protocol.GroupAcceptors, &protocol.Heartbeat{
		Ballot: l.ballot, Decided: p.decided(), Round: l.reads.round, Full: l.full, Mark: l.mark(), Pins: p.pins.table.List(),
	})
}

// onHeartbeatAck notes that an acceptor follows, how much it can take, how much
// of what is decided it knows, and whether its disk is nearly full.
func (p *Proposer) onHeartbeatAck(now protocol.Time, from protocol.NodeID, m *protocol.HeartbeatAck, out *protocol.Output) {
	if p.state != catchingUp && p.state != leading || m.Ballot != p.ballot {
		return
	}
	place := placeOf(p.members.All(), from)
	p.lead.heardAt[place] = now
	p.lead.window.offer(place, m.Window)
	p.lead.told.says(now, place, m.Applied)
	p.lead.trims[place] = max(p.lead.trims[place], m.Trim)
	p.lead.lowAt[place] = 0
	if m.Low {
		p.lead.lowAt[place] = max(now, 1)
	}
	p.lead.lookAtDisks(now)
	p.probed(now, from, m.Round)
	p.onConfirm(from, m.Round, out)
}

// lookAtDisks finds out whether the disk of any acceptor that was heard lately is
// nearly full. No commands are admitted then. What was admitted before goes on,
// for it is little, and so does all that needs no new command.
func (l *leadership) lookAtDisks(now protocol.Time) {
	l.full = slices.ContainsFunc(l.lowAt, func(at protocol.Time) bool {
		return at != 0 && now.Sub(at) < l.cfg.ElectionMax
	})
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
