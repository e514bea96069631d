package wal

import "fmt"

// Position is a place in the log. Positions order all records, and stay what
// they are for ever: segment numbers are never used twice. The zero Position is
// the beginning of the log, before everything.
type Position struct {
	Segment uint64 // from 1
	Offset  int64  // bytes from the beginning of the segment's file
}

// Less reports whether p lies before q.
func (p Position) Less(q Position) bool {
	if p.Segment != q.Segment {
		return p.Segment < q.Segment
	}
	return p.Offset < q.Offset
}

// IsZero reports whether p is the beginning of the log.
func (p Position) IsZero() bool { return p == Position{} }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Segment, p.Offset) }
