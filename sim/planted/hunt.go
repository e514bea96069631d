package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"paxos/sim"
)

// build builds a command with all bugs in it. Hunts take this one, for it has the
// least that must be built anew.
func build(ctx context.Context, program, command string) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "paxos-overlay-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := overlay(root, dir, mutants())
	if err != nil {
		return err
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", file, "-o", program, command)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program with the planted bugs: %w\n%s", err, out)
	}
	return nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", errors.New("not in the module: run it from a folder of the source")
	}
	return filepath.Dir(mod), nil
}

// outcome is what running seeds came to; it is passed from the program with the
// bugs to the one that started it.
type outcome struct {
	Seeds   uint64 // that were run
	Events  uint64
	Seed    uint64 // the one that failed; counts if Check is not empty
	Check   string // that failed
	Message string
}

// runSeeds runs seeds in this very process until one fails, and prints the outcome.
func (s *settings) runSeeds(ctx context.Context, out io.Writer) error {
	var from, to uint64
	if n, err := fmt.Sscanf(s.seeds, "%d..%d", &from, &to); n != 2 || err != nil || from > to {
		return fmt.Errorf("-seeds %s: want A..B", s.seeds)
	}
	m := sim.RunMany(ctx, sim.ManyOptions{Run: s.options(), From: from, To: to})
	o := outcome{Seeds: m.Seeds, Events: m.Events}
	if r := m.First(); r != nil {
		o.Seed, o.Check, o.Message = r.Seed, r.Failure.Check, r.Failure.Message
	}
	return json.NewEncoder(out).Encode(o)
}

// catch is how a bug was caught.
type catch struct {
	mutant
	outcome
	Took time.Duration
	Was  uint64 // the seed that was known before; 0: none
	Err  error  // why there is no outcome
}

func (c *catch) caught() bool { return c.Err == nil && c.Check != "" }

// huntEach hunts bugs, so many at a time, and returns the catches in their order.
func (s *settings) huntEach(ctx context.Context, program string, chosen []mutant, known record) []catch {
	catches := make([]catch, len(chosen))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(s.workers, 1) {
		workers.Go(func() {
			for i := range next {
				catches[i] = s.hunt(ctx, program, chosen[i], known[chosen[i].Name].Seed)
				fmt.Fprintln(os.Stderr, &catches[i])
			}
		})
	}
	for i := range chosen {
		next <- i
	}
	close(next)
	workers.Wait()
	return catches
}

// hunt tries seeds until one catches the bug.
func (s *settings) hunt(ctx context.Context, program string, m mutant, was uint64) catch {
	began := time.Now()
	c := catch{mutant: m, Was: was}
	if s.check && was != 0 {
		c.try(ctx, program, was, was)
	}
	for from := uint64(1); c.Err == nil && c.Check == "" && from <= s.most; from = c.Seed + 1 {
		if c.try(ctx, program, from, s.most); c.Seed == 0 {
			break
		}
	}
	c.Took = time.Since(began)
	return c
}

// try runs seeds until one fails. If that one fails without the bug, too, then it
// says nothing about it.
func (c *catch) try(ctx context.Context, program string, from, to uint64) {
	if c.outcome, c.Err = runPlanted(ctx, program, c.mutant, from, to); c.Err != nil || c.Check == "" {
		return
	}
	right := c.mutant
	right.Name = ""
	without, err := runPlanted(ctx, program, right, c.Seed, c.Seed)
	if c.Err = err; without.Check != "" {
		c.Check = ""
	}
}

// patience is how long one bug may be hunted: a bug may make a run never end.
const patience = 3 * time.Hour

// runPlanted lets the program with the bugs run seeds with one of them.
func runPlanted(ctx context.Context, program string, m mutant, from, to uint64) (o outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-seeds", fmt.Sprintf("%d..%d", from, to),
		"-shape", m.Shape, "-faults", strings.Join(m.Faults, ","))
	cmd.Env = append(os.Environ(), envPlanted+"="+m.Name)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		return o, fmt.Errorf("run seeds %d to %d: %w\n%s", from, to, err, lastLines(errOut.String(), 30))
	}
	return o, json.Unmarshal(out, &o)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
