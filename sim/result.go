package sim

import (
	"fmt"
	"time"
)

// Result is what one run was, and whether it was right.
type Result struct {
	Seed      uint64
	Shape     string
	Acceptors int
	Clients   int
	Steps     int // events that had faults on
	Events    int // in all
	Simulated time.Duration
	// Hash is over the logical content of all events. The same options give the same
	// hash, on every machine.
	Hash   uint64
	Faults []Fault // the schedule
	// Counts says what happened how often.
	Counts  map[string]int
	Failure *Failure // nil: all checks held
}

// Failure is the first check that did not hold.
type Failure struct {
	Check   string // its name
	Message string
	Event   int // number of the event in which it showed
	At      time.Duration
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s (event %d, at %v)", f.Check, f.Message, f.Event, f.At)
}
