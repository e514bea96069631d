package proposer

import (
	"errors"
	"math"
	"time"

	"paxos/protocol"
)

// election is what a proposer knows while it does not hold a ballot that counts.
type election struct {
	leader   protocol.Ballot // whom it hears; zero: nobody
	standAt  protocol.Time   // standby: when the silence has been long enough
	failures int             // candidacies that came to nothing since a leader was heard
	yielded  protocol.Ballot // the highest one that was given up by its owner

	round     uint64         // canvassing: names the attempt, so that old answers don't count
	granted   protocol.Tally // acceptors that miss a leader, too
	attempts  int            // Canvasses sent in this attempt
	resendAt  protocol.Time
	restartAt protocol.Time // when the answers so far are too old to mean anything
}

var errRounds = errors.New("proposer: there is no round above the highest one seen")

// standBy gives up whatever is under way and waits before it stands (again).
func (p *Proposer) standBy(now protocol.Time, wait time.Duration) {
	p.election.standAt = now.Add(wait)
	if p.state == leading || p.state == catchingUp {
		p.stats.StepDowns++
		p.lead.clear()
		p.admit.clear()
	}
	p.state = standby
	p.phase1 = phase1{}
}

// patience is how long a follower bears silence: random, so that seldom two
// stand at once.
func (p *Proposer) patience() time.Duration { return p.jitter(p.cfg.ElectionMin, p.cfg.ElectionMax) }

// failed ends a candidacy that came to nothing. Each further one waits twice
// as long, from twice as wide a range, so that a duel ends soon.
func (p *Proposer) failed(now protocol.Time) {
	wait := p.patience() << min(p.election.failures, 2)
	p.election.failures++
	p.election.leader = protocol.Ballot{}
	p.standBy(now, wait)
}

// deposed ends a leadership that a higher ballot has ended already.
func (p *Proposer) deposed(now protocol.Time) {
	p.election.leader = protocol.Ballot{}
	p.standBy(now, p.patience())
}

// note remembers the highest ballot of any other proposer.
func (p *Proposer) note(b protocol.Ballot) {
	if p.highest.Less(b) && !p.own(b) {
		p.highest = b
	}
}

// beats reports whether our own ballot is in use and above b.
func (p *Proposer) beats(b protocol.Ballot) bool { return p.state >= preparing && b.Less(p.ballot) }

// hearLeader takes a Heartbeat's or an Accept's ballot: phase 1 of that ballot
// was completed, so its proposer leads unless a higher ballot was seen.
func (p *Proposer) hearLeader(now protocol.Time, b protocol.Ballot) {
	if p.own(b) || b.Less(p.highest) {
		return
	}
	p.note(b)
	if p.beats(b) || !p.election.yielded.Less(b) { // or overtaken by the word that it was given up
		return
	}
	p.election.leader, p.election.failures = b, 0
	p.standBy(now, p.patience())
}

// hearCandidate takes a Prepare's ballot. A lesser candidate makes room; a
// leader goes on until an acceptor refuses it.
func (p *Proposer) hearCandidate(now protocol.Time, b protocol.Ballot) {
	if p.own(b) || !p.highest.Less(b) {
		return
	}
	p.note(b)
	if p.state <= preparing && !p.beats(b) {
		p.standBy(now, p.patience())
	}
}

// onRefuse takes an acceptor's word that it promised a higher ballot: ours is
// of no use any more with it, and somebody else's is coming.
func (p *Proposer) onRefuse(now protocol.Time, m *protocol.Refuse) {
	p.note(m.Promised)
	if m.Ballot != p.ballot || !p.ballot.Less(m.Promised) {
		return
	}
	switch p.state {
	case preparing:
		p.failed(now)
	case catchingUp, leading:
		p.deposed(now)
	}
}

func (p *Proposer) tickStandby(now protocol.Time, out *protocol.Output) {
	if now < p.election.standAt {
		return
	}
	p.election.leader = protocol.Ballot{}
	if !p.mayStand() {
		p.election.standAt = now.Add(p.patience())
		return
	}
	p.state = canvassing
	p.beginCanvass(now)
	p.sendCanvass(now, out)
}

func (p *Proposer) beginCanvass(now protocol.Time) {
	e := &p.election
	e.round = p.nextRound()
	e.granted, e.attempts = 0, 0
	e.restartAt = now.Add(p.cfg.ElectionMin)
}

// nextRound is the lowest round that nobody can have used as far as we know;
// it is 0 when there is none.
func (p *Proposer) nextRound() uint64 {
	if seen := max(p.round, p.highest.Round); seen < math.MaxUint64 {
		return seen + 1
	}
	return 0
}

// sendCanvass asks all acceptors whether they would follow. It goes on for
// ever, ever more slowly: it changes nothing, and the day a majority is back
// it is heard at once.
func (p *Proposer) sendCanvass(now protocol.Time, out *protocol.Output) {
	e := &p.election
	if e.round == 0 {
		out.Fail(errRounds)
		return
	}
	out.Send(protocol.GroupAcceptors, &protocol.Canvass{Round: e.round})
	e.attempts++
	wait := backOff(p.cfg.RetransmitMin, p.cfg.RetransmitMax, e.attempts)
	e.resendAt = now.Add(wait + p.jitter(0, wait/4))
}

func (p *Proposer) tickCanvass(now protocol.Time, out *protocol.Output) {
	if now < p.election.resendAt {
		return
	}
	if now >= p.election.restartAt {
		attempts := p.election.attempts
		p.beginCanvass(now)
		p.election.attempts = attempts
	}
	p.sendCanvass(now, out)
}

// onSupport counts the acceptors that miss a leader, by their last word. Only
// a majority of them makes a candidate, so that one who alone cannot hear the
// leader does not depose it.
func (p *Proposer) onSupport(now protocol.Time, from protocol.NodeID, m *protocol.Support, out *protocol.Output) {
	p.note(m.Promised)
	if p.state != canvassing || m.Round != p.election.round {
		return
	}
	if !m.Granted {
		p.election.granted &^= p.members.Add(0, from)
		return
	}
	p.election.granted = p.members.Add(p.election.granted, from)
	if p.members.Covers(p.election.granted, p.applied) {
		p.stand(now, out)
	}
}
