package sim

import "paxos/protocol"

// What is told to be decided must be decided: by a majority of votes that have
// been told already, as the judge has counted them.

// marks checks what a leader says of its own ballot's values. Marks repeat
// themselves; what was found true is not looked at again.
func (j *judge) marks(s *suspect, u *ballotUse, m protocol.Mark) {
	if m.IsZero() {
		return
	}
	if m.Ballot != u.ballot {
		j.fail(checkMarks, "%s marks instances %s in ballot %s, and its ballot is %s", s, m.Span, m.Ballot, u.ballot)
	}
	first := m.First
	if u.marked.First != 0 && u.marked.First <= first && first <= u.marked.Last+1 {
		first = u.marked.Last + 1
	}
	for i := first; i <= m.Last; i++ {
		x := j.log.at(i)
		if p := x.in(u); x.chosen == nil || p == nil || p.hash != x.hash {
			j.fail(checkMarks, "%s marks instance %s as decided with the value of ballot %s, and it is not", s, i, u.ballot)
		}
	}
	if first > m.Last {
		return
	}
	if first != u.marked.Last+1 || u.marked.First == 0 {
		u.marked.First = first
	}
	u.marked.Last = m.Last
}

// beats is a leader's sign of life.
func (j *judge) beats(s *suspect, m *protocol.Heartbeat) {
	u := j.owned(s, m.Ballot)
	j.marks(s, u, m.Mark)
	j.watermark(s, m.Decided)
}

// watermark checks somebody's word that everything up to i is decided.
func (j *judge) watermark(s *suspect, i protocol.Instance) {
	if i > j.log.prefix {
		j.fail(checkMarks, "%s says that all is decided up to %s, and it is up to %s", s, i, j.log.prefix)
	}
}

// tells is a decided list.
func (j *judge) tells(s *suspect, m *protocol.Decided) {
	j.watermark(s, m.Applied)
	for _, d := range m.Decisions {
		if x := j.log.at(d.Instance); x.chosen == nil || x.hash != hashOf(d.Value) {
			j.fail(checkMarks, "%s tells a value of %d bytes as decided for instance %s, and it is not", s, len(d.Value), d.Instance)
		}
	}
}

// forgot is a process's word that it can give a snapshot only.
func (j *judge) forgot(s *suspect, m *protocol.Trimmed) {
	j.watermark(s, m.Applied)
	if m.Trim > s.applied {
		j.fail(checkTrim, "rule 7: %s says that it has forgotten up to %s, and has applied %s", s, m.Trim, s.applied)
	}
}

// opened and acks are what clients are told.
func (j *judge) opened(s *suspect, m *protocol.Opened) {
	if !j.book.opened(m.Session, m.Nonce) {
		j.fail(checkValidity, "%s tells a client that session %d is open, and it is not", s, m.Session)
	}
}

func (j *judge) acks(s *suspect, m *protocol.Acks) {
	for _, a := range m.Acks {
		if last, known := j.book.last(a.Session); known && a.Through > last {
			j.fail(checkValidity, "%s acknowledges command %d of session %d, and applied are those up to %d", s, a.Through, a.Session, last)
		}
	}
}
