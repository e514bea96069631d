package sim

import (
	"context"
	"fmt"
	"slices"
)

// Minimised is the smallest run that was found to fail as another one does.
type Minimised struct {
	Options Options // what it is run with
	Result  *Result
	Runs    int // how many were tried
}

// Minimise looks for a smaller run that fails the same check as the run of o,
// which failed: with fewer steps, fewer kinds of fault, and fewer faults of the
// schedule (delta debugging, Zeller and Hildebrandt 2002). It tries at most maxRuns
// runs, and none once ctx has ended; tell, if not nil, hears what has just become
// smaller.
func Minimise(ctx context.Context, o Options, failed *Result, maxRuns int, tell func(what string)) Minimised {
	m := newMinimiser(o, failed, maxRuns, tell, Run)
	m.ctx = ctx
	m.all()
	return m.best
}

// minimiser keeps the smallest run that fails.
type minimiser struct {
	ctx   context.Context
	best  Minimised
	check string
	left  int
	tell  func(string)
	run   func(Options) *Result
}

func newMinimiser(o Options, failed *Result, maxRuns int, tell func(string), run func(Options) *Result) *minimiser {
	if tell == nil {
		tell = func(string) {}
	}
	o.Trace = nil
	o.Shape = failed.Shape // drawn, or given: to name it changes nothing
	return &minimiser{
		ctx:  context.Background(),
		best: Minimised{Options: o, Result: failed}, check: failed.Failure.Check,
		left: maxRuns, tell: tell, run: run,
	}
}

// all goes on until nothing becomes smaller any more: fewer faults may allow fewer
// steps, and the other way round.
func (m *minimiser) all() {
	for smaller := true; smaller && m.left > 0; {
		before := m.size()
		m.fewerSteps()
		m.fewerKinds()
		m.fewerFaults()
		smaller = m.size() < before
	}
}

// size is what shall become small.
func (m *minimiser) size() int {
	return m.best.Options.steps() + 100*len(m.kept()) + 1000*len(m.kinds())
}

// fails tries a run, and takes it if it fails the same check.
func (m *minimiser) fails(o Options) bool {
	if m.ctx.Err() != nil {
		m.left = 0
	}
	if m.left == 0 {
		return false
	}
	m.left--
	m.best.Runs++
	r := m.run(o)
	if r.Failure == nil || r.Failure.Check != m.check {
		return false
	}
	m.best.Options, m.best.Result = o, r
	m.tell(fmt.Sprintf("%d steps, %d kinds of fault, %d faults", o.steps(), len(m.kinds()), len(m.kept())))
	return true
}

// fewerSteps ends the faults where the failure showed, or earlier.
func (m *minimiser) fewerSteps() {
	o := m.best.Options
	if at := m.best.Result.Failure.Event; at > 0 && at < o.steps() {
		o.Steps = at
		m.fails(o)
	}
	for m.left > 0 {
		o = m.best.Options
		if o.Steps = o.steps() / 2; o.Steps == 0 || !m.fails(o) {
			return
		}
	}
}

// kinds are those that are allowed.
func (m *minimiser) kinds() []string {
	if o := m.best.Options; o.Faults != nil {
		return o.Faults
	}
	return FaultKinds()
}

// fewerKinds allows no kind that is not needed: none at all, or all but one, for
// every one.
func (m *minimiser) fewerKinds() {
	o := m.best.Options
	if o.Faults = []string{}; len(m.kinds()) > 0 && m.fails(o) {
		return
	}
	for _, kind := range slices.Clone(m.kinds()) {
		o := m.best.Options
		o.Faults = slices.DeleteFunc(slices.Clone(m.kinds()), func(k string) bool { return k == kind })
		m.fails(o)
	}
}

// kept are the faults of the schedule that were not left out, by number.
func (m *minimiser) kept() []int {
	var kept []int
	for _, f := range m.best.Result.Faults {
		if !slices.Contains(m.best.Options.Without, f.Number) {
			kept = append(kept, f.Number)
		}
	}
	return kept
}

// fewerFaults leaves out parts of the schedule, large ones first.
func (m *minimiser) fewerFaults() {
	for size := len(m.kept()); size > 0; size /= 2 {
		m.leaveOut(size)
	}
}

// leaveOut tries to do without each size faults in a row. From the end on: what
// is left out there most likely came after the failure.
func (m *minimiser) leaveOut(size int) {
	kept := m.kept()
	for end := len(kept); end > 0 && m.left > 0; end -= size {
		o := m.best.Options
		o.Without = append(slices.Clone(o.Without), kept[max(end-size, 0):end]...)
		slices.Sort(o.Without)
		o.Without = slices.Compact(o.Without)
		m.fails(o)
	}
}
