package proposer

import (
	"fmt"

	"paxos/protocol"
)

// leadership is phase 2 of one ballot (Lamport 2001, phase 2; van Renesse and
// Altinbuken 2015, the commanders).
//
//	     markFirst    markNext  first          next        recoverEnd
//	---------|==========|--------|======|======|-----------|------->
//	 decided   and in this ballot  open proposed, recovered, not yet proposed
//
// markNext may be on either side of first: an instance is retired when it was
// applied, and marked when a majority accepted it in this very ballot.
type leadership struct {
	cfg    Config
	ballot protocol.Ballot
	quorum protocol.Tally // whose promises it rests on
	votes  votes          // recovered, not yet proposed

	slots      []slot            // a ring: instance i is in slots[i & (len-1)]
	first      protocol.Instance // the lowest one not applied
	next       protocol.Instance // the lowest one not proposed
	recoverEnd protocol.Instance // the highest one that phase 1 found a vote for
	markFirst  protocol.Instance // markFirst to markNext-1 were chosen in this ballot
	markNext   protocol.Instance
	beatEnd    protocol.Instance // what was applied at the last heartbeat
	lastSize   int               // of the value proposed last

	window
	heardAt    []protocol.Time // by place: when an acceptor was heard last in this ballot
	beatAt     protocol.Time   // when the next heartbeat is due
	progressAt protocol.Time   // when the oldest open instance was applied, or the first one proposed
}

// slot is one instance that was proposed in this ballot.
type slot struct {
	value    protocol.Value
	cost     int // bytes of its Accept
	sentAt   protocol.Time
	dueAt    protocol.Time // when to send it again
	tries    int
	accepted protocol.Tally // who accepted it in this ballot
	mine     bool           // a majority did: it was chosen in this ballot
	settled  bool           // it is decided, in whichever ballot
}

func newLeadership(cfg Config) leadership {
	size := 1
	for size < 2*cfg.WindowInstances {
		size *= 2
	}
	return leadership{
		cfg:     cfg,
		slots:   make([]slot, size),
		window:  newWindow(cfg),
		heardAt: make([]protocol.Time, cfg.Quorum.Size()),
	}
}

// begin enters phase 2, at first only to catch up.
func (l *leadership) begin(now protocol.Time, b protocol.Ballot, quorum protocol.Tally, v votes) {
	l.clear()
	l.ballot, l.quorum, l.votes = b, quorum, v
	l.progressAt = now
	for place := range l.heardAt {
		l.heardAt[place] = now // the majority has just been heard; the others get their time
	}
}

// clear forgets the ballot and all that was proposed in it; what is worth
// keeping are the measurements.
func (l *leadership) clear() {
	clear(l.slots)
	l.window.clear()
	*l = leadership{cfg: l.cfg, slots: l.slots, window: l.window, heardAt: l.heardAt}
}

func (l *leadership) slot(i protocol.Instance) *slot { return &l.slots[int(i)&(len(l.slots)-1)] }

// room reports whether an Accept of cost bytes may be sent now.
func (l *leadership) room(cost int) bool {
	return int(l.next-l.first) < l.cfg.WindowInstances && l.window.room(cost)
}

// acceptCost is what v's Accept takes on the wire, at most.
func acceptCost(v protocol.Value) int {
	return len(v) + protocol.AcceptOverhead + protocol.FrameOverhead
}

// propose gives the next instance its value in this ballot, for ever.
func (p *Proposer) propose(now protocol.Time, v protocol.Value, out *protocol.Output) {
	l, i := &p.lead, p.lead.next
	switch {
	case p.state != leading || l.ballot != p.ballot || !p.cfg.Quorum.Reached(l.quorum):
		panic(fmt.Sprintf("proposer: rule 5: instance %d proposed while %s, without a majority's promises", i, p.state))
	case i <= l.votes.trim || i <= p.applied:
		panic(fmt.Sprintf("proposer: rule 5: instance %d proposed, decided are %d and %d", i, l.votes.trim, p.applied))
	case i > l.recoverEnd && p.applied < l.recoverEnd:
		panic(fmt.Sprintf("proposer: instance %d proposed before %d was recovered", i, l.recoverEnd))
	}
	if l.first == l.next {
		l.progressAt = now
	}
	if int(l.next-l.markNext) >= len(l.slots) {
		l.skipMark(l.markNext + 1)
	}
	l.next++
	l.lastSize = len(v)
	*l.slot(i) = slot{value: v, cost: acceptCost(v), sentAt: now}
	l.window.sent(l.slot(i).cost)
	p.sendAccept(now, i, out)
}

