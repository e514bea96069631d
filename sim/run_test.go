package sim

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

// sound runs a seed and fails the test if a check did not hold.
func sound(t *testing.T, o Options) *Result {
	t.Helper()
	r := Run(o)
	if r.Failure != nil {
		t.Fatalf("seed %d (%s): %v", o.Seed, r.Shape, r.Failure)
	}
	return r
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		for _, shape := range Shapes() {
			o := Options{Seed: seed, Shape: shape, Steps: 4000}
			first := Run(o)
			for name, again := range map[string]*Result{"again": Run(o), "on one processor": onOneProcessor(o), "with another collector": collecting(o)} {
				if first.Hash != again.Hash || first.Events != again.Events || fmt.Sprint(first.Counts) != fmt.Sprint(again.Counts) {
					t.Errorf("seed %d %s, %s: hash %x after %d events, then %x after %d",
						seed, shape, name, first.Hash, first.Events, again.Hash, again.Events)
				}
			}
		}
	}
}

func onOneProcessor(o Options) *Result {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	return Run(o)
}

func collecting(o Options) *Result {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	return Run(o)
}

func TestTwoSeedsAreTwoRuns(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(20) {
		hash := Run(Options{Seed: seed, Steps: 2000}).Hash
		if other, taken := seen[hash]; taken {
			t.Errorf("seeds %d and %d have the same hash", seed, other)
		}
		seen[hash] = seed
	}
}

func TestWhatTheTraceCostsIsNotTheRun(t *testing.T) {
	o := Options{Seed: 3, Steps: 3000}
	silent := Run(o)
	lines := new(counter)
	o.Trace = lines
	if told := Run(o); told.Hash != silent.Hash || lines.n < 1000 {
		t.Errorf("hash %x with a trace of %d lines, %x without", told.Hash, lines.n, silent.Hash)
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n++; return len(p), nil }

func TestWithoutFaultsNothingGoesWrong(t *testing.T) {
	for seed := range uint64(4) {
		for _, shape := range Shapes() {
			r := sound(t, Options{Seed: seed, Shape: shape, Steps: 3000, Faults: []string{}})
			for _, what := range []string{"lost", "cut off", "duplicated", "delayed", "crashes", "stopped by errors", "connections given up"} {
				if r.Counts[what] != 0 {
					t.Errorf("seed %d %s: %s: %d", seed, shape, what, r.Counts[what])
				}
			}
			if len(r.Faults) > 0 || r.Counts["applied"] == 0 || r.Counts["elections"] == 0 {
				t.Errorf("seed %d %s: %d faults, counts %v", seed, shape, len(r.Faults), r.Counts)
			}
		}
	}
}

// effects are the counts that show that a kind of fault has its effect; those of
// the network count datagrams.
var effects = map[string][]string{
	faultLoss:        {"lost"},
	faultDuplication: {"duplicated"},
	faultReordering:  {"reordered"},
	faultDelay:       {"delayed"},
	faultPartition:   {"fault partition", "cut off", "connections given up"},
	faultOneWay:      {"fault one-way", "cut off"},
	faultCrash:       {"fault crash", "crashes", "kills"},
	faultRestart:     {"fault restart", "clean stops"},
	faultPause:       {"fault pause", "elections"},
	faultDrift:       {"fault drift"},
	faultJump:        {"fault jump"},
	faultWriteError:  {"fault write-error", "failed disks", "stopped by errors"},
	faultSyncError:   {"fault sync-error", "failed disks"},
	faultFullDisk:    {"fault full-disk", "full disks"},
	faultRotLog:      {"fault bit-rot-log", "refused stores", "bit rot in the last batch"},
	faultRotDB:       {"fault bit-rot-db", "refused stores"},
	faultWipe:        {"fault wipe", "refused stores", "strangers stopped"},
	faultSwap:        {"fault swap", "refused stores"},
	faultMembers:     {"fault members", "members added", "members removed"},
	faultTransfer:    {"fault transfer"},
}

func TestEachKindOfFaultHappensAndHasItsEffect(t *testing.T) {
	for kind, counts := range effects {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			missing := slices.Clone(counts)
			for seed := uint64(0); seed < 100 && len(missing) > 0; seed++ {
				for _, shape := range []string{ShapeRoles, ShapeServers} {
					r := sound(t, Options{Seed: seed, Shape: shape, Steps: 4000, Faults: []string{kind}})
					missing = slices.DeleteFunc(missing, func(what string) bool { return r.Counts[what] > 0 })
				}
			}
			if len(missing) > 0 {
				t.Errorf("never happened: %q", missing)
			}
		})
	}
	if len(effects) != len(faultKinds)-1 { // all but the wide-area network
		t.Errorf("%d of %d kinds are looked at", len(effects), len(faultKinds))
	}
}

func TestAWideAreaNetworkIsSlow(t *testing.T) {
	far := 0
	for seed := range uint64(20) {
		w := newWorld(Options{Seed: seed, Faults: []string{faultWAN}})
		if w.plan.wan {
			far++
			if l := w.network.link(w.hosts[0].end, w.hosts[0].end); l.base < w.plan.latency {
				t.Errorf("seed %d: %v", seed, l.base)
			}
		}
	}
	if far == 0 || far == 20 {
		t.Errorf("%d of 20 runs span the world", far)
	}
}

// Leaving faults out makes another run, but the other faults stay as they are.
func TestAFaultThatIsLeftOutChangesNoOther(t *testing.T) {
	o := Options{Seed: 11, Steps: 5000}
	before := newWorld(o).nemesis.schedule
	o.Without = []int{0, 3}
	after := newWorld(o).nemesis.schedule
	if len(before) != len(after) || !after[0].Left || !after[3].Left {
		t.Fatalf("%d faults, then %d", len(before), len(after))
	}
	for i := range after {
		after[i].Left = false
	}
	if !slices.Equal(before, after) {
		t.Error("other faults changed, too")
	}
	r := Run(o)
	if len(r.Faults) > 3 && (!r.Faults[3].Left || r.Faults[3].Target != "") {
		t.Errorf("a fault that was left out befell somebody: %+v", r.Faults[3])
	}
}

func TestAWrongOptionIsNamed(t *testing.T) {
	for _, o := range []Options{{Steps: -1}, {Shape: "ring"}, {Faults: []string{"los"}}} {
		if o.Check() == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// One event is one delivery, turn, commit, or the like; 20,000 of them with faults
// are what a seed usually runs.
func BenchmarkEvents(b *testing.B) {
	for _, shape := range []string{ShapeRoles, ShapeServers} {
		b.Run(shape, func(b *testing.B) {
			events := 0
			for seed := uint64(0); b.Loop(); seed++ {
				events += Run(Options{Seed: seed % 100, Shape: shape}).Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
