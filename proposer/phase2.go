package proposer

import (
	"fmt"

	"paxos/protocol"
)

// leadership is phase 2 of one ballot (Lamport 2001, phase 2; van Renesse and
// Altinbuken 2015, the commanders).
//
//	     markFirst           first              next            recoverEnd
//	---------|=================|==================|=================|------->
//	 an acceptor   accepted by a   open: proposed in  recovered, not
//	 trimmed it    majority in     this ballot, and   yet proposed
//	               this ballot     repeated
//
// Every instance is in one of these (see "Who tells the acceptors" in doc.go).
// What is applied here may end anywhere from markFirst-1 to recoverEnd, and
// moves none of the borders.
type leadership struct {
	cfg    Config
	ballot protocol.Ballot
	quorum protocol.Tally // whose promises it rests on
	votes  votes          // recovered, not yet proposed

	slots      []slot            // a ring: instance i is in slots[i & (len-1)]
	markFirst  protocol.Instance // markFirst to first-1 were chosen in this ballot
	first      protocol.Instance // the lowest one not settled
	next       protocol.Instance // the lowest one not proposed
	recoverEnd protocol.Instance // the highest one that phase 1 found a vote for
	lastSize   int               // of the value proposed last

	window
	heardAt    []protocol.Time // by place: when an acceptor was heard last in this ballot
	beatAt     protocol.Time   // when the next heartbeat is due
	progressAt protocol.Time   // when first or the applied instance moved, or the only open one was proposed
	told       told
	reads      reads
	probe      probe
	lowAt      []protocol.Time // by place: when an acceptor said last that its disk is nearly full; 0: its last word is otherwise
	full       bool            // one of them said so lately: no commands are admitted

	trims    []protocol.Instance // by place: what an acceptor has in its durable checkpoint
	change   protocol.Value      // of the membership, to be proposed, or under way at changeAt
	changeAt protocol.Instance
	settling bool // the change under way was proposed to be settled in this ballot
}

// slot is one instance that was proposed in this ballot.
type slot struct {
	value    protocol.Value
	cost     int // bytes of its Accept
	sentAt   protocol.Time
	dueAt    protocol.Time // when to send it again
	tries    int
	accepted protocol.Tally // who accepted it in this ballot
	settled  bool           // a majority did: it was chosen in this ballot (or it is trimmed, and below first)
}

func newLeadership(cfg Config) leadership {
	size := 1
	for size < cfg.WindowInstances {
		size *= 2
	}
	return leadership{
		cfg:     cfg,
		slots:   make([]slot, size),
		window:  newWindow(cfg),
		heardAt: make([]protocol.Time, cfg.Quorum.Size()),
		told:    newTold(cfg),
		lowAt:   make([]protocol.Time, cfg.Quorum.Size()),
		trims:   make([]protocol.Instance, cfg.Quorum.Size()),
	}
}

// begin enters phase 2, at first only to catch up.
func (l *leadership) begin(now protocol.Time, b protocol.Ballot, quorum protocol.Tally, v votes) {
	l.clear()
	l.ballot, l.quorum, l.votes = b, quorum, v
	l.progressAt = now
	l.told.begin(now)
	for place := range l.heardAt {
		l.heardAt[place] = now // the majority has just been heard; the others get their time
	}
}

// clear forgets the ballot and all that was proposed in it; what is worth
// keeping are the measurements.
func (l *leadership) clear() {
	clear(l.slots)
	clear(l.lowAt)
	clear(l.trims)
	l.window.clear()
	*l = leadership{cfg: l.cfg, slots: l.slots, window: l.window, heardAt: l.heardAt, told: l.told, lowAt: l.lowAt, trims: l.trims}
}

func (l *leadership) slot(i protocol.Instance) *slot { return &l.slots[int(i)&(len(l.slots)-1)] }

// room reports whether an Accept of cost bytes may be proposed now. The window
// begins at the first instance that is not settled, or not applied; so whoever
// votes on the next one is known, and a majority of them must have promised
// (rule 13).
func (p *Proposer) room(cost int) bool {
	l := &p.lead
	begin := min(l.first, p.applied+1)
	return l.next < begin+protocol.Instance(l.cfg.WindowInstances) && l.window.room(cost) &&
		p.members.Decides(p.rests(), l.next)
}

// acceptCost is what v's Accept takes on the wire, at most.
func acceptCost(v protocol.Value) int {
	return len(v) + protocol.AcceptOverhead + protocol.FrameOverhead
}

