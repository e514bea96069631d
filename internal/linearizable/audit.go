package linearizable

import (
	"errors"
	"fmt"
)

// Audit compares a history's appends with the list in the end: what was
// acknowledged stands where that was said; what was refused does not stand there;
// nothing stands there twice, or without having been appended.
//
// It follows from linearizability, but for what was refused; this says it in plain words.
func Audit(h *History, final []int64) error {
	count := make(map[int64]int, len(final))
	for _, v := range final {
		count[v]++
	}
	a := audit{final: final}
	for _, o := range h.Ops() {
		if o.Kind.appends() {
			a.append(&o, count[o.Value])
			delete(count, o.Value)
		}
	}
	for _, v := range h.Refused() {
		if count[v] > 0 {
			a.found("value %d was refused, and is in the list", v)
			delete(count, v)
		}
	}
	for v, n := range count {
		a.found("value %d is in the list (%d times), and nobody has appended it", v, n)
	}
	return errors.Join(a.errors...)
}

// mostFound is how many errors are told.
const mostFound = 20

type audit struct {
	final  []int64
	errors []error
}

func (a *audit) append(o *Op, count int) {
	switch {
	case count > 1:
		a.found("value %d is in the list %d times: %v", o.Value, count, o)
	case o.open():
	case count == 0:
		a.found("an acknowledged value is lost: %v", o)
	case o.Length > int64(len(a.final)) || a.final[o.Length-1] != o.Value:
		a.found("a value is not where it was said to be: %v", o)
	}
}

func (a *audit) found(format string, args ...any) {
	if len(a.errors) < mostFound {
		a.errors = append(a.errors, fmt.Errorf(format, args...))
	}
}

// Counts is a history in numbers.
type Counts struct {
	Appends int // acknowledged
	Reads   int // answered
	Open    int // appends with an unknown outcome
	Refused int // appends that were not done
}

// Count counts a history's operations.
func (h *History) Count() (c Counts) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.ops {
		switch o := &h.ops[i]; {
		case o.open():
			c.Open++
		case o.Kind.appends():
			c.Appends++
		default:
			c.Reads++
		}
	}
	c.Refused = len(h.refused)
	return c
}

func (c Counts) String() string {
	return fmt.Sprintf("%d appends acknowledged, %d unknown, %d refused, %d reads", c.Appends, c.Open, c.Refused, c.Reads)
}
