package sim

import "paxos/protocol"

// applied is told of each instance that a process applies: in order, each once in
// a life, and what a majority has chosen (rules 3 and 4). The first that applies
// an instance lets the judge apply it, too.
func (j *judge) applied(h *host, i protocol.Instance, value []byte) {
	s := j.of(h)
	if i != s.applied+1 {
		j.fail(checkOrder, "%s applies instance %s after instance %s", s, i, s.applied)
	}
	s.applied = i
	x := j.log.at(i)
	switch {
	case x.chosen == nil:
		j.fail(checkAgreement, "rule 4: %s applies instance %s, and no majority has told its votes for any value", s, i)
	case x.hash != hashOf(value):
		j.fail(checkAgreement, "%s applies a value of %d bytes for instance %s, and chosen is another one, in ballot %s", s, len(value), i, x.chosen.ballot)
	}
	if i == j.book.applied+1 {
		j.enter(i, value)
		x.length = j.book.length()
	}
}

// installed is told that a snapshot took a list to instance i.
func (j *judge) installed(h *host, i protocol.Instance) {
	s := j.of(h)
	if i <= s.applied || i > j.book.applied {
		j.fail(checkOrder, "%s installs a snapshot of instance %s, has applied %s, and anybody has at most %s", s, i, s.applied, j.book.applied)
	}
	s.applied = i
	s.checkpoint = max(s.checkpoint, i)
}

// checkpointed is told that a checkpoint at instance i is durable.
func (j *judge) checkpointed(h *host, i protocol.Instance) {
	s := j.of(h)
	if i > s.applied {
		j.fail(checkTrim, "rule 7: %s has a checkpoint at instance %s, and has applied %s", s, i, s.applied)
	}
	s.checkpoint = max(s.checkpoint, i)
}

// handed is told of entries that a learner hands out: those of the book.
func (j *judge) handed(h *host, first uint64, count int, block []byte) {
	index := first
	for rest := block; len(rest) > 0; index++ {
		payload, after, err := protocol.NextPayload(rest)
		if err != nil || index >= j.book.length() || j.book.entries[index].hash != hashOf(payload) {
			j.fail(checkReplicas, "%s hands out another entry %d than was decided", j.of(h), index)
		}
		rest = after
	}
	if index != first+uint64(count) {
		j.fail(checkReplicas, "%s hands out %d entries from %d on, and says that it is %d", j.of(h), index-first, first, count)
	}
}
