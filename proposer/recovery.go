package proposer

import (
	"bytes"
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
	if trim <= v.trim {
		return
	}
	v.trim = trim
	for i := range v.best {
		if i <= trim {
			delete(v.best, i)
		}
	}
}

// choose is what must be proposed for i: the vote of the highest ballot, and a
// no-op only where nobody reported any, a later vote exists, and the instance
// is not decided as far as this process knows: it has applied what is decided
// up to the instance applied.
//
// It is not ok to propose anything for an instance that was applied here and
// that nobody reported a vote for. Had it been decided in a lower ballot, some
// member of the majority would have voted for it before it promised ours, and
// it would not have forgotten the vote, for the instance is above all trim
// points. So it was decided in a higher ballot, which is at work.
func (v *votes) choose(i, applied protocol.Instance) (value protocol.Value, ok bool) {
	if i <= v.trim || i > v.last {
		panic(fmt.Sprintf("proposer: rule 5: recovery of instance %d, trim point %d, last vote %d", i, v.trim, v.last))
	}
	vote, reported := v.best[i]
	return vote.Value, reported || i > applied
}

// allow reports whether value is what must be proposed for i.
func (v *votes) allow(i, applied protocol.Instance, value protocol.Value) bool {
	chosen, ok := v.choose(i, applied)
	return ok && bytes.Equal(chosen, value)
}

// tryLead starts phase 2 once the own list has reached the highest trim point
// that a promise named (rule 6); until then it proposes nothing. The first
// instance that it proposes is the one above the trim point, not above its own
// list: see "Who tells the acceptors" in doc.go.
//
// Who votes may have changed on the way: then the new ones must be asked, under a
// fresh ballot (rule 13).
func (p *Proposer) tryLead(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	l.progressAt = now
	if p.applied < l.votes.trim {
		return
	}
	if !p.members.Covers(p.rests(), l.votes.trim) {
		p.standNow(now, out)
		return
	}
	l.recoverEnd = max(l.votes.last, l.votes.trim)
	if p.applied > l.recoverEnd {
		p.deposed(now) // by the ballot in which that was decided: see votes.choose
		return
	}
	l.first, l.next, l.markFirst = l.votes.trim+1, l.votes.trim+1, l.votes.trim+1
	p.state = leading
}

// proposeRecovered proposes what phase 1 found, in the order of instances.
func (p *Proposer) proposeRecovered(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	for p.state == leading && l.next <= l.recoverEnd && p.members.Decides(p.rests(), l.next) {
		value, ok := l.votes.choose(l.next, p.applied)
		if !ok {
			p.deposed(now)
			return
		}
		if !p.room(acceptCost(value)) {
			return
		}
		p.propose(now, value, out)
		delete(l.votes.best, l.next-1)
	}
}

// admitting reports whether client commands may be taken. Everything that
// phase 1 found must be applied before: cursors come from the applied state.
func (p *Proposer) admitting() bool { return p.state == leading && p.applied >= p.lead.recoverEnd }
