package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paxos/bench/load"
	"paxos/bench/measure"
	"paxos/bench/system"
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
	s = Sample{System: r.Name, Payload: p.Bytes, InFlight: p.InFlight}
	all, replicas := r.Processes(), r.Replicas()
	if err := errors.Join(measure.Settle(all, settleMost), measure.ResetPeaks(all)); err != nil {
		return s, err
	}
	syncs, err := c.countSyncs(r)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, syncs.Close()) }()
	before, err := measure.Of(all)
	if err != nil {
		return s, err
	}
	if s.Result, err = r.Run(ctx, p); err != nil {
		return s, err
	}
	if s.Operations == 0 {
		return s, fmt.Errorf("%s: no operation of %d bytes was acknowledged within %s", r.Name, p.Bytes, p.Duration)
	}
	if err := measure.Settle(all, settleMost); err != nil {
		return s, err
	}
	after, err := measure.Of(all)
	if err != nil {
		return s, err
	}
	ours, err := measure.Of(replicas)
	if err != nil {
		return s, err
	}
	s.CPU, s.PeakRSS, s.Client = after.CPU-before.CPU, ours.PeakRSS, after.PeakRSS-ours.PeakRSS
	s.Syncs, err = syncs.Count()
	return s, errors.Join(err, r.Check())
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
