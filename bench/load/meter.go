package load

import (
	"sync"
	"time"

	"paxos/internal/histogram"
)

// shards keep callers that end at the same time from waiting for each other.
const shards = 16

// Meter counts operations and their latencies. Its methods may be called by any
// goroutine.
type Meter struct {
	begin, end time.Time // of what counts
	shard      [shards]shard
}

type shard struct {
	mu  sync.Mutex
	h   histogram.Histogram
	all uint64
}

// NewMeter starts a phase now.
func NewMeter(p Phase) *Meter {
	begin := time.Now().Add(p.Warmup)
	return &Meter{begin: begin, end: begin.Add(p.Duration)}
}

// End is when no new operation is begun any more.
func (m *Meter) End() time.Time { return m.end }

// Count notes an operation that ended now.
func (m *Meter) Count(caller int, started, now time.Time) {
	s := &m.shard[caller%shards]
	s.mu.Lock()
	s.all++
	if now.After(m.begin) && !now.After(m.end) {
		s.h.Add(now.Sub(started), 1)
	}
	s.mu.Unlock()
}

// Result is what was counted. All operations must have ended.
func (m *Meter) Result() Result {
	h := new(histogram.Histogram)
	r := Result{Elapsed: m.end.Sub(m.begin)}
	for i := range m.shard {
		h.Merge(&m.shard[i].h)
		r.All += m.shard[i].all
	}
	r.Operations = h.Count()
	r.P50, r.P90, r.P99, r.P999, r.Max = h.Quantile(0.5), h.Quantile(0.9), h.Quantile(0.99), h.Quantile(0.999), h.Max()
	return r
}
