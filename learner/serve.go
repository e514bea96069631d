package learner

import "paxos/protocol"

// decidedHead is what a Decided takes beside its decisions, in bytes.
const decidedHead = 8 + 5

// serve answers an Ask with what is decided here, in pages, for the asker; where
// its whole group hears it, whoever else misses it profits. Nothing but decided
// values ever goes out this way. Where nothing is known it is silent.
func (l *Learner) serve(from protocol.Sender, m *protocol.Ask, out *protocol.Output) {
	if m.Target != l.cfg.Self.Peer || l.recent.limit == 0 {
		return
	}
	if m.Span.First < l.recent.first {
		out.SendTo(from.Peer, &protocol.Trimmed{Trim: l.recent.first - 1, Applied: l.next - 1})
		return
	}
	first, last := m.Span.First, min(m.Span.Last, max(l.next-1, l.open.top))
	for left := l.cfg.ReplyBytes; first <= last; {
		var page *protocol.Decided
		page, first = l.page(first, last, &left)
		if page == nil {
			return
		}
		out.SendTo(from.Peer, page)
		l.stats.Answered++
	}
}

// page fills one page from first on and returns where the following one
// starts; nil if nothing is known, or *left has been used up.
func (l *Learner) page(first, last protocol.Instance, left *int) (*protocol.Decided, protocol.Instance) {
	page := &protocol.Decided{Applied: l.next - 1}
	size := decidedHead
	i := first
	for ; i <= last; i++ {
		v, ok := l.known(i)
		if !ok {
			continue
		}
		more := protocol.DecisionOverhead + len(v)
		if len(page.Decisions) > 0 && size+more > l.cfg.PageBytes {
			break
		}
		if size+more > *left && *left < l.cfg.ReplyBytes {
			i = last + 1 // the answer ends here; its first decision always fits
			break
		}
		size += more
		page.Decisions = append(page.Decisions, protocol.Decision{Instance: i, Value: v})
	}
	*left -= size
	if len(page.Decisions) == 0 {
		return nil, i
	}
	return page, i
}

// known returns the decided value of an instance, delivered or not.
func (l *Learner) known(i protocol.Instance) (protocol.Value, bool) {
	if i < l.next {
		return l.recent.get(i)
	}
	if i > l.open.top {
		return nil, false
	}
	s := l.open.at(i)
	return s.value, s.decided
}
