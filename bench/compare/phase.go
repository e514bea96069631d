package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paxos/bench/load"
	"paxos/bench/measure"
	"paxos/bench/system"
	"paxos/internal/process"
)

// settleMost is how long a system may take to become idle before and after its phase.
const settleMost = 1500 * time.Millisecond

// tries is how often a phase is begun at most: a leader may be lost under it.
const tries = 3

// measured is one phase, repeated where the leader was lost.
func (c *comparison) measured(ctx context.Context, at, payload, inFlight int) (Sample, error) {
	r := c.running[at]
	p := load.Phase{InFlight: inFlight, Bytes: payload, Warmup: c.Warmup, Duration: c.Phase}
	var errs []error
	for range tries {
		s, err := c.phase(ctx, r, p)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || r.Check() != nil {
			break
		}
		c.raw.Systems[at].Again++
	}
	return Sample{}, errors.Join(errs...)
}

// phase has load made, and looks at the processes before and after.
func (c *comparison) phase(ctx context.Context, r *system.Running, p load.Phase) (s Sample, err error) {
	w, err := c.watch(r)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, w.syncs.Close()) }()
	result, err := r.Run(ctx, p)
	if err != nil {
		return s, err
	}
	if result.Operations == 0 {
		return s, fmt.Errorf("%s: no operation of %d bytes was acknowledged within %s", r.Name, p.Bytes, p.Duration)
	}
	if s, err = w.end(); err != nil {
		return s, err
	}
	s.System, s.Payload, s.InFlight, s.Result = r.Name, p.Bytes, p.InFlight, result
	return s, r.Check()
}

// watch is a look at a system's processes before its phase.
type watch struct {
	all, replicas []*process.Process
	before        measure.Usage // of all
	syncs         *measure.Syncs
}

// watch begins to watch a system, once it is idle.
func (c *comparison) watch(r *system.Running) (w watch, err error) {
	w.all, w.replicas = r.Processes(), r.Replicas()
	if err := errors.Join(measure.Settle(w.all, settleMost), measure.ResetPeaks(w.all)); err != nil {
		return w, err
	}
	if w.syncs, err = c.countSyncs(r); err != nil {
		return w, err
	}
	w.before, err = measure.Of(w.all)
	return w, err
}

// end says what the processes have used, once the system is idle again.
func (w watch) end() (s Sample, err error) {
	warm, err := measure.Of(w.replicas)
	if err != nil {
		return s, err
	}
	if err := measure.Settle(w.all, settleMost); err != nil {
		return s, err
	}
	replicas, err := measure.Of(w.replicas)
	if err != nil {
		return s, err
	}
	after, err := measure.Of(w.all)
	if err != nil {
		return s, err
	}
	s.CPU, s.Anon = after.CPU-w.before.CPU, warm.Anon
	s.PeakRSS, s.Client = replicas.PeakRSS, after.PeakRSS-replicas.PeakRSS
	s.Syncs, err = w.syncs.Count()
	return s, err
}

// countSyncs begins to count; where this machine does not allow it, it counts nothing and notes why.
func (c *comparison) countSyncs(r *system.Running) (*measure.Syncs, error) {
	s, err := measure.CountSyncs(r.Replicas())
	if measure.CannotCount(err) {
		c.raw.Uncounted = err.Error()
		return new(measure.Syncs), nil
	}
	return s, err
}
