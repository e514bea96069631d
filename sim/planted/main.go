package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"paxos/sim"
)

// settings are the flags.
type settings struct {
	only    string
	check   bool
	build   string
	most    uint64
	workers int
	record  bool

	// of the program with the bugs, which runs as a child of this one
	seeds  string
	shape  string
	faults string
}

func main() {
	var s settings
	flag.StringVar(&s.only, "only", "", "names of bugs, apart by commas; default: all")
	flag.BoolVar(&s.check, "check", false, "try each bug at its known seed; only where that does not show it, hunt")
	flag.StringVar(&s.build, "build", "", "only build the program paxos with all bugs in it, under this name")
	flag.Uint64Var(&s.most, "most", 10_000, "the last seed that is tried for each bug")
	flag.IntVar(&s.workers, "workers", 1, "bugs that are hunted at the same time")
	flag.BoolVar(&s.record, "record", false, "write the seeds that were found to sim/planted/seeds.txt and docs/testing.md")
	flag.StringVar(&s.seeds, "seeds", "", "A..B: run these seeds in this very process, until one fails; what hunts is made of")
	flag.StringVar(&s.shape, "shape", "", "with -seeds: roles or servers")
	flag.StringVar(&s.faults, "faults", "", "with -seeds: kinds of fault, apart by commas")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
		os.Exit(1)
	}
}

func (s *settings) run(ctx context.Context) error {
	switch {
	case s.seeds != "":
		return s.runSeeds(ctx, os.Stdout)
	case s.build != "":
		return build(ctx, s.build, "./cmd/paxos")
	}
	chosen, err := s.chosen()
	if err != nil {
		return err
	}
	return s.huntAll(ctx, chosen)
}

// chosen are the mutants that -only names.
func (s *settings) chosen() ([]mutant, error) {
	if s.only == "" {
		return mutants(), nil
	}
	var chosen []mutant
	for name := range strings.SplitSeq(s.only, ",") {
		m, ok := find(name)
		if !ok {
			return nil, fmt.Errorf("there is no planted bug %q", name)
		}
		chosen = append(chosen, m)
	}
	return chosen, nil
}

// huntAll hunts the chosen bugs and prints what came of it.
func (s *settings) huntAll(ctx context.Context, chosen []mutant) error {
	dir, err := os.MkdirTemp("", "paxos-planted-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := dir + "/planted"
	if err := build(ctx, program, "./sim/planted"); err != nil {
		return err
	}
	known, err := readRecord()
	if err != nil {
		return err
	}
	catches := s.huntEach(ctx, program, chosen, known)
	known.add(catches)
	fmt.Print(known.table(chosen))
	if s.record && ctx.Err() == nil {
		err = writeRecord(ctx, known)
	}
	return errors.Join(err, ctx.Err(), missed(catches))
}

func writeRecord(ctx context.Context, known record) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	return known.write(root)
}

// options are those of the runs in this very process.
func (s *settings) options() sim.Options {
	o := sim.Options{Shape: s.shape}
	if s.faults != "" {
		o.Faults = strings.Split(s.faults, ",")
	}
	return o
}
