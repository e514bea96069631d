package sim

import "paxos/protocol"

// proposes is phase 2a: a leader gives an instance a value in its ballot, the
// same for ever (rule 3), and none but the chosen one (rule 5).
func (j *judge) proposes(s *suspect, m *protocol.Accept) {
	u := j.owned(s, m.Ballot)
	j.marks(s, u, m.Mark)
	if m.Instance > s.applied+protocol.Alpha {
		j.fail(checkMembers, "rule 13: %s proposes instance %s, and has applied %s", s, m.Instance, s.applied)
	}
	x := j.log.at(m.Instance)
	hash := hashOf(m.Value)
	if p := x.in(u); p != nil {
		if p.hash != hash || p.size != len(m.Value) {
			j.fail(checkBallot, "rule 3: %s proposes for instance %s in ballot %s another value, of %d bytes, than before, of %d bytes",
				s, m.Instance, m.Ballot, len(m.Value), p.size)
		}
		return
	}
	j.mayPropose(s, u, m.Instance)
	if x.chosen != nil && x.chosen.ballot.Less(m.Ballot) && x.hash != hash {
		j.fail(checkAgreement, "rule 5: %s proposes a value of %d bytes for instance %s in ballot %s, where another one was chosen in ballot %s",
			s, len(m.Value), m.Instance, m.Ballot, x.chosen.ballot)
	}
	x.add(proposal{in: u, hash: hash, size: len(m.Value)})
}

// mayPropose checks that a majority of those who vote on an instance has promised
// the ballot, with all pages (rules 4, 5 and 13).
func (j *judge) mayPropose(s *suspect, u *ballotUse, i protocol.Instance) {
	if c := j.members.at(i); !c.majority(u.promised) {
		j.fail(checkQuorum, "rule 5: %s proposes instance %s in ballot %s with the promises of %s, of the voters %s",
			s, i, u.ballot, u.promised, c.voters)
	}
}

// choose notes that a majority has voted for a proposal. Nothing else may be
// chosen for the instance, nor proposed in a higher ballot.
func (j *judge) choose(s *suspect, i protocol.Instance, x *instance, p *proposal) {
	if x.chosen != nil && x.hash != p.hash {
		j.fail(checkAgreement, "instance %s is chosen in ballot %s, and with another value in ballot %s: the last vote is that of %s",
			i, x.chosen.ballot, p.in.ballot, s)
	}
	x.each(func(other *proposal) {
		if p.in.ballot.Less(other.in.ballot) && other.hash != p.hash {
			j.fail(checkAgreement, "rule 5: instance %s is chosen in ballot %s with the vote of %s, and ballot %s has proposed another value",
				i, p.in.ballot, s, other.in.ballot)
		}
	})
	if x.chosen == nil {
		x.chosen, x.hash = p.in, p.hash
	}
	j.log.top = max(j.log.top, i)
	for j.log.prefix < j.log.end() && j.log.at(j.log.prefix+1).chosen != nil {
		j.log.prefix++
	}
}
