package sim

import "paxos/protocol"

// turned looks at a process after each of its turns: its list is as long as the
// book's was at that instance, and what it has promised and forgotten in memory
// agrees with what it told and stored.
func (j *judge) turned(h *host) {
	s, p := j.of(h), h.process
	if applied := p.Applied(); applied != s.applied {
		j.fail(checkOrder, "%s stands at instance %s, and has told that it applied %s", s, applied, s.applied)
	}
	if have, want := p.List().Length(), j.lengthAt(s.applied); have != want {
		j.fail(checkReplicas, "%s has a list of %d entries at instance %s, and there are %d", s, have, s.applied, want)
	}
	if s.host.voter() {
		j.looksBack(s, p)
	}
	j.w.work.answered(h)
}

func (j *judge) looksBack(s *suspect, p *process) {
	if promised := p.Promised(); promised.Less(s.told) {
		j.fail(checkPromise, "rule 2: %s has promised %s, and told %s before", s, promised, s.told)
	}
	if trim := p.Trim(); trim > s.checkpoint {
		j.fail(checkTrim, "rule 7: %s has forgotten its votes up to %s, and its checkpoint is at %s", s, trim, s.checkpoint)
	}
}

// lengthAt is how long the list was when an instance had been applied.
func (j *judge) lengthAt(i protocol.Instance) uint64 {
	if i == 0 {
		return 0
	}
	return j.log.at(i).length
}
