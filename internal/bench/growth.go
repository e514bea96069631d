package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// GrowthOptions say what is done to see if the cost of a command grows.
type GrowthOptions struct {
	Dir      string // where the clusters' folders go; empty: see folder
	Binary   string // see cluster.Options
	Roles    bool   // measure the multicast roles
	Servers  bool   // measure list servers
	InFlight int    // commands on their way at once
	Bytes    int    // of a value
	Commands uint64 // of the long run
	Every    uint64 // commands of a sample
	Turns    int    // of a sample each that a long run takes with a fresh cluster in the end; other runs take half as many
	// Sessions are how many sessions the list knows in runs of their own, each of
	// SessionCommands.
	Sessions        []int
	SessionCommands uint64
	// Progress, if not nil, is told what is measured now.
	Progress func(what string, sessions int, commands uint64)

	instead func() grower // of real clusters, for tests
}

// GrowthReport is what a command cost: over a long run, and beside many sessions.
type GrowthReport struct {
	Started  time.Time   `json:"started"`
	InFlight int         `json:"in_flight"`
	Bytes    int         `json:"bytes"`
	Long     []GrowthRun `json:"long"`
	Sessions []GrowthRun `json:"sessions"`
}

// The clusters that can be measured.
const (
	GrowthRoles   = "roles"
	GrowthServers = "list servers"
)

// GrowthRun is one run on a fresh cluster.
type GrowthRun struct {
	What     string   `json:"what"` // GrowthRoles or GrowthServers
	Sessions int      `json:"sessions"`
	Commands uint64   `json:"commands"`
	Samples  []Sample `json:"samples"`
	// CPUGrowth is CPU time per command in the last quarter of the run, divided by that in
	// the first quarter; AnonGrowth the same of anonymous memory. Medians of the samples
	// count, and the warm-up does not.
	CPUGrowth  float64 `json:"cpu_growth"`
	AnonGrowth float64 `json:"anon_growth"`
	// BesideFresh is CPU time per command after the run, divided by that of a fresh cluster:
	// both are up then, and take turns, so that whatever else the machine does meets both. It is the
	// median of all turns; 0 if there were none.
	BesideFresh float64 `json:"cpu_beside_fresh,omitempty"`
	Turns       []Turn  `json:"turns,omitempty"`
}

// Turn is the CPU seconds for a million commands here, and in a fresh cluster.
type Turn struct {
	Here  float64 `json:"here"`
	Fresh float64 `json:"fresh"`
}

func (t Turn) ratio() float64 { return ratio(t.Here, t.Fresh) }

// Sample is a stretch of a run.
type Sample struct {
	Commands  uint64        `json:"commands"` // acknowledged by its end, since the run began
	PerSecond float64       `json:"per_second"`
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	// CPUSecondsPerMillion is CPU time of all processes for a million commands.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"`
	// Processes are what each took at its end, by name.
	Processes map[string]Figures `json:"processes"`
}

// Anon is the anonymous memory of all processes together, in bytes.
func (s *Sample) Anon() (sum int64) {
	for _, f := range s.Processes {
		sum += f.Anon
	}
	return sum
}

