package recovery

import (
	"paxos/list"
	"paxos/protocol"
)

// Adopted is what was made of the votes that stand above a list.
//
// A vote is known to one acceptor. The value may have been decided, and acknowledged
// to a client, by a majority that is lost; or it may never have been. A leader would
// ask a majority and propose, for each instance, the vote of the highest ballot that
// any of them has (rule 5): that is the decided one if one was. A minority can do no
// more than the same with the votes that it has, and may be wrong: somebody who is
// lost may have voted for another value in a higher ballot.
type Adopted struct {
	Votes  int               // applied, one for an instance
	Last   protocol.Instance // applied now
	Hole   protocol.Instance // where it ended, because nobody here voted; 0: behind the last vote
	Behind int               // votes behind the hole, which are left out
	Added  uint64            // entries that came by it
}

// votesOf are the votes of the highest ballot for each instance above a list.
type votesOf map[protocol.Instance]protocol.Vote

// take keeps v if it is the highest for its instance.
func (a votesOf) take(v protocol.Vote) {
	if old, found := a[v.Instance]; !found || old.Ballot.Less(v.Ballot) {
		a[v.Instance] = v
	}
}

// adopt applies votes to a list, instance by instance as far as there are some, or
// none of them.
func (a votesOf) adopt(s *list.State, really bool) Adopted {
	var out Adopted
	before := s.Length()
	for really {
		v, found := a[s.Applied()+1]
		if !found {
			break
		}
		s.Apply(v.Instance, v.Value, &protocol.Effects{})
		out.Votes++
	}
	for i := range a {
		if i > s.Applied() {
			out.Behind++
		}
	}
	if out.Last = s.Applied(); out.Behind > 0 {
		out.Hole = out.Last + 1
	}
	out.Added = s.Length() - before
	return out
}
