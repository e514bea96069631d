package engine

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"paxos/node"
)

// A node that installs a peer's image may find its own commands in it: before their
// places are told, or after. Nobody may wait for their results for ever.
func TestNobodyWaitsForAResultThatAnImageHasSwallowed(t *testing.T) {
	var next atomic.Uint64
	r := results{next: &next}
	before, beforeWaits := node.PlacedAt(7, nil)
	after, afterWaits := node.PlacedAt(8, nil)
	later, _ := node.PlacedAt(10, nil)
	r.placed([]*node.Proposal{before})
	next.Store(10) // the reader is restored
	failAll(r.take(nil, 10), errPassed)
	r.placed([]*node.Proposal{after, later})
	for _, w := range []node.Pending{beforeWaits, afterWaits} {
		if _, err := w.Wait(patient(t)); !errors.Is(err, ErrUnknown) || !errors.Is(err, errPassed) {
			t.Errorf("a command in the image: %v", err)
		}
	}
	if taken := r.take(nil, 11); len(taken) != 1 || taken[0] != later {
		t.Errorf("took %v, want the one that is still to come", taken)
	}
	r.end(ErrStopped)
	last, lastWaits := node.PlacedAt(11, nil)
	r.placed([]*node.Proposal{last})
	if _, err := lastWaits.Wait(patient(t)); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}

// Rule 8: of all that may wait for a machine, only a few keep memory for payloads.
func TestManyResultsThatWaitKeepNoPayloads(t *testing.T) {
	const most = 8 << 20 // bytes: with all payloads it is over 32 MiB
	var next atomic.Uint64
	r := results{next: &next}
	before := heap()
	for n := range maxResults {
		p, _ := node.PlacedAt(uint64(n), make([]byte, 2<<10))
		r.placed([]*node.Proposal{p})
	}
	if kept := heap() - before; !r.busy() || kept > most {
		t.Errorf("%d commands that wait take %d bytes, want %d at most", r.count.Load(), kept, most)
	}
	r.end(ErrStopped)
}

// heap is what is in use of the heap.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
