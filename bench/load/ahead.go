package load

import (
	"context"
	"time"
)

// Async is a system's way of beginning an operation without waiting for it.
type Async[F any] struct {
	// Begin may keep the payload.
	Begin func(payload []byte) (F, error)
	// Wait returns nil only once the system has acknowledged the operation.
	Wait func(context.Context, F) error
}

// RunAhead is [Run] by a single caller, who begins operations ahead and waits for
// the oldest of them.
func RunAhead[F any](ctx context.Context, p Phase, payloads *Payloads, do Async[F]) (Result, error) {
	return run(ctx, p, 1, func(ctx context.Context, m *Meter, _ int) error {
		a := ahead[F]{Async: do, window: make([]begun[F], p.InFlight), cut: func(i int) []byte { return payloads.Cut(0, uint64(i), p.Bytes) }}
		return a.run(ctx, m)
	})
}

// begun is an operation under way.
type begun[F any] struct {
	future  F
	started time.Time
}

// ahead is the caller, whose operations are numbered from 0.
type ahead[F any] struct {
	Async[F]
	window []begun[F] // operations under way, by number modulo its length
	cut    func(i int) []byte
	next   int // the next to begin
}

// run fills the window, and begins an operation for each that has ended, until the
// phase is over; then it waits for all that are under way.
func (a *ahead[F]) run(ctx context.Context, m *Meter) error {
	now := time.Now()
	for range a.window {
		if err := a.begin(now); err != nil {
			return err
		}
	}
	for oldest := 0; oldest < a.next; oldest++ {
		b := &a.window[oldest%len(a.window)]
		if err := a.Wait(ctx, b.future); err != nil {
			return err
		}
		now := time.Now()
		m.Count(0, b.started, now)
		if now.Before(m.End()) {
			if err := a.begin(now); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (a *ahead[F]) begin(now time.Time) (err error) {
	b := &a.window[a.next%len(a.window)]
	b.started = now
	b.future, err = a.Begin(a.cut(a.next))
	a.next++
	return err
}
