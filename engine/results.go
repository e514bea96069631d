package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// waiter is a Propose that waits for what the machine makes of its command.
type waiter struct {
	index  uint64 // of the command, once it has a place
	result any
	err    error
	done   chan struct{} // closed when result or err is there
}

// results brings the machine's results to those who wait for them. The node's loop
// notes the place of a command before any View shows it, so the reader of the list
// finds the waiter there. Places come in ascending order.
type results struct {
	next    *atomic.Uint64 // where the reader is
	mu      sync.Mutex
	waiting []*waiter // ascending by index
	ended   error     // why no result will come any more
}

// maxResults bounds the commands that wait for the machine. Beyond, Propose is
// refused: the machine is slower than those who ask it.
const maxResults = 16 << 10

// busy reports whether too many wait.
func (r *results) busy() bool { return r.count() >= maxResults }

// count is how many wait.
func (r *results) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// placed notes that w's command stands in the list at index.
func (r *results) placed(w *waiter, index uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.index = index
	if r.ended != nil {
		w.fail(r.ended)
		return
	}
	if index < r.next.Load() { // the reader was restored from a peer's image before the list was
		w.fail(errPassed)
		return
	}
	if n := len(r.waiting); n > 0 && r.waiting[n-1].index >= index {
		panic(fmt.Sprintf("engine: places are told in order: %d after %d", index, r.waiting[n-1].index))
	}
	r.waiting = append(r.waiting, w)
}

// take takes out those whose commands stand below index.
func (r *results) take(index uint64) []*waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(r.waiting) && r.waiting[n].index < index {
		n++
	}
	taken := r.waiting[:n:n]
	if r.waiting = r.waiting[n:]; len(r.waiting) == 0 {
		r.waiting = nil
	}
	return taken
}

// end fails all who wait, and who come later.
func (r *results) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = err
	for _, w := range r.waiting {
		w.fail(err)
	}
	r.waiting = nil
}

// fail says that the command stands in the list, and its result does not come.
func (w *waiter) fail(err error) {
	w.err = fmt.Errorf("%w: the command stands in the list at %d, but its result is not known here: %w", ErrUnknown, w.index, err)
	close(w.done)
}

func (w *waiter) finish(result any) {
	w.result = result
	close(w.done)
}
