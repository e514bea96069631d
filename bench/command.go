package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paxos/bench/compare"
	"paxos/bench/report"
	"paxos/bench/system"
	"paxos/internal/terminal"
)

// benchFlags are the flags of a comparison.
type benchFlags struct {
	systems  []string
	payloads []int
	inFlight []int
	rounds   int
	phase    time.Duration
	warmup   time.Duration
	limit    time.Duration
	quick    bool
	dir      string
	json     bool
	out      string
	write    writeFlags
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Compare three durable replicas of ours with those of others",
		Long: `Compare three durable replicas of ours with those of others.

Every system runs as three replicas (the multicast roles as three acceptors, a
proposer and a learner), each a process of its own, on loopback, with its data
on the disk. The load is made in the leader's process, where a system can be asked
there, or by a client process; the roles are measured in both ways. All are up at once, and short phases of load take turns, so that a
noisy machine disturbs all alike. Each phase has a fixed number of operations on
their way; an operation counts when it is acknowledged, by which time it is on
the disks of a majority. Printed are medians over the rounds, and ratios to the
best peer; within a run they can be compared, between runs hardly.

CPU time is that of all processes of a system, its load included, divided by all
operations; peak memory is the sum over the replicas' processes (with the load, where
the load is made in the leader's process); fsyncs are all those of the replicas, as the
kernel counts them.

Systems: ` + strings.Join(system.Names(), ", ") + `.`,
		Example: `  go run .
  go run . --quick
  go run . --systems paxos-roles,paxos-roles-udp,dragonboat --payloads 64 --inflight 1,1024 --rounds 5
  go run . --out result.json --plots ../docs/comparison --page ../docs/performance.md
  go run . show result.json --plots ../docs/comparison --page ../docs/performance.md`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	cmd.AddCommand(newShow())
	return cmd
}

func (f *benchFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.systems, "systems", system.Names(), "which systems")
	flags.IntSliceVar(&f.payloads, "payloads", []int{16, 64, 1024}, "sizes of a payload in bytes")
	flags.IntSliceVar(&f.inFlight, "inflight", []int{1, 64, 256, 1024}, "how many operations are on their way at once")
	flags.IntVar(&f.rounds, "rounds", 3, "how often each phase is repeated; medians count")
	flags.DurationVar(&f.phase, "phase", 1200*time.Millisecond, "how long a phase counts")
	flags.DurationVar(&f.warmup, "warmup", 400*time.Millisecond, "how long a phase runs before it counts")
	flags.DurationVar(&f.limit, "limit", 20*time.Minute, "how long all may take")
	flags.BoolVar(&f.quick, "quick", false, "a look at every system in less than a minute: one round of 64 bytes, 1 and 1024 in flight, half a second each")
	flags.StringVar(&f.dir, "data-dir", "", "folder for all data, on a disk (default: TMPDIR or /var/tmp); what is put there is removed")
	flags.BoolVar(&f.json, "json", false, "print the report in JSON")
	flags.StringVar(&f.out, "out", "", "also write the report in JSON to this file")
	f.write.register(flags)
	flags.SortFlags = false
}

func (f *benchFlags) run(cmd *cobra.Command) error {
	if f.quick {
		f.hurry(cmd.Flags().Changed)
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), f.limit, fmt.Errorf("not done within --limit %s", f.limit))
	defer cancel()
	status := terminal.NewStatus(cmd.ErrOrStderr())
	defer status.Clear()
	raw, err := compare.Run(ctx, compare.Options{
		Dir: f.dir, Systems: f.chosen(), Payloads: f.payloads, InFlight: f.inFlight,
		Rounds: f.rounds, Phase: f.phase, Warmup: f.warmup,
		Progress: func(what string) { status.Show("%s", what) },
	})
	status.Clear()
	if err != nil {
		return err
	}
	return f.tell(cmd, report.Make(raw))
}

// hurry shortens what was not asked for.
func (f *benchFlags) hurry(changed func(string) bool) {
	if !changed("payloads") {
		f.payloads = []int{64}
	}
	if !changed("inflight") {
		f.inFlight = []int{1, 1024}
	}
	if !changed("rounds") {
		f.rounds = 1
	}
	if !changed("phase") {
		f.phase = 500 * time.Millisecond
	}
	if !changed("warmup") {
		f.warmup = 100 * time.Millisecond
	}
}

func (f *benchFlags) check() error {
	for _, name := range f.systems {
		if _, ok := system.Find(name); !ok {
			return fmt.Errorf("--systems %s: want some of %s", name, strings.Join(system.Names(), ", "))
		}
	}
	for _, n := range f.payloads {
		if n < 1 || n > 16<<10-2 {
			return fmt.Errorf("--payloads %d: want 1 to %d", n, 16<<10-2)
		}
	}
	for _, n := range f.inFlight {
		if n < 1 || n > 1024 {
			return fmt.Errorf("--inflight %d: want 1 to 1024", n)
		}
	}
	if f.rounds < 1 || f.phase <= 0 || f.warmup < 0 || len(f.systems)*len(f.payloads)*len(f.inFlight) == 0 {
		return fmt.Errorf("--rounds %d --phase %s --warmup %s: want at least 1, more than 0, at least 0, and no empty list", f.rounds, f.phase, f.warmup)
	}
	return nil
}

// chosen are the systems, in the order of system.All.
func (f *benchFlags) chosen() (all []system.System) {
	for _, s := range system.All {
		if slices.Contains(f.systems, s.Name) {
			all = append(all, s)
		}
	}
	return all
}

// tell prints the report, and writes what was asked for.
func (f *benchFlags) tell(cmd *cobra.Command, r report.Report) error {
	if f.out != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.out, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if err := f.write.do(r); err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.WriteText(cmd.OutOrStdout())
}
