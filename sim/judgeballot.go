package sim

import "paxos/protocol"

// ballots are all that were used, each with who used it.
type ballots struct {
	known map[protocol.Ballot]*ballotUse
	last  *ballotUse // asked for last: nearly always the next, too
}

// ballotUse is one ballot. Votes are counted apart for each (rule 3).
type ballotUse struct {
	ballot   protocol.Ballot
	owner    *suspect
	life     int
	promised voters           // acceptors that have told all of their promise
	pages    [maxVoters]pages // what they have told of it
	marked   protocol.Span    // what marks of this ballot said, and was found true
}

// get returns the use of a ballot, a new one if it was never met.
func (b *ballots) get(x protocol.Ballot) *ballotUse {
	if b.last != nil && b.last.ballot == x {
		return b.last
	}
	u := b.known[x]
	if u == nil {
		u = &ballotUse{ballot: x}
		b.known[x] = u
	}
	b.last = u
	return u
}

// owned checks that a ballot is its sender's, and of this life only (rule 3).
func (j *judge) owned(s *suspect, x protocol.Ballot) *ballotUse {
	u := j.ballots.get(x)
	if u.owner == s && u.life == s.life {
		return u
	}
	switch {
	case u.owner != nil:
		j.fail(checkBallot, "rule 3: %s uses ballot %s in its life %d, that %s used in its life %d", s, x, s.life, u.owner, u.life)
	case x.Proposer != s.host.peer.ID:
		j.fail(checkBallot, "rule 3: %s uses ballot %s of another", s, x)
	case x.Round > s.round:
		j.fail(checkBallot, "rule 3: %s uses ballot %s, and durable is only its round %d", s, x, s.round)
	case s.incarnated != 0 && s.incarnated != x.Incarnation:
		j.fail(checkBallot, "rule 3: %s uses ballot %s, and in the same life had the incarnation %x", s, x, s.incarnated)
	case s.incarnated == 0:
		j.freshIncarnation(s, x)
	}
	s.incarnated = x.Incarnation
	u.owner, u.life = s, s.life
	return u
}

// freshIncarnation checks that a new life draws a new incarnation. There are few
// lives and few ballots.
func (j *judge) freshIncarnation(s *suspect, x protocol.Ballot) {
	for other, u := range j.ballots.known {
		if u.owner != nil && other.Proposer == x.Proposer && other.Incarnation == x.Incarnation {
			j.fail(checkBallot, "rule 3: %s begins its life %d with the incarnation %x of an earlier one", s, s.life, x.Incarnation)
		}
	}
}

// prepares is phase 1a.
func (j *judge) prepares(s *suspect, m *protocol.Prepare) { j.owned(s, m.Ballot) }
