package engine

import (
	"errors"
	"sync/atomic"
	"testing"

	"paxos/node"
)

// A node that installs a peer's image may find its own commands in it: before their
// places are told, or after. Nobody may wait for their results for ever.
func TestNobodyWaitsForAResultThatAnImageHasSwallowed(t *testing.T) {
	var next atomic.Uint64
	r := results{next: &next}
	before, after, later := node.PlacedAt(7), node.PlacedAt(8), node.PlacedAt(10)
	r.placed([]*node.Proposal{before})
	next.Store(10) // the reader is restored
	failAll(r.take(nil, 10), errPassed)
	r.placed([]*node.Proposal{after, later})
	for _, p := range []*node.Proposal{before, after} {
		if _, err := p.Wait(patient(t)); !errors.Is(err, ErrUnknown) || !errors.Is(err, errPassed) {
			t.Errorf("the command at %d: %v", p.Index(), err)
		}
	}
	if taken := r.take(nil, 11); len(taken) != 1 || taken[0] != later {
		t.Errorf("took %v, want the one that is still to come", taken)
	}
	r.end(ErrStopped)
	last := node.PlacedAt(11)
	r.placed([]*node.Proposal{last})
	if _, err := last.Wait(patient(t)); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}
