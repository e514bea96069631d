package sim

import (
	"fmt"
	"time"
)

// world is one run: the clock, the events to come, and all that takes part.
type world struct {
	options Options
	plan    plan
	now     time.Duration // since the beginning of the world
	queue   queue
	serial  uint64
	events  int // that happened so far
	healed  bool
	digest  digest
	trace   *trace
	counts  map[string]int
	hosts   []*host
	network *network
	judge   *judge
	work    *workload
}

// after lets do happen some time from now, as an event of its own.
func (w *world) after(d time.Duration, do func()) {
	w.schedule(event{at: w.now + max(d, 0), kind: eventAction, do: do})
}

// count counts something for Result.Counts.
func (w *world) count(what string, n int) { w.counts[what] += n }

// failed is what ends a run whose check did not hold.
type failed struct{ *Failure }

// fail ends the run: a check did not hold.
func (w *world) fail(check, format string, args ...any) {
	panic(failed{&Failure{Check: check, Message: fmt.Sprintf(format, args...), Event: w.events, At: w.now}})
}

// note adds a line to the trace, about something within the present event. It
// costs nothing where there is none.
func (w *world) note(format string, args ...any) {
	if w.trace != nil {
		w.trace.note(format, args...)
	}
}
