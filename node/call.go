package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"paxos/protocol"
)

// call is somebody's request at the front desk, and the place for its answer.
// The desk fills it in from the loop; whoever asked reads it after done is closed.
type call struct {
	payloads [][]byte
	placed   []Placed
	session  protocol.SessionID // answer of an opening
	err      error
	offered  int          // of payloads, how many were handed to the client core
	state    atomic.Int32 // callWaits, then one of the others, for ever
	done     chan struct{}
	sure     bool                    // the list was brought up to date for it
	then     func(now protocol.Time) // goes on behind a barrier; nil: the barrier is all that was asked for
	told     func([]Placed)          // see Server.AppendTelling; nil: done is closed in its place
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

// refused answers a call that the desk never saw.
func (c *call) refused(err error) *call {
	c.err = err
	close(c.done)
	return c
}

// wait waits for the answer. When ctx, or the server, ends before, the error says
// whether the cluster may have heard of the call (ErrUnknown) or never will. The
// call's other fields may be read only after it returned nil.
func (c *call) wait(ctx context.Context, ended <-chan struct{}) error {
	return c.waitOr(ctx, ended, nil)
}

// waitOr is wait for a call whose good answer comes another way: enough is closed
// then.
func (c *call) waitOr(ctx context.Context, ended, enough <-chan struct{}) error {
	var reason error
	select {
	case <-c.done:
		return c.err
	case <-enough:
		return nil
	case <-ctx.Done():
		reason = context.Cause(ctx)
	case <-ended:
		reason = ErrStopped
	}
	return c.withdraw(reason)
}

// withdraw stops waiting for a reason.
func (c *call) withdraw(reason error) error {
	if c.state.CompareAndSwap(callWaits, callWithdrawn) {
		return reason
	}
	select {
	case <-c.done: // in the same moment
		return c.err
	default:
		c.state.Store(callAbandoned)
		return fmt.Errorf("%w: %w", ErrUnknown, reason)
	}
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
