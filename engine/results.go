package engine

import (
	"fmt"
	"sync"
	"sync/atomic"

	"paxos/node"
)

// results brings the machine's results to the Proposes that wait for them. The
// node's loop notes the place of a command before any View shows it, so the reader
// of the list finds the proposal there. Places come in ascending order.
type results struct {
	next  *atomic.Uint64 // where the reader is
	count atomic.Int64   // len(waiting)

	mu      sync.Mutex
	waiting []*node.Proposal // ascending by index
	ended   error            // why no result will come any more
}

// maxResults bounds the commands that wait for the machine. Beyond, Propose is
// refused: the machine is slower than those who ask it. Beyond fewResults they keep no
// memory for payloads (rule 8).
const (
	maxResults = 16 << 10
	fewResults = 1 << 10
)

// busy reports whether too many wait.
func (r *results) busy() bool { return r.count.Load() >= maxResults }

// placed notes proposals whose commands stand in the list now.
func (r *results) placed(proposals []*node.Proposal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range proposals {
		switch {
		case r.ended != nil:
			fail(p, r.ended)
		case p.Index() < r.next.Load(): // the reader was restored from a peer's image before the list was
			fail(p, errPassed)
		default:
			r.wait(p)
		}
	}
	r.count.Store(int64(len(r.waiting)))
}

func (r *results) wait(p *node.Proposal) {
	n := len(r.waiting)
	if n > 0 && r.waiting[n-1].Index() >= p.Index() {
		panic(fmt.Sprintf("engine: places are told in order: %d after %d", p.Index(), r.waiting[n-1].Index()))
	}
	if n >= fewResults {
		p.LetGo()
	}
	r.waiting = append(r.waiting, p)
}

// take takes out those whose commands stand below index, and appends them to taken.
func (r *results) take(taken []*node.Proposal, index uint64) []*node.Proposal {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(r.waiting) && r.waiting[n].Index() < index {
		n++
	}
	taken = append(taken, r.waiting[:n]...)
	rest := copy(r.waiting, r.waiting[n:])
	clear(r.waiting[rest:])
	r.waiting = r.waiting[:rest]
	r.count.Store(int64(rest))
	return taken
}

// end fails all who wait, and who come later.
func (r *results) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = err
	failAll(r.waiting, err)
	r.waiting = nil
	r.count.Store(0)
}

// fail says that the command stands in the list, and its result does not come.
func fail(p *node.Proposal, err error) {
	p.Fail(fmt.Errorf("%w: the command stands in the list at %d, but its result is not known here: %w", ErrUnknown, p.Index(), err))
}

func failAll(waiting []*node.Proposal, err error) {
	for _, p := range waiting {
		fail(p, err)
	}
}
