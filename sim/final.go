package sim

import (
	"fmt"

	"paxos/list"
	"paxos/protocol"
)

// settled reports whether the run has come to its end: the clients are done, and
// every replica that runs has applied all that was decided. It is asked now and
// then after all was healed.
func (w *world) settled() bool { return w.waitsFor() == "" }

// waitsFor says what a run that was healed still waits for, "" if for nothing. A
// run that does not come to its end fails with it.
func (w *world) waitsFor() string {
	if open := w.work.waitsFor(); open != "" {
		return open
	}
	for _, h := range w.hosts {
		if open := w.judge.lacks(h); open != "" {
			return open
		}
	}
	return ""
}

// lacks says what a host still has to learn, "" if nothing.
func (j *judge) lacks(h *host) string {
	top, s := j.log.top, j.of(h)
	switch {
	case h.lost || h.gone || !j.takesPart(h):
		return ""
	case !h.up():
		return fmt.Sprintf("%s does not run", s)
	case h.process.Applied() < top:
		return fmt.Sprintf("%s has applied instance %s, and chosen are those up to %s", s, h.process.Applied(), top)
	case h.peer.Role == protocol.RoleLearner && h.fed < j.book.length():
		return fmt.Sprintf("%s has handed out %d entries of %d", s, h.fed, j.book.length())
	case h.follower != nil && h.follower.engine.Next() < j.book.length():
		return fmt.Sprintf("the machine of %s has applied %d entries of %d", s, h.follower.engine.Next(), j.book.length())
	}
	return ""
}

// takesPart reports whether a host still hears what is decided: a voter that was
// removed, or is not on the disk that it began with, does not.
func (j *judge) takesPart(h *host) bool {
	if !h.voter() {
		return true
	}
	return j.of(h).store == 0 && j.members.has(h.peer.ID)
}

// compare checks what must hold when a run has settled: every list holds the
// entries, sessions and members that the judge's book holds, but for the front that an
// image stands for. when says at which of
// the two times: before all were restarted, or after.
func (w *world) compare(when string) {
	var heads [2]*head
	for _, h := range w.hosts {
		if !h.up() || !w.judge.takesPart(h) {
			continue
		}
		s := w.judge.of(h)
		w.judge.sameSessions(when, s, h.process.List())
		w.judge.sameMembers(when, s, h.process.Members())
		keeps := 0
		if h.peer.Role != protocol.RoleProposer {
			keeps = 1
			w.judge.sameEntries(when, s, h.process.List().View(), h.process, h.process.Images().Kept*chunkEntries)
		}
		mine := &head{s, h.process.List().AppendHead(nil)}
		if heads[keeps] == nil {
			heads[keeps] = mine
		}
		if other := heads[keeps]; string(other.bytes) != string(mine.bytes) {
			w.fail(checkReplicas, "%s: the lists of %s and of %s differ", when, other.of, s)
		}
	}
}

// head is a list without its chunks, as a process would write it down.
type head struct {
	of    *suspect
	bytes []byte
}

// sameEntries reads a list from an index on, from the database and from memory.
func (j *judge) sameEntries(when string, s *suspect, v list.View, older list.ChunkSource, next uint64) {
	book := j.book.entries
	err := v.Read(next, older, func(first uint64, count int, block []byte) error {
		for index, payload := range list.Entries(first, block) {
			if index >= uint64(len(book)) || index != next || book[index].hash != hashOf(payload) {
				j.fail(checkReplicas, "%s: %s has another entry %d than was decided", when, s, index)
			}
			next++
		}
		return nil
	})
	if err != nil {
		j.fail(checkReplicas, "%s: %s cannot read its own list: %v", when, s, err)
	}
	if next != uint64(len(book)) {
		j.fail(checkReplicas, "%s: %s has %d entries, and %d were decided", when, s, next, len(book))
	}
}

// sameSessions compares the sessions one by one. The first of those that differ is
// named, whatever the order of a map.
func (j *judge) sameSessions(when string, s *suspect, l *list.State) {
	if l.Sessions() != len(j.book.sessions) || l.Applied() != j.book.applied {
		j.fail(checkReplicas, "%s: %s has %d sessions at instance %s, and there are %d at %s",
			when, s, l.Sessions(), l.Applied(), len(j.book.sessions), j.book.applied)
	}
	for id := protocol.SessionID(1); id < j.book.next; id++ {
		a := j.book.sessions[id]
		last, known := l.Session(id)
		nonce, _ := l.Nonce(id)
		if known != (a != nil) || known && (last != a.last || nonce != a.nonce) {
			j.fail(checkReplicas, "%s: %s has another session %d than was decided", when, s, id)
		}
	}
}

func (j *judge) sameMembers(when string, s *suspect, m list.Members) {
	e := &j.members
	if m.Epoch != e.epoch || m.Changing() != e.changing || votersOf(protocol.IDs(m.Voters)) != votersOf(e.voters) ||
		votersOf(protocol.IDs(m.Learners)) != votersOf(e.learners) || m.Next != e.next {
		j.fail(checkReplicas, "%s: %s has the members %v of epoch %d, and decided were %v of epoch %d",
			when, s, protocol.IDs(m.Voters), m.Epoch, e.voters, e.epoch)
	}
}
