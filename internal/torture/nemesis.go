package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// nemesis does one kind of harm. Start and stop alternate.
type nemesis interface {
	// start does harm, and says what.
	start(ctx context.Context, w *world, r *rand.Rand) (string, error)
	// stop undoes it.
	stop(w *world) error
}

// world is what a nemesis can lay its hands on.
type world struct {
	fleet  fleet
	keeper *keeper
	links  *links // nil without a network of one's own
	disks  *disks // nil without disks of one's own
}

// kind is a nemesis as users know it.
type kind struct {
	name    string
	what    string // for the help
	network bool   // it needs a network of its own
	disks   bool   // it needs disks of its own
	least   int    // of --nodes, with which it can do harm; 0: any number
	make    func() nemesis
}

// kinds are all nemeses there are, in the order of the help.
var kinds = []kind{
	{name: "kill", what: "SIGKILL to one, the leader, a minority, a majority or all; started again later", make: func() nemesis { return &killer{} }},
	{name: "pause", what: "SIGSTOP to the same", make: func() nemesis { return &pauser{} }},
	{name: "partition-random-halves", what: "two halves, drawn at random", network: true, least: 2, make: parter("partition-random-halves", randomHalves)},
	{name: "partition-one-way", what: "some do not hear the others, who hear them", network: true, least: 2, make: parter("partition-one-way", oneWay)},
	{name: "partition-majority-ring", what: "every one hears a majority, and each another one", network: true, least: 3, make: parter("partition-majority-ring", majorityRing)},
	{name: "partition-isolated-leader", what: "the leader alone", network: true, least: 2, make: parter("partition-isolated-leader", isolatedLeader)},
	{name: "loss", what: "5 to 30 % of all packets get lost", network: true, make: func() nemesis { return loser{} }},
	{name: "disk-full", what: "no byte is left on the disks of one or more", disks: true, make: func() nemesis { return &filler{} }},
}

// The names that stand for no nemesis, and for all of them.
const (
	none = "none"
	all  = "all"
)

// Nemeses are the names that can be given to a run.
func Nemeses() []string {
	names := []string{none}
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return append(names, all)
}

// NemesisHelp has a line for each nemesis.
func NemesisHelp() string {
	lines := []string{fmt.Sprintf("  %-25s  no harm at all", none)}
	for _, k := range kinds {
		lines = append(lines, fmt.Sprintf("  %-25s  %s", k.name, k.what))
	}
	return strings.Join(append(lines, fmt.Sprintf("  %-25s  all of them", all)), "\n")
}

// findKinds are the nemeses that a run's names mean, each once.
func findKinds(names []string) (found []kind, err error) {
	for _, name := range names {
		switch at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name }); {
		case name == all:
			return kinds, nil
		case name == none:
		case at < 0:
			return nil, fmt.Errorf("there is no nemesis %q; there are %s", name, strings.Join(Nemeses(), ", "))
		case !slices.ContainsFunc(found, func(k kind) bool { return k.name == name }):
			found = append(found, kinds[at])
		}
	}
	if slices.Contains(names, none) && len(found) > 0 {
		return nil, errors.New("the nemesis none goes with no other")
	}
	return found, nil
}

func anyOf(all []kind, needs func(kind) bool) bool { return slices.ContainsFunc(all, needs) }

// parter makes a nemesis of a shape.
func parter(name string, s shape) func() nemesis {
	return func() nemesis { return &partition{name: name, shape: s} }
}

// partition cuts links.
type partition struct {
	name  string
	shape shape
}

func (p *partition) start(ctx context.Context, w *world, r *rand.Rand) (string, error) {
	g, what := p.shape(w.fleet.members(), w.fleet.leader(ctx), r)
	return what, w.links.cut(p.name, g)
}

func (p *partition) stop(w *world) error { return w.links.cut(p.name, nil) }

// loser loses packets.
type loser struct{}

func (loser) start(_ context.Context, w *world, r *rand.Rand) (string, error) {
	percent := []int{5, 10, 20, 30}[r.IntN(4)]
	return fmt.Sprintf("%d %%", percent), w.links.lose(percent)
}

func (loser) stop(w *world) error { return w.links.lose(0) }
