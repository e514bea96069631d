package learner

import (
	"bytes"
	"fmt"

	"paxos/protocol"
)

// accept hears a proposal. Its value is only what this ballot proposes; the
// Mark beside it speaks of other instances.
func (l *Learner) accept(m *protocol.Accept) {
	l.seen = max(l.seen, m.Instance)
	if s := l.slot(m.Instance); s != nil {
		if p := l.proposal(s, m.Ballot); p != nil {
			l.hear(m, s, p)
		}
	}
	l.mark(m.Mark)
}

// hear notes a proposal's value.
func (l *Learner) hear(m *protocol.Accept, s *slot, p *proposal) {
	switch {
	case !p.heard && s.decided && bytes.Equal(s.value, m.Value):
		p.value, p.heard, p.shared = s.value, true, true // it was repaired before; hold it once
	case !p.heard:
		if !l.hold(m.Instance, s, len(m.Value)) {
			return
		}
		p.value, p.heard = m.Value, true
		if p.chosen {
			l.settle(m.Instance, s, m.Value)
		}
	case bytes.Equal(p.value, m.Value): // a retransmission
	case p.chosen:
		disagree(m.Instance, p.value, m.Value)
	default:
		l.stats.Conflicts++
	}
}

// hold makes room for a value of n bytes. The next instance always has room:
// all others wait for it.
func (l *Learner) hold(i protocol.Instance, s *slot, n int) bool {
	if l.held+n > l.cfg.MaxHeldBytes && i != l.next {
		l.stats.Dropped++
		return false
	}
	l.held += n
	s.bytes += n
	return true
}

// accepted counts an acceptor's votes, one for each instance and ballot, however
// often they are told (rule 4), for a majority of those who vote on it (rule 13).
func (l *Learner) accepted(from protocol.Sender, m *protocol.Accepted, out *protocol.Output) {
	if !l.counts(from, out) {
		return
	}
	voter := l.members.Add(0, from.ID)
	for _, span := range m.Spans {
		l.seen = max(l.seen, span.Last)
		if span.Last > l.horizon { // rule 13
			l.stats.Unknown++
		}
		for i := max(span.First, l.next); i <= min(span.Last, l.horizon); i++ {
			s := l.slot(i)
			if s == nil {
				break // too far ahead
			}
			if p := l.proposal(s, m.Ballot); p != nil && !p.chosen {
				p.tally |= voter
				if l.members.Decides(p.tally, i) {
					l.choose(i, s, p)
				}
			}
		}
	}
}

// mark carries out a Mark, as far as it is news. Marks repeat themselves and
// may span the whole reign of a leader: what the last one covered, and what is
// delivered or too far ahead, is not looked at again.
func (l *Learner) mark(m protocol.Mark) {
	if m.IsZero() {
		return
	}
	l.watermark = max(l.watermark, m.Last)
	first, last := max(m.First, l.next), min(m.Last, l.next+protocol.Instance(l.cfg.MaxAhead)-1)
	done := &l.marked
	joins := done.Ballot == m.Ballot && done.First <= first && first <= done.Last+1
	if joins {
		first = done.Last + 1
	}
	if first > last {
		return
	}
	for i := first; i <= last; i++ {
		s := l.slot(i)
		if p := l.proposal(s, m.Ballot); p != nil && !p.chosen {
			l.choose(i, s, p)
		}
	}
	if joins {
		done.Last = last
	} else {
		*done = protocol.Mark{Ballot: m.Ballot, Span: protocol.Span{First: first, Last: last}}
	}
}

// decided takes a Decided list.
func (l *Learner) decided(m *protocol.Decided, out *protocol.Output) {
	l.watermark = max(l.watermark, m.Applied)
	for _, d := range m.Decisions {
		l.watermark = max(l.watermark, d.Instance)
		if v, ok := l.recent.get(d.Instance); ok && !bytes.Equal(v, d.Value) {
			disagree(d.Instance, v, d.Value)
		}
		s := l.slot(d.Instance)
		if s == nil {
			continue // delivered, or too far ahead
		}
		if s.decided || l.hold(d.Instance, s, len(d.Value)) {
			l.settle(d.Instance, s, d.Value)
		}
		l.deliver(out) // makes room for the rest of the list
	}
}

// choose notes that the value of one ballot is chosen.
func (l *Learner) choose(i protocol.Instance, s *slot, p *proposal) {
	p.chosen = true
	l.watermark = max(l.watermark, i)
	if p.heard {
		l.settle(i, s, p.value)
	}
}

// settle notes the value of a chosen instance, which is held already. All roads
// must lead to the same one; the first that came stays.
func (l *Learner) settle(i protocol.Instance, s *slot, v protocol.Value) {
	if s.decided && !bytes.Equal(s.value, v) {
		disagree(i, s.value, v)
	}
	if !s.decided {
		s.decided, s.value = true, v
	}
}

// disagree ends a process whose cluster has decided an instance twice.
func disagree(i protocol.Instance, a, b protocol.Value) {
	panic(fmt.Sprintf("learner: agreement is broken: instance %d is decided as %d bytes %.32x and as %d bytes %.32x",
		i, len(a), []byte(a), len(b), []byte(b)))
}
