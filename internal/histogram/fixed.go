package histogram

import "sync/atomic"

// Fixed counts numbers in a few buckets whose bounds are given: what monitoring
// wants, where [Histogram] is for a report. Any goroutine may add and look at any
// time. To add is two atomic additions; nothing is allocated.
type Fixed struct {
	bounds []uint64
	counts []atomic.Uint64 // one more than bounds: what is above all of them
	sum    atomic.Uint64
}

// NewFixed makes a Fixed with a bucket for what is at most each of the bounds, and
// above the one before. It panics if they do not ascend.
func NewFixed(bounds []uint64) *Fixed {
	for i := 1; i < len(bounds); i++ {
		if bounds[i] <= bounds[i-1] {
			panic("histogram: bounds must ascend")
		}
	}
	return &Fixed{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Add counts n.
func (h *Fixed) Add(n uint64) {
	i := 0
	for i < len(h.bounds) && n > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(n)
}

// Counts is what a [Fixed] has counted so far.
type Counts struct {
	Bounds []uint64 // nobody may change them
	AtMost []uint64 // how many numbers were at most each of the bounds
	Count  uint64   // of all numbers
	Sum    uint64   // of all numbers
}

// Counts looks. While somebody adds, Sum may stand for a few numbers more or less
// than Count.
func (h *Fixed) Counts() Counts {
	c := Counts{Bounds: h.bounds, AtMost: make([]uint64, len(h.bounds)), Sum: h.sum.Load()}
	for i := range h.counts {
		c.Count += h.counts[i].Load()
		if i < len(c.AtMost) {
			c.AtMost[i] = c.Count
		}
	}
	return c
}

// Steps are the bounds low, 2 low, 5 low, 10 low, 20 low and so on, up to high.
func Steps(low, high uint64) (bounds []uint64) {
	for {
		for _, n := range []uint64{low, 2 * low, 5 * low} {
			if n > high {
				return bounds
			}
			bounds = append(bounds, n)
		}
		low *= 10
	}
}
