package list

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"paxos/protocol"
)

// RestoreState returns a State that goes on where head was taken. Its closed
// chunks are not in memory.
func RestoreState(head []byte, o Options) (*State, error) {
	s := New(o)
	if err := s.Restore(head); err != nil {
		return nil, err
	}
	return s, nil
}

// Restore replaces the state by that of head, which may not be older; the
// chunks in memory are dropped. Nothing of head is kept. OnAppend is not told
// of the entries that came this way. Errors are ErrCorrupt, ErrVersion, ErrOlder,
// or ErrSessionsOnly when a head without entries meets a State that keeps them;
// after any of them the state is what it was.
func (s *State) Restore(head []byte) error {
	applied, length, err := PeekHead(head)
	if err != nil {
		return err
	}
	if applied < s.applied {
		return fmt.Errorf("%w: head of instance %d, state of %d", ErrOlder, applied, s.applied)
	}
	sessionsOnly := head[5]&flagSessionsOnly != 0
	if sessionsOnly && !s.options.SessionsOnly {
		return fmt.Errorf("%w: head of instance %d", ErrSessionsOnly, applied)
	}
	d := decoder{rest: head[24 : len(head)-sumSize]}
	table := d.sessions(s.sessions.limit, length)
	tail := d.tail(length, sessionsOnly)
	members := d.members()
	if len(d.rest) != 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	if d.err != nil {
		return fmt.Errorf("%w: head of instance %d: %v", ErrCorrupt, applied, d.err)
	}
	s.applied, s.length, s.sessions, s.members = applied, length, table, members
	if !s.options.SessionsOnly {
		s.entries.restore(length, tail)
	}
	return nil
}

// restore makes t the entries of a list that has only its tail in memory.
func (t *entries) restore(length uint64, tail []byte) {
	*t = entries{
		first:  length / protocol.ChunkEntries,
		count:  int(length % protocol.ChunkEntries),
		tail:   slices.Clone(tail),
		viewed: t.viewed,
	}
}

// PeekHead checks that a head arrived whole, and returns its applied instance
// and the length of its list. Errors are ErrCorrupt or ErrVersion.
func PeekHead(head []byte) (applied protocol.Instance, length uint64, err error) {
	end := len(head) - sumSize
	if end < headSize || string(head[:4]) != headMagic {
		return 0, 0, fmt.Errorf("%w: not a head, or too short for one: %d bytes", ErrCorrupt, len(head))
	}
	if checksum(head[:end]) != binary.LittleEndian.Uint32(head[end:]) {
		return 0, 0, fmt.Errorf("%w: head of %d bytes has a wrong checksum", ErrCorrupt, len(head))
	}
	if head[4] != headVersion {
		return 0, 0, fmt.Errorf("%w: %d, want %d", ErrVersion, head[4], headVersion)
	}
	applied = protocol.Instance(binary.LittleEndian.Uint64(head[8:]))
	length = binary.LittleEndian.Uint64(head[16:])
	if head[5] > flagSessionsOnly || head[6] != 0 || head[7] != 0 || length > maxLength {
		return 0, 0, fmt.Errorf("%w: head of instance %d: bad flags or length", ErrCorrupt, applied)
	}
	return applied, length, nil
}

// decoder takes fields off the front of a head. It keeps its first error and
// gives zeros from then on.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.rest = nil
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.fail("cut short")
	}
	if d.err != nil {
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	n, w := binary.Uvarint(d.rest)
	if w <= 0 || w > 1 && d.rest[w-1] == 0 { // one encoding for each number
		d.fail("bad number")
		return 0
	}
	d.rest = d.rest[w:]
	return n
}

// sum adds a difference to a number; what wraps is malformed.
func (d *decoder) sum(before, difference uint64) uint64 {
	if before+difference < before {
		d.fail("number out of range")
	}
	return before + difference
}

func (d *decoder) sessions(limit int, length uint64) sessions {
	t := newSessions(limit)
	t.nextID, t.uses = protocol.SessionID(d.u64()), d.u64()
	n := int(d.u32())
	if n > limit || n > len(d.rest)/leastSession {
		d.fail("%d sessions", n)
		return t
	}
	list := make([]*session, 0, n)
	var before protocol.SessionID
	for range n {
		ses := d.session(before, length)
		if ses.id <= before || t.byNonce[ses.nonce] != nil {
			d.fail("session %d out of order, or its nonce twice", ses.id)
		}
		if d.err != nil {
			return t
		}
		t.byNonce[ses.nonce] = ses
		list, before = append(list, ses), ses.id
	}
	if t.nextID <= before {
		d.fail("session %d, but %d is the next", before, t.nextID)
	}
	d.useOrder(&t, list)
	return t
}

// useOrder takes the sessions in, the one that was not used for longest first.
// No two were used at once.
func (d *decoder) useOrder(t *sessions, list []*session) {
	slices.SortFunc(list, func(x, y *session) int { return cmp.Compare(x.used, y.used) })
	var before uint64
	for _, ses := range list {
		if ses.used <= before || ses.used > t.uses {
			d.fail("session %d was last used at %d of %d, after %d", ses.id, ses.used, t.uses, before)
			return
		}
		before = ses.used
		t.add(ses)
	}
}

func (d *decoder) session(before protocol.SessionID, length uint64) *session {
	ses := new(session)
	copy(ses.nonce[:], d.take(len(ses.nonce)))
	ses.id = protocol.SessionID(d.sum(uint64(before), d.uvarint()))
	ses.last = protocol.Seq(d.uvarint())
	ses.used = d.uvarint()
	d.results(&ses.results, length)
	if known := min(uint64(ses.last), protocol.SessionWindow); d.err == nil && uint64(ses.results.covered) != known {
		d.fail("session %d has %d results, want %d", ses.id, ses.results.covered, known)
	}
	return ses
}

func (d *decoder) results(r *results, length uint64) {
	n := d.uvarint()
	if n > protocol.SessionWindow || n > uint64(len(d.rest)/leastSpan) {
		d.fail("%d result spans", n)
		return
	}
	var before uint64
	for i := range n {
		count, end := d.uvarint(), d.sum(before, d.uvarint())
		// Spans that touch would have been one.
		if count < 1 || count > protocol.SessionWindow || end > length || end < before+count || i > 0 && end == before+count {
			d.fail("result span of %d commands before %d, after one before %d", count, end, before)
			return
		}
		r.push(makeSpan(end, int(count)))
		before = end
	}
}

// tail reads the block of the entries after the last chunk.
func (d *decoder) tail(length uint64, sessionsOnly bool) []byte {
	entries := int(length % protocol.ChunkEntries)
	if sessionsOnly {
		entries = 0
	}
	block := d.take(int(d.u32()))
	rest, err := protocol.SkipPayloads(block, entries)
	if err != nil || len(rest) != 0 {
		d.fail("tail of %d bytes does not hold exactly %d entries", len(block), entries)
	}
	return block
}
