package listclient

import (
	"context"
	"fmt"
	"sync"

	"paxos/server/value"
)

// Entry is one entry of the list.
type Entry struct {
	Index uint64 // from 0
	Value value.Value
}

// Get reads the entry at an index, linearizably: it finds what was acknowledged, to anyone, before the
// call. Beyond the end the error is of class ErrNotFound.
func (c *Client) Get(ctx context.Context, index uint64) (value.Value, error) {
	v, _, err := c.reads.entry(ctx, index)
	return v, err
}

// Length reads the length of the list, linearizably.
func (c *Client) Length(ctx context.Context) (uint64, error) {
	n, _, err := c.reads.length(ctx)
	return n, err
}

// read is one call that waits for its part of a batch's answer.
type read struct {
	index  uint64
	length bool // the length is asked for, not an entry
	done   chan struct{}
	gone   bool // nobody waits for it; guarded by reader.mu

	// The answer.
	raw   []byte // the entry's JSON; empty: there is none
	count uint64
	fresh Freshness
	err   *Error
}

var readPool = sync.Pool{New: func() any { return &read{done: make(chan struct{}, 1)} }}

func (r *reader) entry(ctx context.Context, index uint64) (value.Value, Freshness, error) {
	q := readPool.Get().(*read)
	q.index, q.length, q.raw = index, false, q.raw[:0]
	if err := r.ask(ctx, q); err != nil {
		return value.Value{}, Freshness{}, err
	}
	defer readPool.Put(q)
	if len(q.raw) == 0 {
		return value.Value{}, q.fresh, &Error{Code: codeNotFound, Outcome: NotDone,
			Message: fmt.Sprintf("the list has %d entries, none at %d", q.count, index)}
	}
	v, err := value.Parse(string(q.raw))
	if err != nil {
		return v, q.fresh, &Error{Code: codeBadAnswer, Outcome: NotDone, Message: "read an entry", Err: err}
	}
	return v, q.fresh, nil
}

func (r *reader) length(ctx context.Context) (uint64, Freshness, error) {
	q := readPool.Get().(*read)
	q.length = true
	if err := r.ask(ctx, q); err != nil {
		return 0, Freshness{}, err
	}
	defer readPool.Put(q)
	return q.count, q.fresh, nil
}

// ask queues q and waits for its answer. With an error, q must not be used again.
func (r *reader) ask(ctx context.Context, q *read) error {
	r.once.Do(r.start)
	if !r.put(q) {
		return closed(NotDone)
	}
	select {
	case <-q.done:
	case <-ctx.Done():
		r.drop(q)
		return cancelled(NotDone, context.Cause(ctx))
	}
	if q.err != nil {
		return q.err
	}
	return nil
}
