package sim

import (
	"encoding/binary"

	"paxos/protocol"
)

// history is what the clients did, and what they were told. With the book it
// shows whether the history is linearizable, at every step: the list is the order
// of all that was ever applied, so each operation has its place in it, an append
// its index, a read the length that it saw. What is left to check is real time:
// whatever was over before an operation began has its place before it. All that
// was over by then has it below one number, the floor.
//
// An append whose outcome is unknown stays open for ever: it may come into the list
// at any later time, once, or never.
type history struct {
	authors []*author
	byNonce map[protocol.Nonce]*author
	floor   uint64 // the length of list that all operations that are over have seen
}

func newHistory() history { return history{byNonce: map[protocol.Nonce]*author{}} }

// author is who submits commands under numbers from 1: a life of a client, or all
// that it appends without a session.
type author struct {
	number  uint32
	name    string
	session bool // its commands have its numbers in its session, too
	ops     []op // that of number n at n-1
}

// op is one append.
type op struct {
	floor uint64 // when it began
	place uint64 // its index in the list plus 1, 0 while it is not there
	size  uint32
	no    bool // its client was told that it is not, and never will be, applied
}

// payloadHead is the least length of a payload: the numbers of its author and its own.
const payloadHead = 8

// author makes a new author. Its nonce is zero if it uses no session of its own.
func (j *judge) author(name string, nonce protocol.Nonce) *author {
	h := &j.history
	a := &author{number: uint32(len(h.authors)), name: name, session: nonce != protocol.Nonce{}}
	h.authors = append(h.authors, a)
	if a.session {
		h.byNonce[nonce] = a
	}
	return a
}

// begins notes that an author appends something now, and returns its number.
func (j *judge) begins(a *author, size int) (number uint32) {
	a.ops = append(a.ops, op{floor: j.history.floor, size: uint32(size)})
	return uint32(len(a.ops))
}

// payload is what the author's command of a number is, for ever.
func (a *author) payload(number uint32) []byte {
	b := make([]byte, max(int(a.ops[number-1].size), payloadHead))
	binary.BigEndian.PutUint32(b, a.number)
	binary.BigEndian.PutUint32(b[4:], number)
	for i := payloadHead; i < len(b); i++ {
		b[i] = filler(number, i)
	}
	return b
}

// filler is a byte of a payload behind its numbers. It does not compress to nothing.
func filler(number uint32, i int) byte { return byte((uint32(i)*2654435761 + number*40503) >> 13) }

// sentBy finds the command that a payload is, nil if nobody submitted it.
func (j *judge) sentBy(payload []byte) (a *author, number uint32) {
	if len(payload) < payloadHead {
		return nil, 0
	}
	who, number := binary.BigEndian.Uint32(payload), binary.BigEndian.Uint32(payload[4:])
	if who >= uint32(len(j.history.authors)) {
		return nil, 0
	}
	a = j.history.authors[who]
	if number == 0 || number > uint32(len(a.ops)) || max(int(a.ops[number-1].size), payloadHead) != len(payload) {
		return nil, 0
	}
	for i := payloadHead; i < len(payload); i++ {
		if payload[i] != filler(number, i) {
			return nil, 0
		}
	}
	return a, number
}

// entered is told of a command that takes its place in the list.
func (j *judge) entered(i protocol.Instance, in *account, seq protocol.Seq, payload []byte) {
	a, number := j.sentBy(payload)
	index := j.book.length()
	if a == nil {
		j.fail(checkValidity, "instance %s appends a payload of %d bytes that no client submitted", i, len(payload))
	}
	x := &a.ops[number-1]
	switch {
	case x.place != 0:
		j.fail(checkOnce, "instance %s appends command %d of %s at index %d, and it stands at %d already", i, number, a.name, index, x.place-1)
	case in.author != nil && in.author != a, a.session && in.author != a:
		j.fail(checkFIFO, "instance %s appends command %d of %s in the session of another", i, number, a.name)
	case a.session && seq != protocol.Seq(number):
		j.fail(checkFIFO, "instance %s appends command %d of %s as number %d of its session", i, number, a.name, seq)
	case x.no:
		j.fail(checkLinear, "instance %s appends command %d of %s, who was told that it never will be", i, number, a.name)
	case index < x.floor:
		j.fail(checkLinear, "instance %s appends command %d of %s at index %d, and it began when a list of %d entries was known", i, number, a.name, index, x.floor)
	}
	x.place = index + 1
}

// acknowledged notes that an author was told where its command stands.
func (j *judge) acknowledged(a *author, number uint32, index uint64) {
	j.acknowledgedUnplaced(a, number)
	if x := &a.ops[number-1]; x.place != index+1 {
		j.fail(checkLinear, "%s is told that its command %d stands at index %d, and it stands at %d", a.name, number, index, x.place-1)
	}
}

// acknowledgedUnplaced notes that an author was told that its command was applied.
func (j *judge) acknowledgedUnplaced(a *author, number uint32) {
	x := &a.ops[number-1]
	if x.place == 0 {
		j.fail(checkLinear, "%s is told that its command %d was applied, and it was not", a.name, number)
	}
	j.history.floor = max(j.history.floor, x.place)
}

// refused notes that an author was told that its command has no effect.
func (j *judge) refused(a *author, number uint32) {
	x := &a.ops[number-1]
	if x.no = true; x.place != 0 {
		j.fail(checkLinear, "%s is told that its command %d was not applied, and it stands at %d", a.name, number, x.place-1)
	}
}

// reads begins a read: it must see a list of at least so many entries.
func (j *judge) reads() (floor uint64) { return j.history.floor }

// read ends one that began at a floor. h gave it a list of a length.
func (j *judge) read(h *host, floor, length uint64) {
	if length < floor {
		j.fail(checkLinear, "a read at %s sees %d entries, and it began when a list of %d was known", j.of(h), length, floor)
	}
	if length > j.book.length() {
		j.fail(checkLinear, "a read at %s sees %d entries, and there are only %d", j.of(h), length, j.book.length())
	}
	j.history.floor = max(j.history.floor, length)
	j.w.count("reads", 1)
}
