package torture

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// usual are options that a run is possible with, without root.
func usual() Options {
	return Options{
		Workload: Append, Nodes: 3, Concurrency: 8, TimeLimit: time.Minute, Interval: time.Second,
		Nemeses: []string{"kill", "pause"}, Seed: 1,
	}
}

func TestOptionsThatCanNotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(o *Options){
		`--nodes 0`:                  func(o *Options) { o.Nodes = 0 },
		`--nodes 8`:                  func(o *Options) { o.Nodes = 8 },
		`--concurrency 0`:            func(o *Options) { o.Concurrency = 0 },
		`--workload "bank"`:          func(o *Options) { o.Workload = "bank" },
		`--rate -1`:                  func(o *Options) { o.Rate = -1 },
		`--time-limit 0s`:            func(o *Options) { o.TimeLimit = 0 },
		`--nemesis-interval -1s`:     func(o *Options) { o.Interval = -time.Second },
		`there is no nemesis "fire"`: func(o *Options) { o.Nemeses = []string{"kill", "fire"} },
		`none goes with no other`:    func(o *Options) { o.Nemeses = []string{"none", "kill"} },
		`name the --program`:         func(o *Options) { o.Workload = KV },
		`no-such-program`:            func(o *Options) { o.Workload, o.Program = KV, "/no-such-program" },
		`goes with --workload kv`:    func(o *Options) { o.Program = "/bin/sh" },
		`--nodes 3 at least`:         func(o *Options) { o.Nodes, o.Nemeses = 2, []string{"partition-majority-ring"} },
	} {
		o := usual()
		change(&o)
		if _, err := o.plan(); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestWithoutRootANemesisThatNeedsItIsRefusedAloud(t *testing.T) {
	for _, k := range kinds {
		err := possible([]kind{k}, 3, false)
		if needs := k.network || k.disks; (err != nil) != needs {
			t.Errorf("%s: %v", k.name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), k.name) || !strings.Contains(err.Error(), "needs root")) {
			t.Errorf("%s: %v", k.name, err)
		}
	}
}

func TestNemesesAreFoundOnceEach(t *testing.T) {
	for given, want := range map[string]int{"none": 0, "kill": 1, "kill,pause,kill": 2, "pause,all": len(kinds), "": 0} {
		names := slices.DeleteFunc(strings.Split(given, ","), func(s string) bool { return s == "" })
		if found, err := findKinds(names); err != nil || len(found) != want {
			t.Errorf("%q: %d nemeses, %v; want %d", given, len(found), err, want)
		}
	}
}

func TestARunTakesOnlyAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := makeFolder(dir); err != nil {
		t.Error(err)
	}
	ok(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	if _, err := makeFolder(dir); !errors.Is(err, ErrUsage) {
		t.Error(err)
	}
}

func TestTheUsualFolderTellsTimeWorkloadAndNemeses(t *testing.T) {
	o := usual()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if got := DefaultDir("root", &o, now); got != "root/20260102T030405-append-kill+pause" {
		t.Error(got)
	}
}

func TestAPaceKeepsToTheRateOnAverage(t *testing.T) {
	r, sum := seeded(1), time.Duration(0)
	for range 10_000 {
		sum += stagger(200, 4, r)
	}
	if mean := sum / 10_000; mean < 19*time.Millisecond || mean > 21*time.Millisecond {
		t.Errorf("4 clients with 200 operations a second together pause %s each, want 20 ms", mean)
	}
	if d := stagger(0, 4, r); d != 0 {
		t.Errorf("without a limit they pause %s", d)
	}
}
