package learner

import "paxos/protocol"

// proposal is what is known of one instance in one ballot. Nothing is ever
// counted or remembered by less than the whole ballot (rule 3).
type proposal struct {
	ballot protocol.Ballot
	value  protocol.Value // if heard
	tally  protocol.Tally
	heard  bool
	shared bool // value is the slot's decided one, and reckoned there
	chosen bool // by a majority, or by a Mark
}

// slot is one undelivered instance.
type slot struct {
	first   proposal   // nearly always the only one
	more    []proposal // of other ballots
	value   protocol.Value
	bytes   int  // of all values here, shared ones once
	decided bool // value holds
}

// maxBallots is how many ballots are remembered for one instance. To forget one
// is as if its messages had been lost.
const maxBallots = 8

// find returns the proposal of ballot b, nil if there is none.
func (s *slot) find(b protocol.Ballot) *proposal {
	if s.first.ballot == b {
		return &s.first
	}
	for i := range s.more {
		if s.more[i].ballot == b {
			return &s.more[i]
		}
	}
	return nil
}

// proposal returns the one of ballot b, a new one if need be. It is nil if too
// many higher ones are remembered.
func (l *Learner) proposal(s *slot, b protocol.Ballot) *proposal {
	if p := s.find(b); p != nil {
		return p
	}
	switch {
	case s.first.ballot.IsZero():
		s.first.ballot = b
		return &s.first
	case len(s.more) < maxBallots-1:
		s.more = append(s.more, proposal{ballot: b})
		return &s.more[len(s.more)-1]
	}
	p := s.weakest(b)
	if p != nil {
		if !p.shared {
			s.bytes -= len(p.value)
			l.held -= len(p.value)
		}
		*p = proposal{ballot: b}
	}
	return p
}

// weakest returns the proposal of the lowest ballot below b that is not known
// chosen, nil if there is none.
func (s *slot) weakest(b protocol.Ballot) *proposal {
	var low *proposal
	consider := func(p *proposal) {
		if !p.chosen && p.ballot.Less(b) && (low == nil || p.ballot.Less(low.ballot)) {
			low = p
		}
	}
	consider(&s.first)
	for i := range s.more {
		consider(&s.more[i])
	}
	return low
}

// ring holds the undelivered instances' slots, that of instance i at i modulo
// the length, a power of two. Slots outside of next to top are empty.
type ring struct {
	slots []slot
	top   protocol.Instance // the highest instance that was touched
}

func newRing() ring { return ring{slots: make([]slot, 256)} }

func (r *ring) at(i protocol.Instance) *slot { return &r.slots[int(i)&(len(r.slots)-1)] }

// reach makes the ring hold next to i.
func (r *ring) reach(next, i protocol.Instance) {
	if i > r.top {
		r.top = i
	}
	size := len(r.slots)
	for i-next >= protocol.Instance(size) {
		size *= 2
	}
	if size == len(r.slots) {
		return
	}
	old := r.slots
	r.slots = make([]slot, size)
	for n := range old { // the old ring held next to next+len(old)-1
		i := next + protocol.Instance(n)
		*r.at(i) = old[int(i)&(len(old)-1)]
	}
}

// slot returns the slot of instance i, nil if it is delivered or too far ahead.
func (l *Learner) slot(i protocol.Instance) *slot {
	if i-l.next >= protocol.Instance(l.cfg.MaxAhead) { // wraps to a huge number below next
		return nil
	}
	l.open.reach(l.next, i)
	return l.open.at(i)
}
