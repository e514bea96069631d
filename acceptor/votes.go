package acceptor

import (
	"fmt"
	"iter"

	"paxos/protocol"
)

// voteTable holds the votes above the trim point in a ring that is indexed by
// instance. It shares the records with the log: a vote is allocated once.
type voteTable struct {
	slots []*protocol.Voted // of instance i at i modulo the length, a power of two
	trim  protocol.Instance // everything up to here is forgotten
	last  protocol.Instance // the highest instance with a vote, trim if there is none
	count int
	bytes int // what the votes take: voteCost of all of them
}

// voteCost is what a vote is reckoned at, in bytes.
func voteCost(v protocol.Value) int { return len(v) + 64 }

func newVoteTable(trim protocol.Instance) voteTable {
	return voteTable{slots: make([]*protocol.Voted, 64), trim: trim, last: trim}
}

func (t *voteTable) slot(i protocol.Instance) **protocol.Voted {
	return &t.slots[int(i)&(len(t.slots)-1)]
}

// get returns the vote for i, nil if there is none.
func (t *voteTable) get(i protocol.Instance) *protocol.Vote {
	if i <= t.trim || i > t.last {
		return nil
	}
	if rec := *t.slot(i); rec != nil {
		return &rec.Vote
	}
	return nil
}

// put notes a vote above the trim point; it replaces only one of a lower ballot.
func (t *voteTable) put(rec *protocol.Voted) {
	i := rec.Vote.Instance
	if i <= t.trim {
		panic(fmt.Sprintf("acceptor: rule 6: vote for instance %d at or below the trim point %d", i, t.trim))
	}
	t.fit(i)
	slot := t.slot(i)
	if held := *slot; held != nil {
		if !held.Vote.Ballot.Less(rec.Vote.Ballot) {
			panic(fmt.Sprintf("acceptor: rule 2: vote for instance %d in ballot %s after one in %s",
				i, rec.Vote.Ballot, held.Vote.Ballot))
		}
		t.drop(slot)
	}
	*slot = rec
	t.count++
	t.bytes += voteCost(rec.Vote.Value)
	t.last = max(t.last, i)
}

func (t *voteTable) drop(slot **protocol.Voted) {
	t.count--
	t.bytes -= voteCost((*slot).Vote.Value)
	*slot = nil
}

// fit doubles the ring until it reaches from the trim point to i.
func (t *voteTable) fit(i protocol.Instance) {
	size := len(t.slots)
	for i-t.trim > protocol.Instance(size) {
		size *= 2
	}
	if size == len(t.slots) {
		return
	}
	old := *t
	t.slots = make([]*protocol.Voted, size)
	for i := old.trim + 1; i <= old.last; i++ {
		*t.slot(i) = *old.slot(i)
	}
}

// forget drops the votes up to and including upTo, and never goes back.
func (t *voteTable) forget(upTo protocol.Instance) {
	if upTo <= t.trim {
		return
	}
	for i := t.trim + 1; i <= min(upTo, t.last); i++ {
		if slot := t.slot(i); *slot != nil {
			t.drop(slot)
		}
	}
	t.trim = upTo
	t.last = max(t.last, upTo)
}

// from walks the votes for the instances i and above, ascending.
func (t *voteTable) from(i protocol.Instance) iter.Seq[*protocol.Vote] {
	return func(yield func(*protocol.Vote) bool) {
		for i := max(i, t.trim+1); i <= t.last; i++ {
			if v := t.get(i); v != nil && !yield(v) {
				return
			}
		}
	}
}
