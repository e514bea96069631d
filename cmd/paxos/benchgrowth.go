package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"paxos/internal/bench"
	"paxos/internal/terminal"
	"paxos/protocol"
)

// growthFlags are the flags of `paxos bench growth`.
type growthFlags struct {
	bench.GrowthOptions
	only  string
	plots string
	json  bool
}

func newBenchGrowth() *cobra.Command {
	var f growthFlags
	cmd := &cobra.Command{
		Use:   "growth",
		Short: "Show whether the cost of a command grows with the length of the run, or with the sessions",
		Long: `Show whether the cost of a command grows with the length of the run, of the list, or
with the number of sessions.

One long run of the multicast roles (3 acceptors, a proposer, a learner) and one of
three list servers, each on a fresh cluster whose list keeps everything. Every --every
commands it notes rate, latency, CPU time of all processes, and the memory and the store of
each. Then a fresh cluster is started beside it, and both take turns of one sample: so
whatever else the machine does meets both. Then shorter runs on fresh clusters whose lists know --sessions sessions: all but the
one with the load are open and idle, with the places of their last values scattered. They
take turns with a fresh cluster, too.

Growth is CPU time per command in the last quarter of a run, divided by that in the first
quarter, and in those turns, divided by that of the fresh cluster. CPU time and memory are what counts: rates and latencies also tell what else the
machine did. 10,000,000 commands of 64 bytes need some 4 GB on the disk.`,
		Example: `  nice paxos bench growth --plots plots
  paxos bench growth --commands 1000000 --every 50000 --only servers --sessions 0 --json`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	flags := cmd.Flags()
	flags.Uint64Var(&f.Commands, "commands", 10_000_000, "commands of the long runs")
	flags.Uint64Var(&f.Every, "every", 250_000, "commands of a sample")
	flags.IntVar(&f.Turns, "turns", 15, "turns with a fresh cluster at the end of a long run, and half as many with other runs; 0: none")
	flags.IntVar(&f.InFlight, "in-flight", 1024, "how many commands are on their way at once")
	flags.IntVar(&f.Bytes, "size", 64, "size of a value in bytes")
	flags.IntSliceVar(&f.Sessions, "sessions", []int{1, 16, 128, protocol.MaxSessions}, "numbers of sessions; 0: none of these runs")
	flags.Uint64Var(&f.SessionCommands, "session-commands", 1_000_000, "commands of each of these runs")
	flags.StringVar(&f.only, "only", "", "roles or servers; empty: both")
	flags.StringVar(&f.plots, "plots", "", "draw the curves into this folder, as SVG")
	flags.StringVar(&f.Dir, "data-dir", "", "folder for the stores, on a disk (default: TMPDIR or /var/tmp)")
	flags.BoolVar(&f.json, "json", false, "report in JSON, with all samples")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("data-dir")
	_ = cmd.MarkFlagDirname("plots")
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(growthClusters, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// growthClusters are what --only takes.
var growthClusters = []string{"roles", "servers"}

func (f *growthFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return fail(exitUsage, err)
	}
	f.Roles, f.Servers = f.only != "servers", f.only != "roles"
	status := terminal.NewStatus(cmd.ErrOrStderr())
	f.Progress = func(what string, sessions int, commands uint64) {
		status.Show("%s: %s commands, %d sessions", what, terminal.Number(int(commands)), sessions)
	}
	report, err := bench.RunGrowth(cmd.Context(), f.GrowthOptions)
	status.Clear()
	if err != nil {
		return err
	}
	if f.plots != "" {
		if err := report.WritePlots(f.plots); err != nil {
			return err
		}
	}
	return printReport(cmd, f.json, &report)
}

func (f *growthFlags) check() error {
	switch {
	case f.InFlight < 1 || f.InFlight > protocol.SessionWindow:
		return fmt.Errorf("--in-flight %d: want 1 to %d", f.InFlight, protocol.SessionWindow)
	case f.Bytes < 1 || f.Bytes > protocol.MaxPayload-2: // a list server has it in quotes
		return fmt.Errorf("--size %d: want 1 to %d", f.Bytes, protocol.MaxPayload-2)
	case f.Every < 1 || f.Commands < f.Every || f.SessionCommands < 1:
		return fmt.Errorf("--commands %d --every %d --session-commands %d: want at least one sample, and one command", f.Commands, f.Every, f.SessionCommands)
	case f.Turns < 0:
		return fmt.Errorf("--turns %d: want at least 0", f.Turns)
	case f.only != "" && !slices.Contains(growthClusters, f.only):
		return fmt.Errorf("--only %q: there are %s", f.only, strings.Join(growthClusters, ", "))
	}
	f.Sessions = slices.DeleteFunc(f.Sessions, func(n int) bool { return n == 0 })
	for _, n := range f.Sessions {
		if n < 1 || n > protocol.MaxSessions {
			return fmt.Errorf("--sessions %d: want 1 to %d", n, protocol.MaxSessions)
		}
	}
	return nil
}