// RunGrowth measures everything, one cluster after the other.
func RunGrowth(ctx context.Context, o GrowthOptions) (r GrowthReport, err error) {
	r = GrowthReport{Started: time.Now(), InFlight: o.InFlight, Bytes: o.Bytes}
	if o.Dir, err = folder(o.Dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	for _, what := range o.clusters() {
		run, err := o.one(ctx, what, 1, o.Commands, o.Turns)
		if err != nil {
			return r, err
		}
		r.Long = append(r.Long, run)
	}
	for _, what := range o.clusters() {
		for _, sessions := range o.Sessions {
			run, err := o.one(ctx, what, sessions, o.SessionCommands, (o.Turns+1)/2)
			if err != nil {
				return r, err
			}
			r.Sessions = append(r.Sessions, run)
		}
	}
	return r, nil
}

func (o *GrowthOptions) clusters() (all []string) {
	if o.Roles {
		all = append(all, GrowthRoles)
	}
	if o.Servers {
		all = append(all, GrowthServers)
	}
	return all
}

// grower is a cluster that can be given load, again and again.
type grower interface {
	// open opens so many sessions, and leaves them idle.
	open(ctx context.Context, sessions int) error
	// load does so many commands in one more session. Its meter has stopped.
	load(ctx context.Context, commands uint64) ([]Result, *meter, error)
	stop() error
	close()
}

func (o *GrowthOptions) start(ctx context.Context, what, dir string) (grower, error) {
	if o.instead != nil {
		return o.instead(), nil
	}
	if what == GrowthServers {
		return o.startServers(ctx, dir)
	}
	return o.startRoles(ctx, dir)
}

// one does so many commands on a fresh cluster that knows so many sessions, and then takes
// turns with another one.
func (o *GrowthOptions) one(ctx context.Context, what string, sessions int, commands uint64, turns int) (run GrowthRun, err error) {
	if o.Progress != nil {
		o.Progress(what, sessions, commands)
	}
	limit := patience + time.Duration(commands+uint64(turns)*o.Every)*time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done in %s", limit))
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s, %d sessions: %w", what, sessions, err)
		}
	}()
	dir, err := os.MkdirTemp(o.Dir, "growth-")
	if err != nil {
		return run, err
	}
	g, err := o.start(ctx, what, filepath.Join(dir, "long"))
	if err != nil {
		return run, err
	}
	defer g.close()
	if err := g.open(ctx, sessions-1); err != nil {
		return run, err
	}
	results, m, err := g.load(ctx, commands)
	if err != nil {
		return run, err
	}
	run = GrowthRun{What: what, Sessions: sessions, Commands: commands, Samples: samplesOf(results, m)}
	run.CPUGrowth = growth(run.Samples, cpuOf)
	run.AnonGrowth = growth(run.Samples, func(s *Sample) float64 { return float64(s.Anon()) })
	if turns > 0 {
		if run.Turns, err = o.besideFresh(ctx, g, what, filepath.Join(dir, "fresh"), turns); err != nil {
			return run, err
		}
		run.BesideFresh = middle(run.Turns, func(t *Turn) float64 { return t.ratio() })
	}
	return run, errors.Join(g.stop(), os.RemoveAll(dir))
}

func cpuOf(s *Sample) float64 { return s.CPUSecondsPerMillion }

// besideFresh takes turns with a fresh cluster. A first turn is warm-up.
func (o *GrowthOptions) besideFresh(ctx context.Context, here grower, what, dir string, count int) (turns []Turn, err error) {
	fresh, err := o.start(ctx, what, dir)
	if err != nil {
		return nil, err
	}
	defer fresh.close()
	for i := range count + 1 {
		var t Turn
		both := []struct {
			grower
			cost *float64
		}{{here, &t.Here}, {fresh, &t.Fresh}}
		if i%2 == 1 {
			slices.Reverse(both) // so that neither is always the first
		}
		for _, one := range both {
			results, m, err := one.load(ctx, o.Every)
			if err != nil {
				return nil, err
			}
			*one.cost = samplesOf(results, m)[0].CPUSecondsPerMillion
		}
		turns = append(turns, t)
	}
	return turns[1:], fresh.stop()
}

// ratio is 0 where nothing is known.
func ratio(of, to float64) float64 {
	if to == 0 {
		return 0
	}
	return of / to
}

// samplesOf joins what the load saw and what was seen of the processes.
func samplesOf(results []Result, m *meter) (all []Sample) {
	sum := uint64(0)
	for _, r := range results {
		sum += r.Values
		cpu := m.cpuBetween(r.Ended.Add(-r.Elapsed), r.Ended)
		all = append(all, Sample{
			Commands: sum, PerSecond: r.PerSecond(), P50: r.P50, P99: r.P99,
			CPUSecondsPerMillion: cpu.Seconds() / max(float64(r.Values), 1) * 1e6,
			Processes:            m.nearest(r.Ended).each,
		})
	}
	return all
}

// growth compares the last quarter of some samples with the first, by medians. The first
// twentieth is warm-up. Where there are fewer than 4 samples, or the first took nothing that can
// be measured, nothing is known: 0.
func growth(samples []Sample, figure func(*Sample) float64) float64 {
	samples = samples[(len(samples)+19)/20:]
	quarter := len(samples) / 4
	return ratio(middle(samples[len(samples)-quarter:], figure), middle(samples[:quarter], figure))
}

// middle is the median of a figure; of two middle ones the greater.
func middle[T any](some []T, figure func(*T) float64) float64 {
	var all []float64
	for i := range some {
		all = append(all, figure(&some[i]))
	}
	if len(all) == 0 {
		return 0
	}
	slices.SortFunc(all, cmp.Compare[float64])
	return all[len(all)/2]
}
