package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"paxos/sim"
)

// simFlags are the flags of the simulator.
type simFlags struct {
	seed      uint64
	seeds     string
	steps     int
	shape     string
	faults    []string
	without   string
	trace     bool
	last      int
	workers   int
	keepGoing bool
	minimise  bool
	tries     int
	json      bool
}

func newSim() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run simulated clusters under all kinds of fault, and check every step",
		Long: `Run simulated clusters under all kinds of fault, and check every step.

One seed is one run: a whole cluster, its clients, the network, the disks, the
clocks and all faults, in one thread, with the code that runs in production. The
same seed gives the same run, bit for bit. After --steps events everything is
healed, and what was acknowledged must be learned by all.

The first check that does not hold ends the run; the exit code is then 1, and the
last line is the command that repeats it. --minimise looks for a shorter run with
fewer faults that fails the same check, and shows the end of its trace.

Kinds of fault (--faults; all, if nothing is said; "none" for none):
` + simFaultsHelp() + `

See docs/simulator.md for what is simulated and what is checked.`,
		Example: `  paxos sim --seed 7
  paxos sim --seed 7 --trace --faults loss,crash --shape servers | less
  paxos sim --seeds 1..10000
  paxos sim --seeds 1..1000 --steps 50000 --keep-going --json
  paxos sim --seed 7 --minimise`,
		Args: cobra.NoArgs,
		RunE: action(f.run),
	}
	f.register(cmd)
	return cmd
}

func (f *simFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 1, "the seed of one run")
	flags.StringVar(&f.seeds, "seeds", "", "run the seeds A..B, until one fails")
	flags.IntVar(&f.steps, "steps", sim.DefaultSteps, "events with faults on")
	flags.StringVar(&f.shape, "shape", "", "roles, servers or images (default: drawn from the seed)")
	flags.StringSliceVar(&f.faults, "faults", nil, "kinds of fault that may happen (default: all)")
	flags.StringVar(&f.without, "without", "", "numbers of scheduled faults that are left out, like 1,4-7")
	flags.BoolVar(&f.trace, "trace", false, "print every event")
	flags.IntVar(&f.last, "last", 0, "with --trace: print only the last so many lines; 0: all")
	flags.IntVar(&f.workers, "workers", 0, "with --seeds: runs at the same time (default: the number of processors)")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "with --seeds: go on after a failure, and count them")
	flags.BoolVar(&f.minimise, "minimise", false, "make a failing run smaller")
	flags.IntVar(&f.tries, "tries", 300, "with --minimise: how many runs may be tried")
	flags.BoolVar(&f.json, "json", false, "report in JSON, a line for each result")
	flags.SortFlags = false
	cmd.MarkFlagsMutuallyExclusive("seed", "seeds")
	cmd.MarkFlagsMutuallyExclusive("trace", "json")
	_ = cmd.RegisterFlagCompletionFunc("faults", completeFaults)
	_ = cmd.RegisterFlagCompletionFunc("shape", cobra.FixedCompletions(sim.Shapes(), cobra.ShellCompDirectiveNoFileComp))
}

// simFaultsHelp lists the kinds of fault, some on a line.
func simFaultsHelp() string {
	var lines []string
	for some := range slices.Chunk(sim.FaultKinds(), 8) {
		lines = append(lines, "  "+strings.Join(some, ", "))
	}
	return strings.Join(lines, ",\n")
}

// completeFaults completes the last name of a list that is apart by commas, with
// kinds that are not in it.
func completeFaults(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before, last := "", typed
	if comma := strings.LastIndexByte(typed, ','); comma >= 0 {
		before, last = typed[:comma+1], typed[comma+1:]
	}
	var names []string
	for _, kind := range sim.FaultKinds() {
		if strings.HasPrefix(kind, last) && !slices.Contains(strings.Split(before, ","), kind) {
			names = append(names, before+kind)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func (f *simFlags) run(cmd *cobra.Command) error {
	o, err := f.options(cmd)
	if err != nil {
		return fail(exitUsage, err)
	}
	if f.seeds == "" {
		return f.runOne(cmd, o)
	}
	from, to, err := seedRange(f.seeds)
	if err == nil && f.trace {
		err = errors.New("--trace is for one --seed")
	}
	if err != nil {
		return fail(exitUsage, err)
	}
	return f.runMany(cmd, o, from, to)
}

// options are those of one run, checked.
func (f *simFlags) options(cmd *cobra.Command) (sim.Options, error) {
	o := sim.Options{Seed: f.seed, Steps: f.steps, Shape: f.shape}
	switch {
	case f.steps < 1:
		return o, fmt.Errorf("--steps %d: want at least 1", f.steps)
	case f.workers < 0 || f.last < 0 || f.tries < 0:
		return o, errors.New("--workers, --last and --tries must not be negative")
	case f.shape != "" && !slices.Contains(sim.Shapes(), f.shape):
		return o, fmt.Errorf("--shape %s: want one of %s", f.shape, strings.Join(sim.Shapes(), ", "))
	}
	if f.without != "" {
		var err error
		if o.Without, err = sim.ParseRanges(f.without); err != nil {
			return o, fmt.Errorf("--without: %w", err)
		}
	}
	if !cmd.Flags().Changed("faults") {
		return o, nil
	}
	return o, f.chooseFaults(&o)
}

// chooseFaults reads --faults.
func (f *simFlags) chooseFaults(o *sim.Options) error {
	o.Faults = []string{}
	for _, kind := range f.faults {
		switch {
		case kind == sim.NoFaults && len(f.faults) == 1:
		case !slices.Contains(sim.FaultKinds(), kind):
			return fmt.Errorf("--faults %s: want one of %s", kind, strings.Join(sim.FaultKinds(), ", "))
		default:
			o.Faults = append(o.Faults, kind)
		}
	}
	return nil
}

// seedRange reads A..B.
func seedRange(text string) (from, to uint64, err error) {
	a, b, ok := strings.Cut(text, "..")
	if from, err = strconv.ParseUint(a, 10, 64); err == nil && ok {
		to, err = strconv.ParseUint(b, 10, 64)
	}
	if !ok || err != nil || from > to {
		return 0, 0, fmt.Errorf("--seeds %s: want A..B, like 1..1000", text)
	}
	return from, to, nil
}
