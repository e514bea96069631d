package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"paxos/internal/terminal"
	"paxos/sim"
)

// tell prints one result.
func (f *simFlags) tell(out io.Writer, o sim.Options, r *sim.Result) error {
	if f.json {
		return writeSimJSON(out, o, r)
	}
	return writeSimText(out, r)
}

// writeSimText prints a result for people.
func writeSimText(out io.Writer, r *sim.Result) error {
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
		counts = append(counts, fmt.Sprintf("%s %s", terminal.Number(r.Counts[name]), name))
	}
	fmt.Fprintf(out, "seed %d: %s, %d acceptors, %d clients\n", r.Seed, r.Shape, r.Acceptors, r.Clients)
	fmt.Fprintf(out, "  %s events, %s of them with faults on, in %v; hash %016x\n",
		terminal.Number(r.Events), terminal.Number(r.Steps), r.Simulated.Round(time.Millisecond), r.Hash)
	fmt.Fprintf(out, "  %s\n", strings.Join(counts, ", "))
	if r.Failure == nil {
		_, err := fmt.Fprintln(out, "all checks held")
		return err
	}
	writeSimFaults(out, r)
	_, err := fmt.Fprintln(out, r.Failure)
	return err
}

// faultsShown is how many faults are shown of a run that failed: the last ones.
const faultsShown = 20

// writeSimFaults prints the scheduled faults that happened before the failure.
func writeSimFaults(out io.Writer, r *sim.Result) {
	happened := slices.DeleteFunc(slices.Clone(r.Faults), func(f sim.Fault) bool {
		return f.Left || f.Target == "" || f.At > r.Failure.At
	})
	if more := len(happened) - faultsShown; more > 0 {
		fmt.Fprintf(out, "  %d faults, and then\n", more)
		happened = happened[more:]
	}
	for _, f := range happened {
		until := ""
		if f.Until != 0 {
			until = fmt.Sprintf(" until %v", f.Until)
		}
		fmt.Fprintf(out, "  fault %d, %v%s: %s %s: %s\n", f.Number, f.At, until, f.Kind, f.Target, f.What)
	}
}

// simJSON is a result as --json has it.
type simJSON struct {
	Seed      uint64         `json:"seed"`
	Shape     string         `json:"shape"`
	Acceptors int            `json:"acceptors"`
	Clients   int            `json:"clients"`
	Steps     int            `json:"steps"`
	Events    int            `json:"events"`
	Simulated float64        `json:"simulated_seconds"`
	Hash      string         `json:"hash"`
	Faults    int            `json:"faults"` // scheduled
	Counts    map[string]int `json:"counts"`
	Failure   *simFailure    `json:"failure,omitempty"`
}

type simFailure struct {
	Check   string  `json:"check"`
	Message string  `json:"message"`
	Event   int     `json:"event"`
	At      float64 `json:"at_seconds"`
	Repeat  string  `json:"repeat"` // the command
}

func writeSimJSON(out io.Writer, o sim.Options, r *sim.Result) error {
	j := simJSON{
		Seed: r.Seed, Shape: r.Shape, Acceptors: r.Acceptors, Clients: r.Clients, Steps: r.Steps, Events: r.Events,
		Simulated: r.Simulated.Seconds(), Hash: fmt.Sprintf("%016x", r.Hash), Faults: len(r.Faults), Counts: r.Counts,
	}
	if f := r.Failure; f != nil {
		j.Failure = &simFailure{Check: f.Check, Message: f.Message, Event: f.Event, At: f.At.Seconds(), Repeat: o.Command()}
	}
	return json.NewEncoder(out).Encode(j)
}

// tellMany prints what many runs came to.
func (f *simFlags) tellMany(out io.Writer, m *sim.Many) error {
	if f.json {
		return json.NewEncoder(out).Encode(map[string]any{
			"seeds": m.Seeds, "events": m.Events, "simulated_seconds": m.Simulated.Seconds(), "seconds": m.Elapsed.Seconds(),
			"events_per_second": perSecond(m.Events, m.Elapsed), "failures": len(m.Failures), "complete": m.Complete,
		})
	}
	_, err := fmt.Fprintf(out, "%s seeds, %s events in %v (%s a second), %v simulated, %d failures\n",
		terminal.Number(m.Seeds), terminal.Number(m.Events), m.Elapsed.Round(time.Millisecond),
		terminal.Number(perSecond(m.Events, m.Elapsed)), m.Simulated.Round(time.Second), len(m.Failures))
	return err
}
