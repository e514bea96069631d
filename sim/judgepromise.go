package sim

import "paxos/protocol"

// pages is how much of a promise an acceptor has told.
type pages struct {
	from []protocol.Span // From and Next of the pages; Last is 0 for the last one
}

// promises is phase 1b, one page of it: durable (rule 1), not lower than anything
// told before (rule 2), with every vote that there is between its borders, and
// with a trim point that a durable checkpoint has reached (rules 5 to 7).
func (j *judge) promises(s *suspect, m *protocol.Promise) {
	switch {
	case m.Ballot.Less(s.told):
		j.fail(checkPromise, "rule 2: %s promises ballot %s, and has promised %s", s, m.Ballot, s.told)
	case s.promised.Less(m.Ballot):
		j.fail(checkDurability, "rule 1: %s promises ballot %s, and durable is only %s", s, m.Ballot, s.promised)
	case m.Trim > s.checkpoint:
		j.fail(checkTrim, "rule 7: %s has forgotten the votes up to %s, and its checkpoint is at %s", s, m.Trim, s.checkpoint)
	}
	s.told = m.Ballot
	if !j.genuine(s) {
		return
	}
	j.tellsAll(s, m)
	j.joined(s, j.ballots.get(m.Ballot), m)
}

// tellsAll checks that a page misses no vote.
func (j *judge) tellsAll(s *suspect, m *protocol.Promise) {
	last := j.log.end()
	if m.Next != 0 {
		last = min(last, m.Next-1)
	}
	me, votes := voter(s.host.peer.ID), m.Votes
	for i := max(m.From, m.Trim+1); i <= last; i++ {
		for len(votes) > 0 && votes[0].Instance < i {
			votes = votes[1:]
		}
		best := j.log.at(i).highest(func(p *proposal) bool { return p.told&me != 0 })
		if best == nil {
			continue
		}
		if len(votes) == 0 || votes[0].Instance != i || votes[0].Ballot.Less(best.in.ballot) {
			j.fail(checkPromise, "rule 5: %s promises ballot %s without its vote for instance %s in ballot %s", s, m.Ballot, i, best.in.ballot)
		}
	}
	for _, v := range m.Votes {
		if p := j.log.at(v.Instance).in(j.ballots.get(v.Ballot)); p == nil || p.hash != hashOf(v.Value) || p.durable&me == 0 {
			j.fail(checkDurability, "rule 1: %s promises ballot %s with a vote for instance %s in ballot %s that it did not store", s, m.Ballot, v.Instance, v.Ballot)
		}
	}
}

// joined notes a page, and that the promise was told in full if its pages join
// from the first to the last.
func (j *judge) joined(s *suspect, u *ballotUse, m *protocol.Promise) {
	me := voter(s.host.peer.ID)
	if u.promised&me != 0 {
		return
	}
	told := &u.pages[s.host.peer.ID-1]
	told.from = append(told.from, protocol.Span{First: m.From, Last: m.Next})
	if told.complete() {
		u.promised |= me
		told.from = nil
	}
}

// complete reports whether the pages lead from the first instance to the end, in
// whatever order they were told.
func (p *pages) complete() bool {
	next := protocol.Instance(1)
	for range p.from {
		reached := next
		for _, page := range p.from {
			if page.First > next {
				continue
			}
			if page.Last == 0 {
				return true
			}
			reached = max(reached, page.Last)
		}
		if reached == next {
			return false
		}
		next = reached
	}
	return false
}

// follows is an acceptor's answer to a Heartbeat: it has promised nothing higher,
// and says how far it has applied and made durable what is decided.
func (j *judge) follows(s *suspect, m *protocol.HeartbeatAck) {
	switch {
	case m.Ballot.Less(s.told):
		j.fail(checkPromise, "rule 12: %s follows ballot %s, and has promised %s", s, m.Ballot, s.told)
	case m.Trim > s.checkpoint:
		j.fail(checkTrim, "rule 7: %s says that it has %s for good, and its checkpoint is at %s", s, m.Trim, s.checkpoint)
	case m.Applied > s.applied:
		j.fail(checkMarks, "%s says that it has applied %s, and has applied %s", s, m.Applied, s.applied)
	}
}
