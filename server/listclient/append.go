package listclient

import (
	"context"
	"fmt"

	"paxos/server/value"
)

// Append appends v and returns its place. Errors are *Error. The call waits as long as ctx lets it, but not
// much longer than Config.GiveUp.
func (c *Client) Append(ctx context.Context, v value.Value) (Position, error) {
	return c.Begin(ctx, v).Wait(ctx)
}

// AppendAll appends values, in their order; values of others may stand between them. It returns the
// place of each. With an error come the places of the leading values that are known to
// be in the list; the error's outcome is that of the others (if it is Unknown, of some of them).
func (c *Client) AppendAll(ctx context.Context, values []value.Value) ([]Position, error) {
	for i, v := range values {
		if err := c.fits(v); err != nil {
			err.Message = fmt.Sprintf("value %d of %d: %s", i, len(values), err.Message)
			return nil, err
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	g := newGroup(len(values))
	c.appends.put(ctx, g, values...)
	c.appends.wait(ctx, g)
	if g.err != nil {
		return g.known(), g.err
	}
	return g.places, nil
}

// Go appends v and returns at once, or when there is room in the queue (Config.QueueBytes); ctx counts for
// that wait only. What one goroutine gives to Go stands in the list in that order, as long as no call fails. done is called exactly
// once, maybe before Go returns. It must not block, and not call Close: answers of other calls wait behind it.
func (c *Client) Go(ctx context.Context, v value.Value, done func(Position, error)) {
	if err := c.fits(v); err != nil {
		done(Position{}, err)
		return
	}
	g := single()
	g.then = done
	c.appends.put(ctx, g, v)
}

func (c *Client) fits(v value.Value) *Error {
	if n := len(v.String()); n > c.cfg.MaxValue {
		return &Error{Code: codeTooLarge, Outcome: NotDone, Message: fmt.Sprintf("the value has %d bytes as JSON, the limit is %d", n, c.cfg.MaxValue)}
	}
	return nil
}

// Values are queued in rows, so that a call's values go together if they can.
const (
	rowValues = 256
	rowBytes  = 32 << 10
)

// put queues the values of a group. If it cannot, the group ends with an error.
func (a *appender) put(ctx context.Context, g *group, values ...value.Value) {
	a.once.Do(a.start)
	for at := 0; at < len(values); {
		weight, n := command{value: values[at]}.weight(), 1
		for at+n < len(values) && n < rowValues && weight < rowBytes {
			weight += command{value: values[at+n]}.weight()
			n++
		}
		if err := a.reserve(ctx, weight); err != nil {
			a.giveUp(g, err)
			return
		}
		if !a.enqueue(g, values[at:at+n], at, weight) {
			return
		}
		at += n
	}
}

// reserve waits for room in the queue.
func (a *appender) reserve(ctx context.Context, weight int64) *Error {
	if a.room.TryAcquire(weight) {
		return nil
	}
	ctx, cancel := a.c.within(ctx)
	defer cancel()
	if a.room.Acquire(ctx, weight) != nil {
		return a.c.interrupted(ctx, NotDone)
	}
	return nil
}

// enqueue is false if the group has ended, or ends here because the client is closed.
func (a *appender) enqueue(g *group, values []value.Value, at int, weight int64) bool {
	a.mu.Lock()
	dead, over := g.dead, a.over
	if !dead && !over {
		for i, v := range values {
			a.queue.push(command{value: v, group: g, at: at + i})
		}
		g.waiting += len(values)
		a.more.Signal()
	}
	a.mu.Unlock()
	if dead || over {
		a.room.Release(weight)
	}
	if over {
		a.giveUp(g, closed(NotDone))
	}
	return !dead && !over
}

// wait waits for the group's end, or ends it when ctx does.
func (a *appender) wait(ctx context.Context, g *group) {
	select {
	case <-g.done:
	case <-ctx.Done():
		a.giveUp(g, cancelled(NotDone, context.Cause(ctx)))
		<-g.done
	}
}

// giveUp ends a group for which nobody waits any longer. What is in the queue is taken out; what
// was sent goes on, for its numbers are taken, but its outcome will not be told.
func (a *appender) giveUp(g *group, err *Error) {
	a.mu.Lock()
	g.dead = true
	sent := g.sent
	if g.waiting > 0 {
		a.purge()
	}
	a.mu.Unlock()
	if sent {
		err = err.with(Unknown)
	}
	g.failed(err)
}
