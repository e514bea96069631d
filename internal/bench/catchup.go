package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/servers"
	"paxos/internal/terminal"
	"paxos/server/listclient"
	"paxos/server/value"
)

// CatchUpOptions say how a list grows while a server is away.
type CatchUpOptions struct {
	Dir      string // where the cluster's folder goes; empty: see folder
	Binary   string // see servers.Options
	Entries  uint64 // appended before the third server starts
	Callers  int    // appends on their way at once
	Baseline time.Duration
	// Progress, if not nil, is told how long the list is.
	Progress func(entries uint64)
}

// CatchUpReport is what a fresh server cost.
type CatchUpReport struct {
	Started time.Time `json:"started"`
	Entries uint64    `json:"entries"`
	Callers int       `json:"callers"`
	// FillSeconds is how long the entries took, with two servers of three.
	FillSeconds float64 `json:"fill_seconds"`
	// Before, During and After are appends per second: with two servers, right
	// before the fresh one was started; from then until it was in step; with three.
	Before float64 `json:"before_per_second"`
	During float64 `json:"during_per_second"`
	After  float64 `json:"after_per_second"`
	// CatchUp is from the fresh server's start until it was in step.
	CatchUp time.Duration `json:"catch_up_ns"`
	// Length of the list when it was.
	Length    uint64  `json:"length"`
	PeakAnon  []int64 `json:"peak_anon"` // bytes, by server, over the whole run
	DiskBytes []int64 `json:"disk_bytes"`
}

// RunCatchUp has two list servers of three append entries, then starts the
// third, empty, while appends go on.
func RunCatchUp(ctx context.Context, o CatchUpOptions) (r CatchUpReport, err error) {
	r = CatchUpReport{Started: time.Now(), Entries: o.Entries, Callers: o.Callers}
	if o.Dir, err = folder(o.Dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	c, err := servers.New(servers.Options{Dir: filepath.Join(o.Dir, "servers"), Binary: o.Binary})
	if err != nil {
		return r, err
	}
	defer c.Close()
	b := catchUp{CatchUpOptions: o, cluster: c, peaks: make([]int64, c.Count())}
	if err := b.run(ctx, &r); err != nil {
		return r, err
	}
	r.PeakAnon = b.peaks
	for i := range c.Count() {
		n, err := c.DiskBytes(i + 1)
		if err != nil {
			return r, err
		}
		r.DiskBytes = append(r.DiskBytes, n)
	}
	return r, c.StopAll()
}

// catchUp is a run under way.
type catchUp struct {
	CatchUpOptions
	cluster *servers.Cluster
	peaks   []int64
	done    atomic.Uint64
}

func (b *catchUp) run(ctx context.Context, r *CatchUpReport) error {
	for i := 1; i <= 2; i++ {
		if err := b.cluster.Start(i); err != nil {
			return err
		}
	}
	if _, err := b.cluster.WaitLeader(ctx); err != nil {
		return err
	}
	client, err := listclient.New(listclient.Config{Servers: b.cluster.Addresses()[:2]})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, stop := context.WithCancelCause(ctx)
	var callers sync.WaitGroup
	defer callers.Wait()
	defer stop(nil)
	for range b.Callers {
		callers.Go(func() { b.append(ctx, client, stop) })
	}
	return b.watch(ctx, r)
}

// append appends integers until ctx ends.
func (b *catchUp) append(ctx context.Context, client *listclient.Client, stop func(error)) {
	for ctx.Err() == nil {
		if _, err := client.Append(ctx, value.Int(int64(b.done.Load()))); err != nil {
			if ctx.Err() == nil {
				stop(err)
			}
			return
		}
		b.done.Add(1)
	}
}

// watch waits for the entries, measures, starts the third server, and measures again.
func (b *catchUp) watch(ctx context.Context, r *CatchUpReport) error {
	began := time.Now()
	if err := b.until(ctx, func() bool { return b.done.Load() >= b.Entries }); err != nil {
		return err
	}
	r.FillSeconds = time.Since(began).Seconds()
	var err error
	if r.Before, err = b.rate(ctx, after(b.Baseline)); err != nil {
		return err
	}
	began = time.Now()
	if err := b.cluster.Start(3); err != nil {
		return err
	}
	r.During, err = b.rate(ctx, func() bool { return b.cluster.Ready(ctx, 3) })
	if r.CatchUp, r.Length = time.Since(began), b.done.Load(); err != nil {
		return err
	}
	r.After, err = b.rate(ctx, after(b.Baseline))
	return err
}

func after(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

// rate is appends per second until the end comes.
func (b *catchUp) rate(ctx context.Context, end func() bool) (float64, error) {
	began, before := time.Now(), b.done.Load()
	err := b.until(ctx, end)
	return float64(b.done.Load()-before) / time.Since(began).Seconds(), err
}

// until waits for the end, and looks at the servers' memory meanwhile.
func (b *catchUp) until(ctx context.Context, end func() bool) error {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for !end() {
		for i := range b.peaks {
			if u, err := b.cluster.Usage(i + 1); err == nil {
				b.peaks[i] = max(b.peaks[i], u.RSSAnon)
			}
		}
		if b.Progress != nil {
			b.Progress(b.done.Load())
		}
		if err := b.cluster.Check(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// WriteText writes the report for people.
func (r *CatchUpReport) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s integers appended by %d callers to 2 of 3 list servers in %.1f s (%s/s)\n",
		terminal.Number(int(r.Entries)), r.Callers, r.FillSeconds, terminal.Number(int(float64(r.Entries)/r.FillSeconds)))
	fmt.Fprintf(w, "the third server, empty, was in step after %.2f s, at %s entries\n", r.CatchUp.Seconds(), terminal.Number(int(r.Length)))
	fmt.Fprintf(w, "appends: %s/s before, with two servers; %s/s meanwhile (%.0f %%); %s/s afterwards, with three (%.0f %%)\n",
		terminal.Number(int(r.Before)), terminal.Number(int(r.During)), 100*r.During/r.Before,
		terminal.Number(int(r.After)), 100*r.After/r.Before)
	for i, anon := range r.PeakAnon {
		fmt.Fprintf(w, "server %d: at most %.0f MiB of anonymous memory, %.0f MiB on disk\n", i+1, float64(anon)/(1<<20), float64(r.DiskBytes[i])/(1<<20))
	}
	return nil
}
