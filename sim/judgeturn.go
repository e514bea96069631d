package sim

import (
	"paxos/node"
	"paxos/protocol"
)

// turned looks at a process after each of its turns: its list is as long as the
// book's was at that instance, what it has promised and forgotten in memory agrees
// with what it told and stored, and nothing has grown beyond its limit (rule 8).
func (j *judge) turned(h *host) {
	s, p := j.of(h), h.process
	j.stands(s, p.Applied(), p.List().Length())
	if h.voter() {
		j.looksBack(s, p.Promised(), p.Trim())
	}
	if s.turns++; s.turns%boundsEvery == 0 {
		j.bounded(s, p.Sizes())
	}
	j.w.work.answered(h)
}

// boundsEvery is how many turns pass between two looks at the sizes.
const boundsEvery = 8

func (j *judge) stands(s *suspect, applied protocol.Instance, length uint64) {
	if applied != s.applied {
		j.fail(checkOrder, "%s stands at instance %s, and has told that it applied %s", s, applied, s.applied)
	}
	if want := j.lengthAt(applied); length != want {
		j.fail(checkReplicas, "%s has a list of %d entries at instance %s, and there are %d", s, length, applied, want)
	}
}

func (j *judge) looksBack(s *suspect, promised protocol.Ballot, trim protocol.Instance) {
	if promised.Less(s.told) {
		j.fail(checkPromise, "rule 2: %s has promised %s, and told %s before", s, promised, s.told)
	}
	if trim > s.checkpoint {
		j.fail(checkTrim, "rule 7: %s has forgotten its votes up to %s, and its checkpoint is at %s", s, trim, s.checkpoint)
	}
}

func (j *judge) bounded(s *suspect, sizes []node.Bound) {
	for _, b := range sizes {
		if b.Size > b.Limit {
			j.fail(checkBounds, "rule 8: the %s of %s have grown to %d, over the limit of %d", b.Name, s, b.Size, b.Limit)
		}
	}
}

// lengthAt is how long the list was when an instance had been applied.
func (j *judge) lengthAt(i protocol.Instance) uint64 {
	if i == 0 {
		return 0
	}
	return j.log.at(i).length
}
