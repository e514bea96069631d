package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"paxos/bench/measure"
	"paxos/bench/system"
)

// Options say what is compared.
type Options struct {
	Dir      string // where all data goes, on a disk; empty: TMPDIR or /var/tmp
	Systems  []system.System
	Payloads []int // bytes
	InFlight []int // operations on their way at once
	Rounds   int
	Phase    time.Duration // what counts of a phase
	Warmup   time.Duration // what does not
	// Progress is told what happens now.
	Progress func(string)
}

// comparison is a run under way.
type comparison struct {
	Options
	running []*system.Running
	raw     Raw
}

// Run compares. All it has started has ended and all it has written is gone when it returns.
func Run(ctx context.Context, o Options) (_ Raw, err error) {
	dir, err := folder(o.Dir)
	if err != nil {
		return Raw{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := comparison{Options: o, raw: Raw{
		Started: time.Now(), CPUs: runtime.NumCPU(), Rounds: o.Rounds,
		Phase: o.Phase, Warmup: o.Warmup, Payloads: o.Payloads, InFlight: o.InFlight,
	}}
	defer c.close()
	if err := c.start(ctx, dir); err != nil {
		return c.raw, err
	}
	for round := range o.Rounds {
		if err := c.round(ctx, round); err != nil {
			return c.raw, err
		}
	}
	return c.raw, c.idle(ctx)
}

// folder makes the folder for all data. Temporary folders are often in memory,
// where an fsync costs nothing; /var/tmp is not.
func folder(asked string) (string, error) {
	for _, other := range []string{os.Getenv("TMPDIR"), "/var/tmp"} {
		if asked == "" {
			asked = other
		}
	}
	dir, err := os.MkdirTemp(asked, "paxos-compare-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

// start starts all systems, one after the other.
func (c *comparison) start(ctx context.Context, dir string) error {
	c.Progress("building the programs")
	h := system.Host{Dir: dir, Programs: filepath.Join(dir, "programs")}
	if err := build(ctx, h.Programs, system.Packages(c.Systems)); err != nil {
		return err
	}
	for _, s := range c.Systems {
		c.Progress("starting " + s.Name)
		r, err := s.Start(ctx, h)
		if err != nil {
			return err
		}
		c.running = append(c.running, r)
		c.raw.Systems = append(c.raw.Systems, SystemInfo{Name: s.Name, Ours: s.Ours, What: s.What})
	}
	var err error
	c.raw.FsyncP50, err = measure.Fdatasync(dir)
	return err
}

func (c *comparison) close() {
	for _, r := range c.running {
		r.Close()
	}
}

// round has each system do each phase once. Who begins changes from round to round.
func (c *comparison) round(ctx context.Context, round int) error {
	for _, payload := range c.Payloads {
		for _, inFlight := range c.InFlight {
			for i := range c.running {
				at := (i + round) % len(c.running)
				c.Progress(fmt.Sprintf("round %d of %d: %s, %d bytes, %d in flight", round+1, c.Rounds, c.running[at].Name, payload, inFlight))
				s, err := c.measured(ctx, at, payload, inFlight)
				if err != nil {
					return err
				}
				s.Round = round
				c.raw.Samples = append(c.raw.Samples, s)
			}
		}
	}
	return nil
}

// idleTime is how long the idle systems are looked at.
const idleTime = 2 * time.Second

// idle measures what every system takes while nobody asks it for anything.
func (c *comparison) idle(ctx context.Context) error {
	c.Progress("all idle")
	var before []measure.Usage
	for _, r := range c.running {
		if err := measure.Settle(r.Processes(), settleMost); err != nil {
			return err
		}
	}
	for _, r := range c.running {
		u, err := measure.Of(r.Processes())
		if err != nil {
			return err
		}
		before = append(before, u)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(idleTime):
	}
	for i, r := range c.running {
		u, err := measure.Of(r.Processes())
		if err != nil {
			return err
		}
		c.raw.Systems[i].Idle = (u.CPU - before[i].CPU).Seconds() / idleTime.Seconds()
	}
	return nil
}
