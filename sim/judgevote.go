package sim

import "paxos/protocol"

// recorded takes a record that has become durable. In the order of the log
// promises only go up, and a vote is a promise (rule 2).
func (j *judge) recorded(s *suspect, rec protocol.Record) {
	switch rec := rec.(type) {
	case *protocol.Promised:
		j.raised(s, rec.Ballot)
	case *protocol.Voted:
		j.raised(s, rec.Vote.Ballot)
		j.stored(s, rec.Vote)
	case *protocol.Round:
		if rec.Round <= s.round {
			j.fail(checkBallot, "rule 3: %s records its round %d after its round %d", s, rec.Round, s.round)
		}
		s.round = rec.Round
	}
}

func (j *judge) raised(s *suspect, b protocol.Ballot) {
	if b.Less(s.promised) {
		j.fail(checkPromise, "rule 2: %s records ballot %s, and has promised %s", s, b, s.promised)
	}
	s.promised = b
}

// stored notes that a vote is on disk.
func (j *judge) stored(s *suspect, v protocol.Vote) {
	p := j.log.at(v.Instance).in(j.ballots.get(v.Ballot))
	if p == nil || p.hash != hashOf(v.Value) {
		j.fail(checkValidity, "%s has a vote for instance %s in ballot %s with a value of %d bytes that was not proposed there", s, v.Instance, v.Ballot, len(v.Value))
	}
	if j.genuine(s) {
		p.durable |= voter(s.host.peer.ID)
	}
}

// votes is phase 2b. A vote that is told is durable (rule 1), and of the highest
// ballot that was ever promised (rule 2).
func (j *judge) votes(s *suspect, m *protocol.Accepted) {
	if m.Ballot.Less(s.told) {
		j.fail(checkPromise, "rule 2: %s tells votes in ballot %s, and has promised %s", s, m.Ballot, s.told)
	}
	s.told = m.Ballot
	if !j.genuine(s) {
		return
	}
	u := j.ballots.get(m.Ballot)
	for _, span := range m.Spans {
		for i := span.First; i <= span.Last; i++ {
			j.vote(s, u, i)
		}
	}
}

// vote counts one vote.
func (j *judge) vote(s *suspect, u *ballotUse, i protocol.Instance) {
	x := j.log.at(i)
	p, me := x.in(u), voter(s.host.peer.ID)
	if p == nil || p.durable&me == 0 {
		j.fail(checkDurability, "rule 1: %s tells a vote on instance %s in ballot %s that is not durable", s, i, u.ballot)
	}
	if p.told&me != 0 {
		return
	}
	p.told |= me
	if j.members.at(i).majority(p.told) {
		j.choose(s, i, x, p)
	}
}
