package listclient

import (
	"context"
	"time"
)

// exchange is one request that is not part of a batch, at whichever server answers, or at only.
// If it is not idempotent it is sent again only while nothing was done.
func (c *Client) exchange(ctx context.Context, only *server, r *request, idempotent bool) ([]byte, *Error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	l := c.newLink(ctx, only)
	defer l.close()
	for tries, since := 1, time.Now(); ; tries++ {
		err := l.send(r)
		var body []byte
		if err == nil {
			body, err = l.receive(r)
		}
		switch {
		case err == nil:
			return body, nil
		case ctx.Err() != nil:
			return nil, c.interrupted(ctx, err.Outcome)
		case err.final(), err.Outcome != NotDone && !idempotent, time.Since(since) > c.cfg.GiveUp:
			return nil, err
		}
		if sleep(ctx, pauseBefore(tries)) != nil {
			return nil, c.interrupted(ctx, NotDone)
		}
	}
}

// within gives a context that ends with ctx and with the client.
func (c *Client) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// interrupted says why a context made by within has ended.
func (c *Client) interrupted(ctx context.Context, o Outcome) *Error {
	if c.ctx.Err() != nil {
		return closed(o)
	}
	return cancelled(o, context.Cause(ctx))
}

func (c *Client) newLink(ctx context.Context, only *server) *link {
	return &link{ctx: ctx, servers: &c.servers, only: only, cfg: &c.cfg}
}

// sleep waits, or returns the error of ctx when that ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