// sendAccept needs no record: a proposer's durable promise is its round alone,
// and that is durable since before the first Prepare (rule 3).
func (p *Proposer) sendAccept(now protocol.Time, i protocol.Instance, out *protocol.Output) {
	l := &p.lead
	s := l.slot(i)
	s.tries++
	s.dueAt = now.Add(l.rtt.timeout(p.cfg, s.tries))
	l.arm(s.dueAt)
	out.Send(protocol.GroupAcceptors, &protocol.Accept{Ballot: l.ballot, Instance: i, Mark: l.mark(), Value: s.value})
}

// onAccepted counts the distinct acceptors that accepted in this ballot (rule 4).
func (p *Proposer) onAccepted(now protocol.Time, from protocol.NodeID, m *protocol.Accepted) {
	if p.highest.Less(m.Ballot) {
		p.hearLeader(now, m.Ballot) // somebody's phase 2 is under way
	}
	if p.state != leading || m.Ballot != p.ballot {
		return
	}
	l := &p.lead
	l.heardAt[placeOf(p.cfg.Quorum, from)] = now
	for _, span := range m.Spans {
		for i := max(span.First, l.markNext); i <= min(span.Last, l.next-1); i++ {
			s := l.slot(i)
			s.accepted = p.cfg.Quorum.Add(s.accepted, from)
			if !s.mine && p.cfg.Quorum.Reached(s.accepted) {
				s.mine = true
				l.settle(now, s)
			}
		}
	}
	l.advanceMark()
}

// Chosen says that the learner half found instance i decided; the same one may
// be named several times, in any order.
func (p *Proposer) Chosen(now protocol.Time, i protocol.Instance, _ *protocol.Output) {
	p.start(now)
	if p.state == leading && i >= p.lead.first && i < p.lead.next {
		p.lead.settle(now, p.lead.slot(i))
	}
}

// onTrimmed takes somebody's word that everything up to trim is decided: there
// is no use in sending it again. The learner half will catch up.
func (p *Proposer) onTrimmed(now protocol.Time, trim protocol.Instance) {
	if p.state != leading {
		return
	}
	for i := p.lead.first; i <= trim && i < p.lead.next; i++ {
		p.lead.settle(now, p.lead.slot(i))
	}
}

// settle takes a decided instance off the window.
func (l *leadership) settle(now protocol.Time, s *slot) {
	if s.settled {
		return
	}
	s.settled = true
	l.window.settled(s.cost)
	if s.tries == 1 { // who knows which of several was answered (Karn)
		l.rtt.sample(now.Sub(s.sentAt))
	}
}

// retire forgets the instances up to i, which were applied, and reports
// whether the leadership goes on. What was recovered need not be proposed any
// more once it is decided; but beyond that nobody else can have got an
// instance decided, except in a higher ballot.
func (p *Proposer) retire(now protocol.Time, i protocol.Instance) bool {
	l := &p.lead
	if i >= l.next && i > l.recoverEnd {
		p.election.leader = protocol.Ballot{}
		p.standBy(now, p.patience())
		return false
	}
	for ; l.first <= i && l.first < l.next; l.first++ {
		s := l.slot(l.first)
		l.settle(now, s)
		s.value = nil
	}
	if i >= l.next {
		l.votes.forget(i)
		l.first, l.next = i+1, i+1
		l.skipMark(l.next)
	}
	l.progressAt = now
	return true
}

// mark says which instances are decided with the value that this ballot gave
// them. It claims only those of which a majority's Accepted *in this ballot*
// was counted. That the learner half applied an instance would not do: a
// leader may have been deposed without having heard of it, and learn from a
// decided list what a higher ballot chose there. Paxos' invariant binds the
// ballots above the one that chose, not those below: our value would be
// another one, and a listener that trusts the mark would believe it decided.
func (l *leadership) mark() protocol.Mark {
	if l.markFirst == l.markNext {
		return protocol.Mark{}
	}
	return protocol.Mark{Ballot: l.ballot, Span: protocol.Span{First: l.markFirst, Last: l.markNext - 1}}
}

func (l *leadership) advanceMark() {
	for l.markNext < l.next && l.slot(l.markNext).mine {
		l.markNext++
	}
}

// skipMark gives up the instances below i, of which too few Accepted came, but
// which are decided: whoever lacks their values must ask for them.
func (l *leadership) skipMark(i protocol.Instance) {
	l.markFirst, l.markNext = i, i
	l.advanceMark()
}

// decided is the instance up to which everything is decided.
func (p *Proposer) decided() protocol.Instance {
	return max(p.applied, p.lead.votes.trim, max(p.lead.markNext, 1)-1)
}
