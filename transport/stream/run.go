package stream

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// run keeps the peer connected until ctx ends.
func (p *peer) run(ctx context.Context) {
	var pause backoff
	failures := 0
	for {
		began := time.Now()
		l, err := p.connect(ctx)
		if err == nil {
			p.log.Info("connected to a peer")
			connected := time.Now()
			err = p.serve(ctx, l)
			began = time.Now()
			if began.Sub(connected) > backoffMax { // if not, it may end at once again and again
				pause, failures = 0, 0
			}
		}
		if ctx.Err() != nil {
			return
		}
		p.failed(err)
		if failures++; failures == 1 {
			p.log.Warn("a peer is not connected; trying again until it is", "error", err)
		}
		p.wait(ctx, pause.next()-time.Since(began)) // an attempt that took long is repeated at once
	}
}

// serve sends on a connection until it ends, and returns why it did.
func (p *peer) serve(ctx context.Context, l *link) error {
	var listening sync.WaitGroup
	defer listening.Wait()
	gone := make(chan error, 1)
	listening.Go(func() { gone <- l.listen() })
	defer context.AfterFunc(ctx, func() { abort(l.conn) })()
	p.attach(l)
	return p.detach(l, p.pump(ctx, l, gone))
}

// pump writes the queue whenever there is one.
func (p *peer) pump(ctx context.Context, l *link, gone <-chan error) error {
	for {
		select {
		case <-p.work:
			if err := p.flush(l); err != nil {
				return err
			}
		case err := <-gone:
			return err
		case <-ctx.Done():
			return errRemoved
		}
	}
}

// wait waits before the next attempt, unless the peer shows that it is there.
func (p *peer) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.hurry:
	case <-ctx.Done():
	}
}

// backoff is the last pause between two attempts; zero before the first.
type backoff time.Duration

// next doubles the pause, and takes up to half of it off at random so that
// servers that lost each other at the same moment do not keep step.
func (b *backoff) next() time.Duration {
	*b = min(max(2**b, backoff(backoffMin)), backoff(backoffMax))
	d := time.Duration(*b)
	return d - rand.N(d/2)
}
