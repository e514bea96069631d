package servers

import (
	"context"
	"fmt"
	"time"
)

// How long Keep waits before it starts a server again: the first time, at most,
// and after what time of running it begins anew.
const (
	backOffMin   = 200 * time.Millisecond
	backOffMax   = 10 * time.Second
	backOffReset = 30 * time.Second
)

// Ended says that a server ended by itself, and why.
type Ended struct {
	Server int
	Code   int // its exit code; -1 after a signal
	Err    error
}

func (e *Ended) Error() string { return e.Err.Error() }
func (e *Ended) Unwrap() error { return e.Err }

// Keep watches the running servers until ctx ends. The first one that ends by
// itself ends the watch with an *[Ended]; if restart is not nil, it is instead told of
// that and the server is started again after the time that it is told.
func (c *Cluster) Keep(ctx context.Context, restart func(*Ended, time.Duration)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, c.Count())
	for i := 1; i <= c.Count(); i++ {
		go func() { ends <- c.keep(ctx, i, restart) }()
	}
	var first error
	for range c.Count() {
		if err := <-ends; err != nil && first == nil {
			first = err
			cancel()
		}
	}
	return first
}

// keep watches one server.
func (c *Cluster) keep(ctx context.Context, i int, restart func(*Ended, time.Duration)) error {
	pause := backOffMin
	for {
		p := c.Process(i)
		if p == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.Done():
		}
		err := p.Unexpected()
		if err == nil {
			return nil // it was asked to
		}
		ended := &Ended{Server: i, Code: p.ExitCode(), Err: err}
		if restart == nil {
			return ended
		}
		p.Excuse()
		if time.Since(p.Began()) > backOffReset {
			pause = backOffMin
		}
		restart(ended, pause)
		if !sleep(ctx, pause) {
			return nil
		}
		pause = min(2*pause, backOffMax)
		if err := c.Start(i); err != nil {
			return fmt.Errorf("start a server again: %w", err)
		}
	}
}

// sleep reports whether it slept all the time.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
