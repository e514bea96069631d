package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/sim"
)

// runOne runs one seed.
func (f *simFlags) runOne(cmd *cobra.Command, o sim.Options) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	r := f.traced(out, o)
	if err := f.tell(out, o, r); err != nil {
		return unlessUnread(err)
	}
	if r.Failure != nil {
		return f.failed(cmd, out, o, r)
	}
	return unlessUnread(out.Flush())
}

// traced runs o, and prints as much of its trace as was asked for. What cannot be
// printed shows when out is flushed.
func (f *simFlags) traced(out io.Writer, o sim.Options) *sim.Result {
	tail := &sim.Tail{Lines: f.last}
	switch {
	case f.trace && f.last > 0:
		o.Trace = tail
	case f.trace:
		o.Trace = out
	}
	r := sim.Run(o)
	_, _ = tail.WriteTo(out)
	return r
}

// runMany runs the seeds from from to to.
func (f *simFlags) runMany(cmd *cobra.Command, o sim.Options, from, to uint64) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	progress := simProgress{status: terminal.NewStatus(cmd.ErrOrStderr()), seeds: to - from + 1, began: time.Now()}
	var lost error // of the output
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	many := sim.RunMany(ctx, sim.ManyOptions{
		Run: o, From: from, To: to, Workers: f.atOnce(), KeepGoing: f.keepGoing,
		Each: func(r *sim.Result) {
			progress.add(r)
			if err := f.tellEach(out, o, r, progress.clear); err != nil {
				lost = err
				stop()
			}
		},
	})
	progress.clear()
	if lost != nil {
		return unlessUnread(lost)
	}
	if err := f.tellMany(out, &many); err != nil {
		return unlessUnread(err)
	}
	return f.verdict(cmd, out, o, &many)
}

func (f *simFlags) atOnce() int {
	if f.workers == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return f.workers
}

// tellEach prints what is of interest of one run of many: in JSON all of them, in
// text those that failed, if others are still to come.
func (f *simFlags) tellEach(out *bufio.Writer, o sim.Options, r *sim.Result, clear func()) error {
	o.Seed = r.Seed
	switch {
	case f.json:
		return errors.Join(writeSimJSON(out, o, r), out.Flush())
	case r.Failure != nil && f.keepGoing:
		clear()
		fmt.Fprintf(out, "seed %d: %v\n", r.Seed, r.Failure)
		return out.Flush()
	}
	return nil
}

// verdict ends the command: with the first failure, if there was any.
func (f *simFlags) verdict(cmd *cobra.Command, out *bufio.Writer, o sim.Options, many *sim.Many) error {
	if r := many.First(); r != nil {
		o.Seed = r.Seed
		if !f.json {
			if err := writeSimText(out, r); err != nil {
				return unlessUnread(err)
			}
		}
		return f.failed(cmd, out, o, r)
	}
	if err := out.Flush(); err != nil {
		return unlessUnread(err)
	}
	if !many.Complete {
		return errors.New("interrupted")
	}
	return nil
}

// failed makes a failing run smaller, if that was asked for, says how to repeat it,
// and returns the error that the command ends with.
func (f *simFlags) failed(cmd *cobra.Command, out *bufio.Writer, o sim.Options, r *sim.Result) error {
	if f.minimise {
		o, r = f.smaller(cmd, out, o, r)
	}
	if !f.json {
		fmt.Fprintf(out, "repeat it with:\n  %s --trace\n", o.Command())
	}
	if err := unlessUnread(out.Flush()); err != nil {
		return err
	}
	return fmt.Errorf("seed %d: %w", r.Seed, r.Failure)
}

// traceEnd is how many lines of the trace of a minimised run are shown.
const traceEnd = 60

// smaller makes a failing run smaller, and shows the end of what is left of it.
func (f *simFlags) smaller(cmd *cobra.Command, out *bufio.Writer, o sim.Options, r *sim.Result) (sim.Options, *sim.Result) {
	status := terminal.NewStatus(cmd.ErrOrStderr())
	best := sim.Minimise(cmd.Context(), o, r, f.tries, func(what string) { status.Show("smaller: %s", what) })
	status.Clear()
	if f.json {
		_ = writeSimJSON(out, best.Options, best.Result) // shows when out is flushed
		return best.Options, best.Result
	}
	tail := &sim.Tail{Lines: traceEnd}
	traced := best.Options
	traced.Trace = tail
	sim.Run(traced)
	fmt.Fprintf(out, "\nthe smallest of %d runs that fail the same check; its faults, and the end of its trace:\n", best.Runs)
	writeSimFaults(out, best.Result)
	fmt.Fprintln(out)
	_, _ = tail.WriteTo(out)
	fmt.Fprintf(out, "%v\n\n", best.Result.Failure)
	return best.Options, best.Result
}

// simProgress shows on a terminal how far many runs are.
type simProgress struct {
	status   *terminal.Status
	seeds    uint64
	began    time.Time
	shown    time.Time
	done     uint64
	events   uint64
	failures int
}

const simProgressEvery = 200 * time.Millisecond

func (p *simProgress) clear() { p.status.Clear() }

func (p *simProgress) add(r *sim.Result) {
	p.done++
	p.events += uint64(r.Events)
	if r.Failure != nil {
		p.failures++
	}
	now := time.Now()
	if now.Sub(p.shown) < simProgressEvery {
		return
	}
	p.shown = now
	p.status.Show("%s of %s seeds, %s events/s, %d failures", terminal.Number(p.done), terminal.Number(p.seeds),
		terminal.Number(perSecond(p.events, now.Sub(p.began))), p.failures)
}

func perSecond(n uint64, d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64(float64(n) / d.Seconds())
}
