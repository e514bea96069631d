package listclient

import (
	"context"

	"paxos/server/value"
)

// Pending is a value on its way to the list, which Begin has begun. Copies of it stand for the same one Wait.
type Pending struct {
	a     *appender
	group *group
	waits uint64 // that the group has had before
	err   *Error // why it was not begun
}

// Begin is the first half of Append, Wait the second: one goroutine can have many values under way, which costs less than a
// goroutine for each. It returns at once, or when there is room in the queue (Config.QueueBytes); ctx counts for that
// wait only. What one goroutine begins stands in the list in that order, as long as none fails.
func (c *Client) Begin(ctx context.Context, v value.Value) Pending {
	if err := c.fits(v); err != nil {
		return Pending{err: err}
	}
	g := single()
	p := Pending{a: c.appends, group: g, waits: g.waits.Load()}
	c.appends.put(ctx, g, v)
	return p
}

// Wait returns what Append would: if ctx ends first, an error that says whether the value was sent. It may be called once for
// each Begin, in any order, and need not be called at all. A second call, of a copy, too, panics. After Close
// it returns at once.
func (p Pending) Wait(ctx context.Context) (Position, error) {
	if p.err != nil {
		return Position{}, p.err
	}
	g := p.group
	if g == nil {
		panic("listclient: Wait for what Begin has not begun")
	}
	if !g.waits.CompareAndSwap(p.waits, p.waits+1) {
		panic("listclient: Wait was called twice for what was begun once")
	}
	select {
	case <-g.done: // mostly, for who has begun many
	default:
		p.a.wait(ctx, g)
	}
	if g.err != nil {
		return Position{}, g.err // g is not used again: a batch may still know it
	}
	at := g.one[0]
	singles.Put(g)
	return at, nil
}
