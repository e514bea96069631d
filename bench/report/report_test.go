package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/bench/compare"
	"paxos/bench/load"
)

// sample is a phase of one second.
func sample(system string, inFlight int, perSecond uint64, p50, cpu time.Duration, rss int64) compare.Sample {
	return compare.Sample{
		System: system, Payload: 64, InFlight: inFlight, CPU: cpu, PeakRSS: rss << 20, Syncs: perSecond,
		Result: load.Result{Operations: perSecond, All: 2 * perSecond, Elapsed: time.Second, P50: p50},
	}
}

func example() compare.Raw {
	return compare.Raw{
		Rounds: 3, Payloads: []int{64}, InFlight: []int{1, 1024},
		Systems: []compare.SystemInfo{{Name: "ours", Ours: true, What: "it"}, {Name: "slow"}, {Name: "fast", Again: 1}},
		Samples: []compare.Sample{
			sample("ours", 1024, 900, 5*time.Millisecond, time.Second, 50),
			sample("ours", 1024, 500, 9*time.Millisecond, time.Second, 50),
			sample("ours", 1024, 100, 1*time.Millisecond, time.Second, 50),
			sample("fast", 1024, 90, time.Second, time.Second, 40),
			sample("slow", 1024, 10, time.Second, time.Second, 60),
			sample("ours", 1, 10, 2*time.Millisecond, time.Second, 50),
			sample("fast", 1, 10, 3*time.Millisecond, 2*time.Second, 80),
			sample("slow", 1, 10, 4*time.Millisecond, 2*time.Second, 70),
		},
	}
}

func find(t *testing.T, r Report, system string, inFlight int) Cell {
	t.Helper()
	for _, c := range r.Cells {
		if c.System == system && c.InFlight == inFlight {
			return c
		}
	}
	t.Fatalf("no cell of %s with %d in flight", system, inFlight)
	return Cell{}
}

func TestACellHasTheMediansAndTheRatioToTheBestPeer(t *testing.T) {
	c := find(t, Make(example()), "ours", 1024)
	if c.PerSecond != 500 || c.Least != 100 || c.Most != 900 || c.P50 != 5*time.Millisecond {
		t.Errorf("medians: %+v", c)
	}
	if want := 500.0 / 90; c.Ratio != want {
		t.Errorf("ratio %g, want %g", c.Ratio, want)
	}
	if c.CPU != 1000 || c.Fsyncs != 0.5 || c.RSS != 50<<20 {
		t.Errorf("per operation: %+v", c)
	}
}

func TestTheVerdictsNameWhatHoldsAndWhereItDoesNot(t *testing.T) {
	want := map[string]string{"at least 5 times": "", "p50 less": "", "CPU time": "", "memory": "1024 x 64 B (1.25)"}
	worst := map[string]float64{"at least 5 times": 500.0 / 90, "p50 less": 2.0 / 3, "CPU time": 0.5, "memory": 1.25}
	all := Make(example()).Verdicts()
	if len(all) != len(want) {
		t.Fatalf("%d verdicts, want %d: %v", len(all), len(want), all)
	}
	for _, v := range all {
		for target, missed := range want {
			if !strings.Contains(v.Target, target) {
				continue
			}
			if v.Holds() != (missed == "") || strings.Join(v.Missed, ", ") != missed || v.Worst != worst[target] {
				t.Errorf("%+v, want it missed at %q, at worst %v", v, missed, worst[target])
			}
		}
	}
}

func TestOfSeveralCellsTheWorstRatioCounts(t *testing.T) {
	r := Make(example())
	again := r.Cells
	for i := range again {
		c := again[i]
		c.Payload = 65
		if c.Ours {
			c.CPU, c.P50 = c.CPU/10, 10*c.P50
		}
		r.Cells = append(r.Cells, c)
	}
	want := map[string]Verdict{
		"p50 less": {Cells: 2, Worst: 20.0 / 3, Missed: []string{"1 x 65 B (6.67)"}},
		"CPU time": {Cells: 4, Worst: 0.5},
	}
	for _, v := range r.Verdicts() {
		for target, w := range want {
			if strings.Contains(v.Target, target) && (v.Cells != w.Cells || v.Worst != w.Worst || !slices.Equal(v.Missed, w.Missed)) {
				t.Errorf("%+v, want %+v", v, w)
			}
		}
	}
}

func TestAFigureThatEqualsThePeersIsNotLess(t *testing.T) {
	raw := example()
	for i := range raw.Samples {
		raw.Samples[i].P50 = time.Millisecond
	}
	for _, v := range Make(raw).Verdicts() {
		if strings.Contains(v.Target, "p50") && v.Holds() {
			t.Error("an equal p50 counts as below")
		}
	}
}

func TestWithoutPeersThereIsNoVerdict(t *testing.T) {
	raw := example()
	raw.Systems = raw.Systems[:1]
	if all := Make(raw).Verdicts(); len(all) != 0 {
		t.Errorf("verdicts %v", all)
	}
}

func TestTheTextHasATableForEachCellAndSaysWhatIsMissing(t *testing.T) {
	raw := example()
	raw.Uncounted = "no tracefs"
	var b strings.Builder
	if err := Make(raw).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"64 bytes, 1 in flight:", "64 bytes, 1024 in flight:", "| ours ", " 5.56 |", "no tracefs", "Targets:", "| no, 1 of 2, 1.25 ", "- ours: 1024 x 64 B (1.25)\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}
