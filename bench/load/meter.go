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
	h, all := new(histogram.Histogram), uint64(0)
	for i := range m.shard {
		h.Merge(&m.shard[i].h)
		all += m.shard[i].all
	}
	return NewResult(m.end.Sub(m.begin), h, all)
}
