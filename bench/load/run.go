package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Operation is one durable operation: it returns nil only once the system has
// acknowledged it. It is called by the same goroutine for the same caller, 0 to
// InFlight-1, and may keep the payload.
type Operation func(ctx context.Context, caller int, payload []byte) error

// Run repeats an operation by as many callers as are to be in flight. The first
// error ends the phase and is returned.
func Run(ctx context.Context, p Phase, payloads *Payloads, do Operation) (Result, error) {
	return run(ctx, p, p.InFlight, func(ctx context.Context, m *Meter, caller int) error {
		return repeat(ctx, m, p.Bytes, caller, payloads, do)
	})
}

// run runs callers until all have ended.
func run(ctx context.Context, p Phase, callers int, call func(ctx context.Context, m *Meter, caller int) error) (Result, error) {
	ctx, stop := context.WithTimeoutCause(ctx, p.Limit(), fmt.Errorf("operations still under way %s after the phase's end", patience))
	defer stop()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	m := NewMeter(p)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			if err := call(ctx, m, caller); err != nil {
				fail(err)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	return m.Result(), nil
}

// repeat is one caller. It has at least one operation, however late it begins.
func repeat(ctx context.Context, m *Meter, size, caller int, payloads *Payloads, do Operation) error {
	started := time.Now()
	for i := uint64(0); i == 0 || started.Before(m.End()); i++ {
		if err := do(ctx, caller, payloads.Cut(caller, i, size)); err != nil {
			return err
		}
		now := time.Now()
		m.Count(caller, started, now)
		started = now
	}
	return ctx.Err()
}
