package sim

import (
	"fmt"
	"strings"
)

// Args are the arguments of `paxos sim` that stand for o.
func (o Options) Args() []string {
	args := []string{"--seed", fmt.Sprint(o.Seed)}
	if o.Steps != 0 {
		args = append(args, "--steps", fmt.Sprint(o.Steps))
	}
	if o.Shape != "" {
		args = append(args, "--shape", o.Shape)
	}
	if o.Faults != nil {
		args = append(args, "--faults", orNone(strings.Join(o.Faults, ",")))
	}
	if len(o.Without) > 0 {
		args = append(args, "--without", strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Without), " ", ","), "[]"))
	}
	return args
}

// NoFaults is what stands for an empty list of faults on the command line.
const NoFaults = "none"

func orNone(list string) string {
	if list == "" {
		return NoFaults
	}
	return list
}

// Command is the command that repeats the run of o.
func (o Options) Command() string {
	return "go run ./cmd/paxos sim " + strings.Join(o.Args(), " ")
}
