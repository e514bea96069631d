package sim

import (
	"fmt"
	"slices"
	"testing"
)

// fake is a simulator with a bug: it shows at event 700, if the faults 3 and 17 of
// twenty happen, and their kinds are allowed.
type fake struct {
	runs int
	need []int
}

func (f *fake) run(o Options) *Result {
	f.runs++
	r := &Result{Seed: o.Seed, Shape: ShapeServers, Steps: o.steps()}
	happen := map[int]bool{}
	for n := range 20 {
		kind := FaultKinds()[n%5]
		if !o.allows(kind) {
			continue
		}
		left := slices.Contains(o.Without, n)
		happen[n] = !left
		r.Faults = append(r.Faults, Fault{Number: n, Kind: kind, Left: left})
	}
	for _, n := range f.need {
		if !happen[n] {
			return r
		}
	}
	if o.steps() >= 700 {
		r.Failure = &Failure{Check: "agreement", Event: 700}
	}
	return r
}

func (f *fake) minimise(t *testing.T, maxRuns int) Minimised {
	t.Helper()
	o := Options{Seed: 9}
	failed := f.run(o)
	if failed.Failure == nil {
		t.Fatal("the run does not fail")
	}
	f.runs = 0
	m := newMinimiser(o, failed, maxRuns, nil, f.run)
	m.all()
	if f.runs != m.best.Runs || f.runs > maxRuns {
		t.Errorf("%d runs, counted are %d, allowed %d", f.runs, m.best.Runs, maxRuns)
	}
	if r := f.run(m.best.Options); r.Failure == nil {
		t.Errorf("what was found does not fail: %+v", m.best.Options)
	}
	return m.best
}

func TestMinimiseFindsTheFewestStepsKindsAndFaults(t *testing.T) {
	for _, c := range []struct {
		need  []int
		kinds []string
	}{
		{nil, []string{}},
		{[]int{3}, FaultKinds()[3:4]},
		{[]int{3, 17}, FaultKinds()[2:4]},
		{[]int{0, 19}, []string{FaultKinds()[0], FaultKinds()[4]}},
	} {
		best := (&fake{need: c.need}).minimise(t, 1000)
		var kept []int
		for _, f := range best.Result.Faults {
			if !f.Left {
				kept = append(kept, f.Number)
			}
		}
		if best.Options.Steps != 700 || !slices.Equal(best.Options.Faults, c.kinds) || !slices.Equal(kept, c.need) {
			t.Errorf("need %v: %d steps, kinds %v, faults %v", c.need, best.Options.Steps, best.Options.Faults, kept)
		}
	}
}

func TestMinimiseStopsWhenItsRunsAreUsedUp(t *testing.T) {
	for _, runs := range []int{0, 1, 5} {
		best := (&fake{need: []int{3, 17}}).minimise(t, runs)
		if best.Result.Failure == nil {
			t.Error("the best run does not fail")
		}
	}
}

// A smaller run that fails another check is another bug.
func TestMinimiseKeepsToTheCheck(t *testing.T) {
	f := &fake{}
	run := func(o Options) *Result {
		r := f.run(o)
		if r.Failure != nil && o.Faults != nil {
			r.Failure.Check = "liveness"
		}
		return r
	}
	m := newMinimiser(Options{}, f.run(Options{}), 1000, nil, run)
	m.all()
	if m.best.Options.Faults != nil || m.best.Result.Failure.Check != "agreement" {
		t.Errorf("%+v, %v", m.best.Options, m.best.Result.Failure)
	}
}

func TestMinimiseTellsWhatBecomesSmaller(t *testing.T) {
	f, told := &fake{need: []int{3}}, 0
	m := newMinimiser(Options{}, f.run(Options{}), 1000, func(string) { told++ }, f.run)
	m.all()
	if told == 0 || told >= m.best.Runs {
		t.Errorf("told %d times in %d runs", told, m.best.Runs)
	}
}

func TestTheCommandOfARunNamesAllThatDecidesIt(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Seed: 7}, "--seed 7"},
		{Options{Seed: 7, Steps: 500, Shape: ShapeRoles}, "--seed 7 --steps 500 --shape roles"},
		{Options{Seed: 7, Faults: []string{"loss", "crash"}, Without: []int{12, 1, 2, 3}}, "--seed 7 --faults loss,crash --without 1-3,12"},
		{Options{Faults: []string{}}, "--seed 0 --faults none"},
	} {
		if got, want := c.o.Command(), fmt.Sprintf("go run ./cmd/paxos sim %s", c.want); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRangesAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		numbers []int
		text    string
	}{
		{[]int{0}, "0"}, {[]int{0, 1}, "0-1"}, {[]int{3, 5, 6, 7, 9}, "3,5-7,9"}, {[]int{1000, 1001}, "1000-1001"},
	} {
		got, err := ParseRanges(c.text)
		if FormatRanges(c.numbers) != c.text || err != nil || !slices.Equal(got, c.numbers) {
			t.Errorf("%v is written as %q, and %q read as %v, %v", c.numbers, FormatRanges(c.numbers), c.text, got, err)
		}
	}
	for _, bad := range []string{"", "a", "1-", "-1", "3-2", "1,,2", "1-2-3", "0-99999999999", "5-2000000"} {
		if got, err := ParseRanges(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}
