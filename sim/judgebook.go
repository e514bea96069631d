package sim

import (
	"fmt"

	"paxos/protocol"
)

// book is the list as it must be: a second, dumb state machine that the decided
// values are fed to. It shares nothing with package list but the encoding of
// values.
type book struct {
	applied  protocol.Instance
	entries  []entry
	sessions map[protocol.SessionID]*account
	nonces   map[protocol.Nonce]protocol.SessionID
	next     protocol.SessionID
	uses     uint64
	sums     []uint64 // of the entries before that of the same index, as a ledger has it; where there are any
}

// entry is one entry of the list.
type entry struct {
	hash uint64
	size uint32
}

// account is a session.
type account struct {
	nonce  protocol.Nonce
	last   protocol.Seq
	used   uint64
	author *author // whose commands it carries, if that is known
}

func newBook() book {
	return book{sessions: map[protocol.SessionID]*account{}, nonces: map[protocol.Nonce]protocol.SessionID{}, next: 1}
}

func (b *book) length() uint64 { return uint64(len(b.entries)) }

// last is the last command of a session that was applied.
func (b *book) last(id protocol.SessionID) (last protocol.Seq, known bool) {
	if a := b.sessions[id]; a != nil {
		return a.last, true
	}
	return 0, false
}

// opened reports whether a session was opened by a nonce, if it still lives.
func (b *book) opened(id protocol.SessionID, n protocol.Nonce) bool {
	a := b.sessions[id]
	return a == nil && id < b.next || a != nil && a.nonce == n
}

// open opens a session, or finds it. The least recently used one makes room.
func (b *book) open(n protocol.Nonce) *account {
	b.uses++
	if id, known := b.nonces[n]; known {
		b.sessions[id].used = b.uses
		return b.sessions[id]
	}
	if len(b.sessions) >= protocol.MaxSessions {
		b.evict()
	}
	a := &account{nonce: n, used: b.uses}
	b.sessions[b.next], b.nonces[n] = a, b.next
	b.next++
	return a
}

// evict closes the session that was not used for longest. No two were used at
// the same time, so it does not matter in which order they are looked at.
func (b *book) evict() {
	var oldest protocol.SessionID
	for id, a := range b.sessions {
		if oldest == 0 || a.used < b.sessions[oldest].used {
			oldest = id
		}
	}
	delete(b.nonces, b.sessions[oldest].nonce)
	delete(b.sessions, oldest)
}

// enter writes a decided value into the book.
func (j *judge) enter(i protocol.Instance, value protocol.Value) {
	b := &j.book
	b.applied = i
	for len(value) > 0 {
		item, rest, err := value.Next()
		if err != nil {
			j.fail(checkValidity, "the value chosen for instance %s is malformed: %v", i, err)
		}
		switch value = rest; {
		case item.Open:
			j.enterOpen(i, item.Nonce)
		case item.Change != nil:
			j.members.apply(i, item.Change)
		default:
			j.enterRun(i, item.Run)
		}
	}
}

func (j *judge) enterOpen(i protocol.Instance, n protocol.Nonce) {
	a := j.book.open(n)
	if a.author == nil {
		a.author = j.history.byNonce[n]
	}
	if a.author == nil && j.w.plan.shape == ShapeRoles {
		j.fail(checkValidity, "instance %s opens a session with the nonce %s, which no client drew", i, n)
	}
}

// enterRun is the apply rule: a command counts if it is exactly the next one of
// its session.
func (j *judge) enterRun(i protocol.Instance, r protocol.Run) {
	a := j.book.sessions[r.Session]
	if a == nil {
		return
	}
	used, block := false, r.Block
	for seq := r.First; seq <= r.Last(); seq++ {
		payload, rest, err := protocol.NextPayload(block)
		if err != nil {
			panic(fmt.Sprintf("sim: a run that was checked is malformed: %v", err))
		}
		block = rest
		if seq != a.last+1 {
			continue
		}
		a.last, used = seq, true
		j.entered(i, a, seq, payload)
		j.book.entries = append(j.book.entries, entry{hashOf(payload), uint32(len(payload))})
		j.noteSum(payload)
	}
	if used {
		j.book.uses++
		a.used = j.book.uses
	}
}