// propose gives the next instance its value in this ballot, for ever.
func (p *Proposer) propose(now protocol.Time, v protocol.Value, out *protocol.Output) {
	l, i := &p.lead, p.lead.next
	switch {
	case i > p.applied+protocol.Alpha:
		panic(fmt.Sprintf("proposer: rule 13: instance %d proposed while %d is applied: who votes is not known", i, p.applied))
	case p.state != leading || l.ballot != p.ballot || !p.members.Decides(p.rests(), i):
		panic(fmt.Sprintf("proposer: rule 5: instance %d proposed while %s, without a majority's promises", i, p.state))
	case i <= l.votes.trim || i > l.recoverEnd && i <= p.applied:
		panic(fmt.Sprintf("proposer: rule 5: instance %d proposed, decided are %d and %d", i, l.votes.trim, p.applied))
	case int(i-l.first) >= len(l.slots):
		panic(fmt.Sprintf("proposer: instance %d proposed in the place of %d, which is open", i, l.first))
	case i <= l.recoverEnd && !l.votes.allow(i, p.applied, v):
		panic(fmt.Sprintf("proposer: rule 5: instance %d proposed with another value than phase 1 found", i))
	case i > l.recoverEnd && p.applied < l.recoverEnd:
		panic(fmt.Sprintf("proposer: instance %d proposed before %d was recovered", i, l.recoverEnd))
	}
	if l.first == l.next {
		l.progressAt = now
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

// onAccepted counts the distinct acceptors that accepted in this ballot (rule 4),
// for a majority of those who vote on each instance (rule 13).
func (p *Proposer) onAccepted(now protocol.Time, from protocol.NodeID, m *protocol.Accepted) {
	if p.highest.Less(m.Ballot) {
		p.hearLeader(now, m.Ballot) // somebody's phase 2 is under way
	}
	if p.state != leading || m.Ballot != p.ballot {
		return
	}
	l := &p.lead
	l.heardAt[placeOf(p.members.All(), from)] = now
	voter := p.members.Add(0, from)
	for _, span := range m.Spans {
		for i := max(span.First, l.first); i <= min(span.Last, l.next-1); i++ {
			s := l.slot(i)
			s.accepted |= voter
			if p.members.Decides(s.accepted, i) {
				l.settle(now, s)
			}
		}
	}
	l.advance(now)
}

// settle takes an instance that need not be sent again off the window.
func (l *leadership) settle(now protocol.Time, s *slot) {
	if s.settled {
		return
	}
	s.settled, s.value = true, nil
	l.window.settled(s.cost)
	if s.tries == 1 { // who knows which of several was answered (Karn)
		l.rtt.sample(now.Sub(s.sentAt))
	}
}

// advance moves first, and with it the end of the mark, over what is settled.
func (l *leadership) advance(now protocol.Time) {
	for l.first < l.next && l.slot(l.first).settled {
		l.first++
		l.progressAt = now
	}
}

// onTrimmed takes an acceptor's word that everything up to trim is decided, and
// that it has it for good: there is no use in sending it again, and whoever
// lacks it can have it there, as a snapshot. Only an acceptor's word will do,
// for whom the others ask; and the mark begins anew above it, since too few
// Accepted may have come for some of it. Nobody but a higher ballot can have
// got an instance decided that this one neither proposed nor recovered.
//
// (An acceptor that answers a learner may have applied it, but not yet made it
// durable. If it crashes in between then see told.)
func (p *Proposer) onTrimmed(now protocol.Time, trim protocol.Instance) {
	l := &p.lead
	if p.state != leading || trim < l.first {
		return
	}
	if trim >= l.next && trim > l.recoverEnd {
		p.deposed(now)
		return
	}
	for i := l.first; i <= min(trim, l.next-1); i++ {
		l.settle(now, l.slot(i))
	}
	l.votes.trimTo(trim) // of the recovered ones some may not have been proposed yet
	l.next = max(l.next, trim+1)
	l.first, l.markFirst = trim+1, trim+1
	l.progressAt = now
	l.advance(now)
}

// goesOn reports whether the leadership goes on now that instance i was
// applied. What was recovered may be decided without our doing, late, in an
// older ballot. But nobody but a higher ballot can have got anything beyond
// that decided which this one did not propose.
func (p *Proposer) goesOn(now protocol.Time, i protocol.Instance) bool {
	if i >= p.lead.next && i > p.lead.recoverEnd {
		p.deposed(now)
		return false
	}
	p.lead.progressAt = now
	if i >= p.lead.changeAt && p.lead.changeAt != 0 {
		p.lead.change, p.lead.changeAt = nil, 0
	}
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
	if l.markFirst == l.first {
		return protocol.Mark{}
	}
	return protocol.Mark{Ballot: l.ballot, Span: protocol.Span{First: l.markFirst, Last: l.first - 1}}
}

// decided is the instance up to which everything is decided.
func (p *Proposer) decided() protocol.Instance {
	return max(p.applied, p.lead.votes.trim, max(p.lead.first, 1)-1)
}
