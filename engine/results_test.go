package engine

import (
	"errors"
	"sync/atomic"
	"testing"
)

// A node that installs a peer's image may find its own commands in it: before their
// places are told, or after. Nobody may wait for their results for ever.
func TestNobodyWaitsForAResultThatAnImageHasSwallowed(t *testing.T) {
	var next atomic.Uint64
	r := results{next: &next}
	before, after, later := &waiter{done: make(chan struct{})}, &waiter{done: make(chan struct{})}, &waiter{done: make(chan struct{})}
	r.placed(before, 7)
	next.Store(10) // the reader is restored
	failAll(r.take(10), errPassed)
	r.placed(after, 8)
	r.placed(later, 10)
	for _, w := range []*waiter{before, after} {
		select {
		case <-w.done:
		default:
			t.Fatalf("the command at %d is waited for", w.index)
		}
		if !errors.Is(w.err, ErrUnknown) || !errors.Is(w.err, errPassed) {
			t.Errorf("the command at %d: %v", w.index, w.err)
		}
	}
	if taken := r.take(11); len(taken) != 1 || taken[0] != later {
		t.Errorf("took %v, want the one that is still to come", taken)
	}
	r.end(ErrStopped)
	last := &waiter{done: make(chan struct{})}
	r.placed(last, 11)
	if <-last.done; !errors.Is(last.err, ErrStopped) {
		t.Errorf("after the end: %v", last.err)
	}
}
