package client

import "paxos/protocol"

// run is a row of commands that is, or will be, sent in one Submit.
type run struct {
	first      protocol.Seq
	count      int
	start, end int // of its block in the arena
	sentAt     protocol.Time
	tries      int
	msg        protocol.Submit // so that sending allocates nothing
}

func (r *run) last() protocol.Seq { return r.first + protocol.Seq(r.count) - 1 }

// runs is a ring of the runs without an answer, oldest first. The newest
// unsent ones were never sent; the very last of these may still be filled.
type runs struct {
	ring        []run
	head        int
	len, unsent int
}

// newRuns makes a ring for a window of commands: each run holds at least one,
// and one may be acknowledged in part.
func newRuns(window int) runs { return runs{ring: make([]run, window+1)} }

// at is the i-th oldest run.
func (r *runs) at(i int) *run {
	if i += r.head; i >= len(r.ring) {
		i -= len(r.ring)
	}
	return &r.ring[i]
}

// underWay is how many runs were sent, the oldest ones.
func (r *runs) underWay() int { return r.len - r.unsent }

// late is the first run from the i-th on that was sent at the given time or
// before, underWay if there is none. What was repeated a moment ago may lie
// before what is late.
func (r *runs) late(i int, at protocol.Time) int {
	for i < r.underWay() && r.at(i).sentAt > at {
		i++
	}
	return i
}

// filling is the run that more commands may be added to, nil if there is none.
func (r *runs) filling() *run {
	if r.unsent == 0 {
		return nil
	}
	return r.at(r.len - 1)
}

func (r *runs) push(one run) *run {
	if r.len == len(r.ring) {
		panic("client: more runs than commands in the window")
	}
	r.len++
	r.unsent++
	slot := r.at(r.len - 1)
	*slot = one
	return slot
}

func (r *runs) pop() {
	r.head++
	if r.head == len(r.ring) {
		r.head = 0
	}
	r.len--
}

// arena is a ring of bytes in which the blocks of all runs lie one behind the
// other, each in one piece. Bytes from head to tail are in use, around the end
// if tail < head; head == tail only when nothing is.
type arena struct {
	size       int
	bytes      []byte // nil until the first block: many a client never has one
	head, tail int
}

func newArena(size int) arena { return arena{size: size} }

// place finds n bytes in one piece, directly behind the last ones if possible.
func (a *arena) place(n int) (at int, ok bool) {
	if a.bytes == nil {
		a.bytes = make([]byte, a.size)
	}
	switch {
	case a.tail < a.head:
		ok = a.tail+n < a.head
	case a.tail+n <= a.size:
		ok = true
	case n < a.head:
		a.tail, ok = 0, true
	}
	if !ok {
		return 0, false
	}
	at = a.tail
	a.tail += n
	return at, true
}

// free gives back the oldest bytes, up to end.
func (a *arena) free(end int) { a.head = end }

// reset gives back all bytes.
func (a *arena) reset() { a.head, a.tail = 0, 0 }
