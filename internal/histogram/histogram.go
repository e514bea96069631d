package histogram

import (
	"math/bits"
	"time"
)

const (
	subBits = 6
	sub     = 1 << subBits // buckets for each power of two
)

// Histogram counts durations of 0 and more. The zero value is empty and ready.
type Histogram struct {
	counts [64 * sub]uint64
	total  uint64
	max    time.Duration
}

// Add counts d, n times. Negative durations count as 0.
func (h *Histogram) Add(d time.Duration, n uint64) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))] += n
	h.total += n
	h.max = max(h.max, d)
}

// Merge adds all that another histogram has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Count is how many durations were added.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest duration that was added.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile is the least duration that at least the share q (0 to 1) of all
// durations do not exceed, rounded up by at most 1/64; 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q*float64(h.total) + 0.5)
	rank = min(max(rank, 1), h.total)
	for i, seen := 0, uint64(0); i < len(h.counts) && h.total > 0; i++ {
		if seen += h.counts[i]; seen >= rank {
			return min(upper(i), h.max)
		}
	}
	return 0
}

// bucket is the place of n: exact below sub, then sub buckets a power of two.
func bucket(n uint64) int {
	if n < sub {
		return int(n)
	}
	shift := bits.Len64(n) - subBits - 1
	return (shift+1)<<subBits + int(n>>shift) - sub
}

// upper is the greatest duration of a bucket.
func upper(i int) time.Duration {
	if i < sub {
		return time.Duration(i)
	}
	shift := i>>subBits - 1
	return time.Duration(uint64(i&(sub-1)+sub+1)<<shift - 1)
}
