package proposer

import (
	"fmt"

	"paxos/protocol"
)

// votes is what promises say about the instances that may be open: for each
// the vote of the highest ballot that any one acceptor reported (rule 5).
//
// The promises of acceptors beyond the majority, and pages of an acceptor that
// did not deliver all, may be in it, too. That is safe: every vote is for a
// value that was proposed in its ballot, so if a value was chosen in a lower
// ballot it is that value, and if one was chosen in a higher ballot some
// member of the majority reported a vote at least as high.
type votes struct {
	trim protocol.Instance // everything up to here is decided (rule 6)
	last protocol.Instance // the highest instance that was voted for
	best map[protocol.Instance]protocol.Vote
}

func newVotes() votes { return votes{best: make(map[protocol.Instance]protocol.Vote)} }

func (v *votes) add(vote protocol.Vote) {
	v.last = max(v.last, vote.Instance)
	if vote.Instance <= v.trim {
		return
	}
	if best, ok := v.best[vote.Instance]; !ok || best.Ballot.Less(vote.Ballot) {
		v.best[vote.Instance] = vote
	}
}

// trimTo raises the trim point. No vote at or below it means decided, not
// empty, so votes there are of no use.
func (v *votes) trimTo(trim protocol.Instance) {
	if trim > v.trim {
		v.trim = trim
		v.forget(trim)
	}
}

// forget drops the votes up to an instance that is decided.
func (v *votes) forget(through protocol.Instance) {
	for i := range v.best {
		if i <= through {
			delete(v.best, i)
		}
	}
}

// choose is what must be proposed for i: the vote of the highest ballot, and a
// no-op only where nobody reported any and a later vote exists.
func (v *votes) choose(i protocol.Instance) protocol.Value {
	if i <= v.trim || i > v.last {
		panic(fmt.Sprintf("proposer: rule 5: recovery of instance %d, trim point %d, last vote %d", i, v.trim, v.last))
	}
	return v.best[i].Value
}

// tryLead starts phase 2 once the own list has reached the highest trim point
// that a promise named (rule 6); until then it proposes nothing.
func (p *Proposer) tryLead(now protocol.Time) {
	l := &p.lead
	l.progressAt = now
	if p.applied < l.votes.trim {
		return
	}
	l.votes.forget(p.applied)
	l.first, l.next = p.applied+1, p.applied+1
	l.markFirst, l.markNext = l.next, l.next
	l.recoverEnd = max(l.votes.last, p.applied)
	p.state = leading
}

// proposeRecovered proposes what phase 1 found, in the order of instances.
func (p *Proposer) proposeRecovered(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	for p.state == leading && l.next <= l.recoverEnd {
		value := l.votes.choose(l.next)
		if !l.room(acceptCost(value)) {
			return
		}
		delete(l.votes.best, l.next)
		p.propose(now, value, out)
	}
}

// admitting reports whether client commands may be taken. Everything that
// phase 1 found must be applied before: cursors come from the applied state.
func (p *Proposer) admitting() bool { return p.state == leading && p.applied >= p.lead.recoverEnd }
