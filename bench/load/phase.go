package load

import (
	"time"

	"paxos/internal/histogram"
)

// Phase is one stretch of load.
type Phase struct {
	InFlight int           // operations on their way at once, at least 1
	Bytes    int           // of each payload
	Warmup   time.Duration // which does not count for rate and latency
	Duration time.Duration // which does
}

// patience is how long operations may take beyond the end of a phase.
const patience = 30 * time.Second

// Limit is how long a phase may take at most.
func (p Phase) Limit() time.Duration { return p.Warmup + p.Duration + patience }

// Result is what a phase showed.
type Result struct {
	// Operations that ended within the phase's Duration, and the latencies of them.
	Operations               uint64
	Elapsed                  time.Duration
	P50, P90, P99, P999, Max time.Duration
	// All is every operation, also those of the warm-up and those that ended late:
	// what the CPU time and the fsyncs of the whole phase are divided by.
	All uint64
}

// NewResult is the result of a phase in which these latencies were measured.
func NewResult(elapsed time.Duration, h *histogram.Histogram, all uint64) Result {
	return Result{
		Operations: h.Count(), Elapsed: elapsed, All: all,
		P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), P999: h.Quantile(0.999), Max: h.Max(),
	}
}

// PerSecond is the rate of operations.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Operations) / r.Elapsed.Seconds()
}
