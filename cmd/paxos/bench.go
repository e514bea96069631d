package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/bench"
	"paxos/internal/terminal"
	"paxos/protocol"
)

// benchFlags are the flags of the benchmark.
type benchFlags struct {
	seconds  float64
	inFlight []int
	sizes    []int
	rounds   int
	clients  int
	servers  bool
	catchUp  uint64
	dir      string
	json     bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure a durable cluster on this host",
		Long: `Measure a durable cluster on this host.

Three acceptors, a proposer and a learner run as processes on loopback, with
their stores on the disk. A fixed number of values is always on its way; by
default the leader's own process makes them, with --clients separate client
processes do. Each line of the result is measured on a fresh cluster. Latency is
from handing a value over to its acknowledgement, by which time it is on the
disks of a majority.

With --servers it measures three list servers instead: appends and linearizable
reads of one entry, through the Go client and with one HTTP request each, beside
an empty HTTP handler. With --catch-up it fills a list, and shows what a fresh
server costs.

Beside the results stands what the machine allowed in the same run: the time of
an fdatasync, and how many multicast datagrams a second get through.`,
		Example: `  paxos bench
  paxos bench --in-flight 1024 --sizes 64 --seconds 60
  paxos bench --clients 4 --rounds 3 --json
  paxos bench --servers --in-flight 64,1024 --sizes 64
  paxos bench --catch-up 20000000`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.seconds, "seconds", 3, "how long to measure each line")
	flags.IntSliceVar(&f.inFlight, "in-flight", []int{1, 64, 256, 1024}, "how many values are on their way at once")
	flags.IntSliceVar(&f.sizes, "sizes", []int{16, 64, 1024}, "sizes of a value in bytes")
	flags.IntVar(&f.rounds, "rounds", 1, "how often to measure each line; the median counts")
	flags.IntVar(&f.clients, "clients", 0, "how many client processes make the load; 0: the leader's process does")
	flags.BoolVar(&f.servers, "servers", false, "measure list servers over HTTP")
	flags.Uint64Var(&f.catchUp, "catch-up", 0, "append so many integers to two list servers, and start a third")
	flags.StringVar(&f.dir, "data-dir", "", "folder for the stores, on a disk (default: TMPDIR or /var/tmp)")
	flags.BoolVar(&f.json, "json", false, "report in JSON")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("data-dir")
	cmd.AddCommand(newBenchGrowth())
	return cmd
}

func (f *benchFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return fail(exitUsage, err)
	}
	switch {
	case f.servers:
		return f.runServers(cmd)
	case f.catchUp > 0:
		return f.runCatchUp(cmd)
	}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	report, err := bench.Run(cmd.Context(), bench.Options{
		Dir: f.dir, InFlight: f.inFlight, Sizes: f.sizes, Rounds: f.rounds, Clients: f.clients,
		Duration: time.Duration(f.seconds * float64(time.Second)),
		Progress: func(round, inFlight, size int) {
			status.Show("round %d of %d: %d in flight, %d bytes", round, f.rounds, inFlight, size)
		},
	})
	status.Clear()
	if err != nil {
		return err
	}
	return printReport(cmd, f.json, &report)
}

// runServers measures list servers, with values of each size.
func (f *benchFlags) runServers(cmd *cobra.Command) error {
	status := terminal.NewStatus(cmd.ErrOrStderr())
	for _, size := range f.sizes {
		report, err := bench.RunServers(cmd.Context(), bench.ServerOptions{
			Dir: f.dir, Callers: f.inFlight, Bytes: size, Rounds: f.rounds,
			Duration: time.Duration(f.seconds * float64(time.Second)),
			Progress: func(round int, what string, callers int) {
				status.Show("round %d of %d: %s, %d callers, %d bytes", round, f.rounds, what, callers, size)
			},
		})
		status.Clear()
		if err != nil {
			return err
		}
		if err := printReport(cmd, f.json, &report); err != nil {
			return err
		}
	}
	return nil
}

// runCatchUp fills a list with the most values on their way that --in-flight names.
func (f *benchFlags) runCatchUp(cmd *cobra.Command) error {
	status := terminal.NewStatus(cmd.ErrOrStderr())
	report, err := bench.RunCatchUp(cmd.Context(), bench.CatchUpOptions{
		Dir: f.dir, Entries: f.catchUp, Callers: slices.Max(f.inFlight), Baseline: time.Duration(f.seconds * float64(time.Second)),
		Progress: func(n uint64) { status.Show("%s entries", terminal.Number(int(n))) },
	})
	status.Clear()
	if err != nil {
		return err
	}
	return printReport(cmd, f.json, &report)
}

func (f *benchFlags) check() error {
	for _, n := range f.inFlight {
		most := protocol.SessionWindow * max(f.clients, 1)
		if n < 1 || n > most {
			return fmt.Errorf("--in-flight %d: want 1 to %d", n, most)
		}
	}
	for _, n := range f.sizes {
		if n < 1 || n > protocol.MaxPayload {
			return fmt.Errorf("--sizes %d: want 1 to %d", n, protocol.MaxPayload)
		}
	}
	if (f.servers || f.catchUp > 0) && f.clients > 0 || f.servers && f.catchUp > 0 {
		return errors.New("only one of --clients, --servers and --catch-up can be measured at a time")
	}
	if f.seconds <= 0 || f.rounds < 1 || f.clients < 0 {
		return fmt.Errorf("--seconds %g --rounds %d --clients %d: want more than 0, at least 1, at least 0", f.seconds, f.rounds, f.clients)
	}
	return nil
}
