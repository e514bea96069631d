package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"paxos/protocol"
)

// call is somebody's request at the front desk, and the place for its answer.
// The desk fills it in from the loop; whoever asked reads it after done says so.
type call struct {
	payloads [][]byte
	placed   []Placed
	session  protocol.SessionID // answer of an opening
	err      error
	offered  int                     // of payloads, how many were handed to the client core
	state    atomic.Int32            // callWaits, then one of the others, for ever
	done     chan struct{}           // see answer
	sure     bool                    // the list was brought up to date for it
	then     func(now protocol.Time) // goes on behind a barrier; nil: the barrier is all that was asked for
	proposal *Proposal               // that the call is a part of; nil: done is closed when there is an answer
}

const (
	callWaits     = iota // nobody else has heard of it: it can be withdrawn
	callUnderWay         // the cluster may have heard of it
	callWithdrawn        // it never will
	callAbandoned        // it may have, but nobody waits for the answer any more
)

func newCall(payloads [][]byte) *call { return &call{payloads: payloads, done: make(chan struct{})} }

// begin reports whether the call is still wanted; then it cannot be withdrawn
// any more.
func (c *call) begin() bool { return c.state.CompareAndSwap(callWaits, callUnderWay) || c.wanted() }

// size is what the payloads take, in bytes.
func (c *call) size() (bytes int) {
	for _, p := range c.payloads {
		bytes += protocol.PayloadSize(len(p))
	}
	return bytes
}

// wanted reports whether somebody waits for the answer.
func (c *call) wanted() bool { return c.state.Load() <= callUnderWay }

// answer says that the other fields are as they should be. Whoever asked may use a
// proposal again then, so it is the last touch.
func (c *call) answer() {
	if c.proposal != nil {
		c.done <- struct{}{} // it has room for one
		return
	}
	close(c.done)
}

// refused answers a call that the desk never saw.
func (c *call) refused(err error) *call {
	c.err = err
	c.answer()
	return c
}

// wait waits for the answer. When ctx, or the server, ends before, the error says
// whether the cluster may have heard of the call (ErrUnknown) or never will. The
// call's other fields may be read only after it returned nil.
func (c *call) wait(ctx context.Context, ended <-chan struct{}) error {
	var reason error
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		reason = context.Cause(ctx)
	case <-ended:
		reason = ErrStopped
	}
	return c.withdraw(reason)
}

// withdraw stops waiting for a reason.
func (c *call) withdraw(reason error) error {
	select {
	case <-c.done: // in the same moment
		return c.err
	default:
		return c.unanswered(reason)
	}
}

// unanswered says what becomes of a call that gets no answer, for a reason.
func (c *call) unanswered(reason error) error {
	if c.state.CompareAndSwap(callWaits, callWithdrawn) || c.state.Load() == callWithdrawn {
		return reason
	}
	c.state.Store(callAbandoned)
	return fmt.Errorf("%w: %w", ErrUnknown, reason)
}

// fifo is a queue that reuses its memory.
type fifo[T any] struct {
	items []T
	first int
}

func (q *fifo[T]) len() int { return len(q.items) - q.first }
func (q *fifo[T]) front() T { return q.items[q.first] }
func (q *fifo[T]) push(x T) { q.items = append(q.items, x) }
func (q *fifo[T]) all() []T { return q.items[q.first:] }
func (q *fifo[T]) pop() (x T) {
	var none T
	x, q.items[q.first] = q.items[q.first], none
	q.first++
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	} else if q.first > 64 && q.first > len(q.items)/2 {
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	return x
}

var errNotKept = errors.New("the list does not know the place of a command that was just applied")
