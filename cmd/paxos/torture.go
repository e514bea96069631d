package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/internal/torture"
	"paxos/internal/torture/judge"
)

// tortureFlags are the flags of a torture run.
type tortureFlags struct {
	torture.Options
	json bool
}

// tortureRoot is the folder below which runs have theirs, unless it is named.
const tortureRoot = "paxos-torture"

func newTorture() *cobra.Command {
	var f tortureFlags
	cmd := &cobra.Command{
		Use:   "torture",
		Short: "Do harm to a real cluster under load, and check what its clients saw",
		Long: `Do harm to a real cluster under load, and check what its clients saw.

Starts a cluster of real processes on this host, lets clients use it, and nemeses do
harm to it. Then all is healed, the cluster must take commands again, what is there in the
end is read at every member, and everything is checked. Names follow Jepsen's.

Workloads:
  append    clients append to the list of list servers, in all ways there are, and read
            it: the history must be linearizable
  register  clients write and read the last value of that list: the same
  roles     clients submit values to the multicast roles (--nodes acceptors, 2
            proposers, 2 learners): everything acknowledged is learned once, in
            every client's order, by all learners alike
  kv        clients read, write, compare and set, and delete a few keys of a key-value
            store: any program of yours, --program PATH, that keeps to docs/torture.md;
            each key must be linearizable

Nemeses (--nemesis takes several, separated by commas):
` + torture.NemesisHelp() + `

At every --nemesis-interval one that is drawn begins to do harm, or one that does some
stops. As root the members run in network namespaces of the run's own; without root
they run on the loopback interface, and only kill and pause can be had.

The run's folder gets its settings, the logs of all members, the history in Jepsen's
format (history.edn) and as transactions for Elle (elle.edn, not with kv), the verdict,
porcupine's view of it, and plots. The stores stay there, too, if a check failed.

Exit codes:
  0  every check passed
  1  a check failed: the cluster broke a promise
  2  wrong flags, the run could not be carried through, or it is not known: the
     search of a judge took too long`,
		Example: `  paxos torture --nemesis kill,pause
  sudo paxos torture --workload roles --nemesis all --time-limit 5m
  sudo paxos torture --nodes 5 --nemesis partition-majority-ring --nemesis-interval 3s --seed 7
  sudo paxos torture --workload kv --program ./kv --nemesis all
  paxos torture check paxos-torture/*/history.edn
  paxos torture serve`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	f.register(cmd)
	cmd.AddCommand(newTortureCheckCommand(), newTortureServeCommand())
	return cmd
}

func (f *tortureFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Workload, "workload", torture.Append, strings.Join(torture.Workloads(), ", "))
	flags.StringVar(&f.Program, "program", "", "what plays the nodes with --workload kv")
	flags.IntVar(&f.Nodes, "nodes", 3, "how many list servers, acceptors, or nodes of the program")
	flags.IntVar(&f.Concurrency, "concurrency", 8, "how many clients, each of which does one thing at a time")
	flags.Float64Var(&f.Rate, "rate", 2000, "about so many operations a second of all clients together, at most; 0: as fast as they can")
	flags.DurationVar(&f.TimeLimit, "time-limit", time.Minute, "how long clients and nemeses go on")
	flags.StringSliceVar(&f.Nemeses, "nemesis", []string{"none"}, "which harm is done")
	flags.DurationVar(&f.Interval, "nemesis-interval", 5*time.Second, "time between two deeds of the nemeses")
	flags.Uint64Var(&f.Seed, "seed", 0, "clients and nemeses are drawn from it; 0: draw one")
	flags.StringVar(&f.Dir, "dir", "", "empty or missing folder for the run (default: "+tortureRoot+"/TIME-WORKLOAD-NEMESIS)")
	flags.BoolVar(&f.json, "json", false, "print the verdict in JSON")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("dir")
	for flag, values := range map[string][]string{"workload": torture.Workloads(), "nemesis": torture.Nemeses()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (f *tortureFlags) run(cmd *cobra.Command) error {
	if f.Dir == "" {
		f.Dir = torture.DefaultDir(tortureRoot, &f.Options, time.Now())
	}
	for f.Seed == 0 {
		f.Seed = rand.Uint64()
	}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	f.Progress = func(p torture.Progress) { status.Show("%s", f.describe(p)) }
	result, err := torture.Run(cmd.Context(), f.Options)
	status.Clear()
	if result.Dir != "" && !errors.Is(err, torture.ErrUsage) {
		fmt.Fprintf(cmd.ErrOrStderr(), "Seed %d; the run's folder is %s\n", f.Seed, result.Dir)
	}
	if err != nil {
		return fail(exitUsage, err)
	}
	return f.print(cmd, &result)
}

// describe is the line that people see while the run goes on.
func (f *tortureFlags) describe(p torture.Progress) string {
	harm := ""
	if len(p.Active) > 0 {
		harm = "; " + strings.Join(p.Active, ", ")
	}
	return fmt.Sprintf("%s, %d s of %d: %s done, %s failed, %s unknown%s", p.Phase, int(p.Elapsed.Seconds()), int(f.TimeLimit.Seconds()),
		terminal.Number(p.OK), terminal.Number(p.Fail), terminal.Number(p.Info), harm)
}

func (f *tortureFlags) print(cmd *cobra.Command, r *torture.Result) error {
	err := printReport(cmd, f.json, r)
	switch {
	case err != nil:
		return fail(exitUsage, err)
	case r.Valid == judge.Unknown:
		return fail(exitUsage, errors.New("it is not known if all is well: the check took too long"))
	case !r.OK():
		return fail(exitFailed, errors.New("a check failed"))
	}
	return nil
}
