package learner

import (
	"hash/crc32"
	"slices"

	"paxos/protocol"
)

// blob is a head or a chunk on its way in, put together from pieces that come
// in any order, of any size, and more than once.
type blob struct {
	kind     protocol.BlobKind
	number   uint64 // of a head: 0 until the first piece tells which is the newest
	total    uint32 // 0 until the first piece
	sum      uint32
	data     []byte
	missing  []extent // ascending, apart from each other
	asked    uint32   // the bytes below were asked for
	restarts int
}

// extent is the bytes from first to end-1.
type extent struct{ first, end uint32 }

// begin learns from the first piece what the blob is.
func (b *blob) begin(m *protocol.Piece) {
	b.number, b.total, b.sum = m.Number, m.Total, m.Sum
	b.data = make([]byte, m.Total)
	b.missing = append(b.missing[:0], extent{0, m.Total})
}

// restart forgets everything but the number.
func (b *blob) restart() {
	*b = blob{kind: b.kind, number: b.number, restarts: b.restarts + 1}
}

// add takes a piece over and reports whether it brought anything new.
func (b *blob) add(m *protocol.Piece) bool {
	piece := extent{m.Offset, m.Offset + uint32(len(m.Data))}
	isNew := false
	for i := 0; i < len(b.missing); {
		gap := b.missing[i]
		both := extent{max(gap.first, piece.first), min(gap.end, piece.end)}
		if both.first >= both.end {
			i++
			continue
		}
		isNew = true
		copy(b.data[both.first:both.end], m.Data[both.first-piece.first:])
		rest := make([]extent, 0, 2)
		if gap.first < both.first {
			rest = append(rest, extent{gap.first, both.first})
		}
		if both.end < gap.end {
			rest = append(rest, extent{both.end, gap.end})
		}
		b.missing = slices.Replace(b.missing, i, i+1, rest...)
		i += len(rest)
	}
	return isNew
}

func (b *blob) complete() bool { return b.total > 0 && len(b.missing) == 0 }

func (b *blob) intact() bool { return crc32.Checksum(b.data, protocol.Castagnoli) == b.sum }

// waiting returns the extents that were asked for and are not here.
func (b *blob) waiting() []extent {
	if b.total == 0 {
		if b.asked == 0 {
			return nil
		}
		return []extent{{0, b.asked}}
	}
	n := 0
	for n < len(b.missing) && b.missing[n].first < b.asked {
		n++
	}
	if n == 0 || b.missing[n-1].end <= b.asked {
		return b.missing[:n]
	}
	list := slices.Clone(b.missing[:n])
	list[n-1].end = b.asked
	return list
}

// next returns the first extent of at most limit bytes that was not asked for
// and is not here. Of an unknown blob that is the guess, once.
func (b *blob) next(limit, guess int) (extent, bool) {
	if b.total == 0 {
		return extent{0, uint32(min(limit, guess))}, b.asked == 0
	}
	for _, gap := range b.missing {
		if first := max(gap.first, b.asked); first < gap.end {
			return extent{first, first + uint32(min(limit, int(gap.end-first)))}, true
		}
	}
	return extent{}, false
}
