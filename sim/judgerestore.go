package sim

import (
	"paxos/storage"
)

// remembers checks what a process finds when it starts again: everything that the
// disk was said to have. A machine that never ran on this disk has nothing to remember.
func (j *judge) remembers(s *suspect, r storage.Restored) {
	switch {
	case r.Promised.Less(s.promised):
		j.fail(checkPromise, "rule 2: %s remembers its promise of ballot %s, and durable was %s", s, r.Promised, s.promised)
	case r.Round < s.round:
		j.fail(checkBallot, "rule 3: %s remembers its round %d, and durable was %d", s, r.Round, s.round)
	case r.Applied < s.checkpoint:
		j.fail(checkTrim, "rule 7: %s remembers its checkpoint at instance %s, and durable was the one at %s", s, r.Applied, s.checkpoint)
	case r.Applied > j.book.applied:
		j.fail(checkOrder, "%s remembers that it has applied %s, and anybody has at most %s", s, r.Applied, j.book.applied)
	}
	if j.genuine(s) {
		j.remembersVotes(s, r)
	}
}

// remembersVotes checks that every durable vote above the checkpoint is there, or
// one in a higher ballot, and takes what is there for durable.
func (j *judge) remembersVotes(s *suspect, r storage.Restored) {
	me, votes := voter(s.host.peer.ID), r.Votes
	for i := r.Applied + 1; i <= j.log.end(); i++ {
		best := j.log.at(i).highest(func(p *proposal) bool { return p.durable&me != 0 })
		for len(votes) > 0 && votes[0].Instance < i {
			votes = votes[1:]
		}
		if best != nil && (len(votes) == 0 || votes[0].Instance != i || votes[0].Ballot.Less(best.in.ballot)) {
			j.fail(checkDurability, "rule 1: %s does not remember its vote for instance %s in ballot %s", s, i, best.in.ballot)
		}
	}
	for i := r.Applied + 1; i <= j.log.end(); i++ {
		j.log.at(i).each(func(p *proposal) { p.durable &^= me })
	}
	for _, v := range r.Votes {
		if v.Instance > r.Applied {
			j.stored(s, v)
		}
	}
}
