package protocol

import (
	"encoding/binary"
	"hash/crc32"
)

// All integers are little-endian. Fixed widths are used where a field is met
// once a message, uvarints where it repeats.

// Castagnoli is the polynomial of every checksum, on the wire and on disk (CRC-32C).
var Castagnoli = crc32.MakeTable(crc32.Castagnoli)

// reader takes fields off the front of a byte slice. After the first field
// that is not there it has failed, returns zeros, and stays failed; callers
// look once, at the end.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || n < 0 || n > len(r.rest) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if r.failed {
		return 0
	}
	n, w := binary.Uvarint(r.rest)
	if w <= 0 || w != uvarintLen(n) { // one encoding for each number
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[w:]
	return n
}

// count reads a number of elements, each of which takes at least least bytes:
// a count that the rest cannot hold fails before anybody allocates for it.
func (r *reader) count(least int) int {
	n := r.uvarint()
	if n > uint64(len(r.rest)/least) {
		r.failed, r.rest = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte { return r.take(r.count(1)) }

func (r *reader) bool() bool {
	switch r.u8() {
	case 0:
		return false
	case 1:
		return true
	}
	r.failed = true
	return false
}

func (r *reader) nonce() (n Nonce) {
	copy(n[:], r.take(len(n)))
	return n
}

func (r *reader) instance() Instance { return Instance(r.u64()) }

func (r *reader) ballot() Ballot {
	return Ballot{Round: r.u64(), Proposer: NodeID(r.u32()), Incarnation: r.u64()}
}

func (r *reader) run() Run {
	run := Run{Session: SessionID(r.uvarint()), First: Seq(r.uvarint())}
	n := r.uvarint()
	run.Block = r.bytes()
	if n > uint64(len(run.Block)) { // a payload takes at least one byte
		r.failed = true
	}
	run.Count = int(n)
	return run
}

func (r *reader) pins() []Pin {
	n := r.count(PinSize)
	if n > MaxAcceptors {
		r.failed = true
		return nil
	}
	return readN(r, n, func() Pin { return Pin{NodeID(r.u32()), StoreID(r.u64())} })
}

func (r *reader) spans() []Span {
	return readN(r, r.count(2), func() Span {
		first := Instance(r.uvarint())
		return Span{first, first + Instance(r.uvarint())}
	})
}

func (r *reader) mark() Mark {
	if !r.bool() {
		return Mark{}
	}
	m := Mark{Ballot: r.ballot(), Span: Span{r.instance(), r.instance()}}
	if m.IsZero() { // has a shorter encoding
		r.failed = true
	}
	return m
}

// readN reads n elements into a fresh slice; no elements make a nil slice.
func readN[T any](r *reader, n int, one func() T) []T {
	if n == 0 || r.failed {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		list[i] = one()
	}
	return list
}

func uvarintLen(n uint64) int {
	w := 1
	for ; n >= 0x80; n >>= 7 {
		w++
	}
	return w
}

func appendU32(b []byte, n uint32) []byte { return binary.LittleEndian.AppendUint32(b, n) }
func appendU64(b []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(b, n) }
func appendUv(b []byte, n uint64) []byte  { return binary.AppendUvarint(b, n) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendBytes(b, data []byte) []byte {
	b = appendUv(b, uint64(len(data)))
	return append(b, data...)
}

func appendBallot(b []byte, x Ballot) []byte {
	b = appendU64(b, x.Round)
	b = appendU32(b, uint32(x.Proposer))
	return appendU64(b, x.Incarnation)
}

func appendRun(b []byte, r Run) []byte {
	b = appendUv(b, uint64(r.Session))
	b = appendUv(b, uint64(r.First))
	b = appendUv(b, uint64(r.Count))
	return appendBytes(b, r.Block)
}

func appendPins(b []byte, pins []Pin) []byte {
	b = appendUv(b, uint64(len(pins)))
	for _, p := range pins {
		b = appendU32(b, uint32(p.Acceptor))
		b = appendU64(b, uint64(p.Store))
	}
	return b
}

func appendSpans(b []byte, spans []Span) []byte {
	b = appendUv(b, uint64(len(spans)))
	for _, s := range spans {
		b = appendUv(b, uint64(s.First))
		b = appendUv(b, uint64(s.Last-s.First))
	}
	return b
}

func appendMark(b []byte, m Mark) []byte {
	if m.IsZero() {
		return appendBool(b, false)
	}
	b = appendBool(b, true)
	b = appendBallot(b, m.Ballot)
	b = appendU64(b, uint64(m.First))
	return appendU64(b, uint64(m.Last))
}
