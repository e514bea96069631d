package proposer

import (
	"fmt"
	"math/bits"

	"paxos/protocol"
)

// queue holds what was admitted until the window has room: first in, first out.
type queue struct {
	entries []entry
	head    int
	size    int // bytes of all entries as items of values
}

// entry is a run of commands, or the opening of a session if the run is empty.
type entry struct {
	run   protocol.Run
	nonce protocol.Nonce
}

const openSize = 1 + len(protocol.Nonce{})

// itemSize is what the entry takes in a value.
func (e *entry) itemSize() int {
	if e.run.Count == 0 {
		return openSize
	}
	return 1 + uvarintLen(uint64(e.run.Session)) + uvarintLen(uint64(e.run.First)) +
		uvarintLen(uint64(e.run.Count)) + uvarintLen(uint64(len(e.run.Block))) + len(e.run.Block)
}

func uvarintLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

func (q *queue) empty() bool { return q.head == len(q.entries) }

func (q *queue) push(e entry) {
	q.size += e.itemSize()
	q.entries = append(q.entries, e)
}

func (q *queue) pop() {
	q.size -= q.entries[q.head].itemSize()
	q.entries[q.head] = entry{} // let go of its datagram
	q.head++
	switch {
	case q.head == len(q.entries):
		q.entries, q.head = q.entries[:0], 0
	case q.head >= 1024 && 2*q.head >= len(q.entries):
		n := copy(q.entries, q.entries[q.head:])
		clear(q.entries[n:])
		q.entries, q.head = q.entries[:n], 0
	}
}

// remove takes out a session's runs, which is rare.
func (q *queue) remove(id protocol.SessionID, removed func(protocol.Run)) {
	kept := q.entries[:0]
	for _, e := range q.entries[q.head:] {
		if e.run.Session == id && e.run.Count > 0 {
			q.size -= e.itemSize()
			removed(e.run)
			continue
		}
		kept = append(kept, e)
	}
	clear(q.entries[len(kept):])
	q.entries, q.head = kept, 0
}

// pack takes what fits into one value of at most limit bytes off the queue: at
// least one command, for each fits a value (fits). Each block is copied once, here.
func (a *admission) pack(limit int) (v protocol.Value, commands int) {
	q := &a.queue
	v = make(protocol.Value, 0, min(limit, q.size))
	for !q.empty() {
		e := &q.entries[q.head]
		room := limit - len(v)
		switch {
		case e.itemSize() <= room && e.run.Count == 0:
			v = v.AppendOpen(e.nonce)
			q.pop()
		case e.itemSize() <= room:
			v = v.AppendRun(e.run)
			commands += e.run.Count
			a.release(e.run)
			q.pop()
		default:
			return a.packPart(v, commands, room)
		}
	}
	return v, commands
}

// packPart fills up a value with a part of the run at the head of the queue.
// Less than an eighth of a value is not worth splitting a run.
func (a *admission) packPart(v protocol.Value, commands, room int) (protocol.Value, int) {
	q := &a.queue
	e := &q.entries[q.head]
	if len(v) > 0 && (e.run.Count == 0 || room < a.cfg.ValueBytes/8) {
		return v, commands
	}
	part, rest := split(e.run, room-protocol.ItemOverhead)
	if len(part.Block) > room-protocol.ItemOverhead {
		if len(v) == 0 {
			panic(fmt.Sprintf("proposer: a command of %d bytes was admitted, values have %d", len(part.Block), a.cfg.ValueBytes))
		}
		return v, commands
	}
	v = v.AppendRun(part)
	if rest.Count == 0 {
		a.release(part)
		q.pop()
	} else {
		a.queued -= len(part.Block)
		q.size -= e.itemSize()
		e.run = rest
		q.size += e.itemSize()
	}
	return v, commands + part.Count
}

// split cuts a checked run after the commands that fit into room bytes, but at
// least one. The second part is empty if all fit.
func split(r protocol.Run, room int) (part, rest protocol.Run) {
	n, block := 0, r.Block
	for n < r.Count {
		_, after, err := protocol.NextPayload(block)
		if err != nil {
			panic(fmt.Sprintf("proposer: a run that was checked is malformed at command %d: %v", n, err))
		}
		if n > 0 && len(r.Block)-len(after) > room {
			break
		}
		n, block = n+1, after
	}
	part, rest = r, r
	part.Count, part.Block = n, r.Block[:len(r.Block)-len(block)]
	rest.First, rest.Count, rest.Block = r.First+protocol.Seq(n), r.Count-n, block
	return part, rest
}

// proposeQueued packs what was admitted into values. The more work there is
// the larger they get by themselves: a value goes at once when nothing is
// under way, or when it is full. Otherwise it waits as long as Pipeline values
// are under way, or while it is small beside the last one: what is under way
// will be decided soon, and one large value costs less than many small ones.
func (p *Proposer) proposeQueued(now protocol.Time, out *protocol.Output) {
	l, a := &p.lead, &p.admit
	for p.admitting() && l.next > l.recoverEnd && !a.queue.empty() {
		size := min(a.queue.size, p.cfg.ValueBytes)
		small := l.inFlight >= p.cfg.Pipeline || 2*size < l.lastSize
		if l.inFlight > 0 && size < p.cfg.ValueBytes && small || !p.room(size+l.one-p.cfg.ValueBytes) {
			return
		}
		value, commands := a.pack(p.cfg.ValueBytes)
		p.stats.Values++
		p.stats.Commands += uint64(commands)
		p.stats.Bytes += uint64(len(value))
		p.propose(now, value, out)
	}
}
