package list

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// A head is everything but the chunks:
//
//	0   4  magic "PXLH"
//	4   1  format version
//	5   1  flags: 1 sessions only, no tail
//	6   2  zero
//	8   8  applied instance
//	16  8  length of the list
//	24  8  id of the next session
//	32  8  use counter
//	40  4  number of sessions
//	44  .. the sessions, in id order
//	..  4  length of the tail in bytes
//	..  .. the tail: a block of length mod ChunkEntries entries
//	..  .. the members
//	..  4  CRC-32C of all before
//
// A session is its nonce (16 bytes) and uvarints: its id less the id before,
// last seq, use counter at its last use, number of result spans; then for each
// span, oldest first: count, and end less the end before (the index after its
// last command).
//
// The members are their epoch (8 bytes), From and OldFrom (8 each), the next id
// (4), and four lists: voters, old ones, learners, the first voters. A list is a count (uvarint),
// and for each member its id (4) and its address (uvarint length and bytes). All
// zero: the list does not know them.
//
// There is one encoding for each state.
const (
	headVersion      = 2
	headMagic        = "PXLH"
	headSize         = 44
	flagSessionsOnly = 1
	leastSession     = 16 + 4 // bytes that a session takes at least
	leastSpan        = 2
)

// AppendHead appends the state without its chunks: enough, with the chunks, to
// go on from here. The same state gives the same bytes on every replica.
func (s *State) AppendHead(b []byte) []byte {
	start := len(b)
	var flags byte
	if s.options.SessionsOnly {
		flags = flagSessionsOnly
	}
	b = append(append(b, headMagic...), headVersion, flags, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.applied))
	b = binary.LittleEndian.AppendUint64(b, s.length)
	b = s.sessions.appendTo(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.entries.tail)))
	b = append(b, s.entries.tail...)
	b = s.members.appendTo(b)
	return binary.LittleEndian.AppendUint32(b, checksum(b[start:]))
}

func (t *sessions) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(t.nextID))
	b = binary.LittleEndian.AppendUint64(b, t.uses)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(t.byID)))
	inOrder := slices.SortedFunc(maps.Values(t.byID), func(x, y *session) int { return cmp.Compare(x.id, y.id) })
	var before uint64
	for _, ses := range inOrder {
		b = ses.appendTo(b, before)
		before = uint64(ses.id)
	}
	return b
}

func (ses *session) appendTo(b []byte, before uint64) []byte {
	b = append(b, ses.nonce[:]...)
	b = binary.AppendUvarint(b, uint64(ses.id)-before)
	b = binary.AppendUvarint(b, uint64(ses.last))
	b = binary.AppendUvarint(b, ses.used)
	return ses.results.appendTo(b)
}

func (r *results) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(r.n))
	var before uint64
	for i := range r.n {
		s := *r.at(i)
		b = binary.AppendUvarint(b, uint64(s.count()))
		b = binary.AppendUvarint(b, s.end()-before)
		before = s.end()
	}
	return b
}
