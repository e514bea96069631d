package bench

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/histogram"
)

// costing are samples with these costs.
func costing(costs ...float64) (all []Sample) {
	for i, c := range costs {
		all = append(all, Sample{Commands: uint64(i+1) * 1000, CPUSecondsPerMillion: c})
	}
	return all
}

func TestGrowthComparesTheLastQuarterWithTheFirstAfterTheWarmUp(t *testing.T) {
	for _, c := range []struct {
		costs []float64
		want  float64
	}{
		{nil, 0},
		{[]float64{9, 1, 1, 1}, 0}, // after the warm-up too few
		{[]float64{0, 0, 0, 0, 0}, 0},
		{[]float64{9, 1, 1, 1, 1}, 1},
		{[]float64{9, 2, 2, 3, 3}, 1.5},
		{[]float64{9, 4, 3, 2, 1}, 0.25},
		{[]float64{9, 1, 1, 50, 1, 1, 1, 1, 1, 2, 2, 70, 2}, 2}, // an outlier counts for nothing
		{[]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 1},
	} {
		if got := growth(costing(c.costs...), func(s *Sample) float64 { return s.CPUSecondsPerMillion }); got != c.want {
			t.Errorf("costs %v grow by %g, want %g", c.costs, got, c.want)
		}
	}
}

func TestASampleJoinsWhatTheLoadSawAndWhatWasSeenOfTheProcesses(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(100+s), 0) }
	m := &meter{readings: []reading{
		{at: at(0), cpu: time.Second},
		{at: at(1), cpu: 3 * time.Second, each: map[string]Figures{"server 1": {Anon: 7}, "server 2": {Anon: 5, Disk: 3}}},
		{at: at(2), cpu: 4 * time.Second},
	}}
	all := samplesOf([]Result{{Values: 1_000_000, Elapsed: time.Second, Ended: at(1)}, {Values: 500_000, Elapsed: time.Second, Ended: at(2)}}, m)
	if len(all) != 2 || all[0].CPUSecondsPerMillion != 2 || all[1].CPUSecondsPerMillion != 2 || all[1].Commands != 1_500_000 || all[0].PerSecond != 1e6 {
		t.Fatalf("%+v", all)
	}
	if all[0].Anon() != 12 || all[0].Most("server") != (Figures{Anon: 7, Disk: 3}) {
		t.Errorf("%+v: %d, %+v", all[0], all[0].Anon(), all[0].Most("server"))
	}
}

func TestStretchesEndAfterSoManyCommandsAndTheLastOneInTheEnd(t *testing.T) {
	s := stretches{every: 10, began: time.Now(), h: new(histogram.Histogram)}
	var callers sync.WaitGroup
	for range 5 {
		callers.Go(func() {
			for range 5 {
				s.add(time.Millisecond)
			}
		})
	}
	callers.Wait()
	s.close()
	s.close()
	var values []uint64
	for _, r := range s.results {
		values = append(values, r.Values)
		if r.P50 < time.Millisecond || r.Ended.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	if fmt.Sprint(values) != "[10 10 5]" {
		t.Errorf("stretches of %v commands", values)
	}
}

func TestPhasesMakeUpTheRun(t *testing.T) {
	o := GrowthOptions{Every: 400, InFlight: 3, Bytes: 5}
	all := o.phases(1000)
	if len(all) != 3 || all[0].Commands != 400 || all[2].Commands != 200 || all[0].Warmup == 0 || all[1].Warmup != 0 || all[1].InFlight != 3 || all[1].Bytes != 5 {
		t.Errorf("%+v", all)
	}
}

func TestNeighbouringValuesShareNothing(t *testing.T) {
	w := newWords(64)
	seen := make(map[string]bool)
	for range 1024 {
		v := w.next().String()
		if len(v) != 66 || seen[v[1:9]] {
			t.Fatalf("%q has the wrong size, or begins as another one", v)
		}
		seen[v[1:9]] = true
	}
}

func TestSeveralStopAtTheFirstFailure(t *testing.T) {
	var mu sync.Mutex
	done, wrong := 0, errors.New("wrong")
	err := several(1000, func() error {
		mu.Lock()
		defer mu.Unlock()
		if done++; done > 10 {
			return wrong
		}
		return nil
	})
	if !errors.Is(err, wrong) || done > 10+sessionsAtOnce {
		t.Errorf("%v after %d", err, done)
	}
	if err := several(3, func() error { return nil }); err != nil {
		t.Error(err)
	}
}

// grown is a report of two long runs and two with sessions.
func grown() *GrowthReport {
	run := func(what, process string, sessions int) GrowthRun {
		g := GrowthRun{What: what, Sessions: sessions, Commands: 30_000, CPUGrowth: 1.25, AnonGrowth: 1, BesideFresh: 1.02, Turns: make([]Turn, 3)}
		for i := range 30 {
			g.Samples = append(g.Samples, Sample{
				Commands: uint64(i+1) * 1000, PerSecond: 1_234_567, P50: time.Millisecond, P99: 2 * time.Millisecond, CPUSecondsPerMillion: float64(sessions),
				Processes: map[string]Figures{process + " 1": {Anon: 30 << 20, RSS: 50 << 20, Disk: 70 << 20}},
			})
		}
		return g
	}
	return &GrowthReport{
		Long:     []GrowthRun{run(GrowthRoles, "acceptor", 1), run(GrowthServers, "server", 1)},
		Sessions: []GrowthRun{run(GrowthRoles, "acceptor", 2), run(GrowthRoles, "acceptor", 5)},
	}
}

func TestTheTextTellsHowCostsGrow(t *testing.T) {
	var b strings.Builder
	if err := grown().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"list servers, 30,000 commands: CPU time per command grows by a factor of 1.25", "3 of them, a command costs 1.02 times", "1,234,567", "30 (50)", "70", "1.000 ms", "5.00      1.02"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &b)
		}
	}
}

func TestThePlotsHaveALineForEachCurve(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	if err := grown().WritePlots(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]string{
		"growth-cpu.svg": {">roles<", ">list servers<"}, "growth-memory.svg": {">acceptor<", ">server<"}, "growth-disk.svg": {">server<"},
		"growth-rate.svg": {">roles<"}, "growth-latency.svg": {">roles, p50<", ">list servers, p99<"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s: no %s", file, w)
			}
		}
		for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	}
}

// played is a cluster in which each command costs so much CPU time.
type played struct {
	cost   time.Duration
	opened int
	log    *[]string
	ended  bool
}

func (p *played) open(_ context.Context, sessions int) error { p.opened = sessions; return nil }
func (p *played) stop() error                                { p.ended = true; return nil }
func (p *played) close()                                     { p.ended = true }

func (p *played) load(_ context.Context, commands uint64) ([]Result, *meter, error) {
	*p.log = append(*p.log, fmt.Sprint(commands, " at ", p.cost))
	end := time.Unix(100, 0)
	m := &meter{readings: []reading{{at: end.Add(-time.Second)}, {at: end, cpu: p.cost * time.Duration(commands)}}}
	return []Result{{Values: commands, Elapsed: time.Second, Ended: end}}, m, nil
}

func TestARunTakesTurnsWithAFreshClusterAndNeitherIsAlwaysFirst(t *testing.T) {
	var log []string
	var all []*played
	o := GrowthOptions{Dir: t.TempDir(), Every: 10, instead: func() grower {
		p := &played{cost: []time.Duration{3 * time.Second, 2 * time.Second}[len(all)], log: &log}
		all = append(all, p)
		return p
	}}
	run, err := o.one(t.Context(), GrowthRoles, 7, 50, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := "[50 at 3s 10 at 3s 10 at 2s 10 at 2s 10 at 3s 10 at 3s 10 at 2s 10 at 2s 10 at 3s]"
	if fmt.Sprint(log) != want || run.BesideFresh != 1.5 || len(run.Turns) != 3 || len(run.Samples) != 1 {
		t.Errorf("%v; %+v", log, run)
	}
	if len(all) != 2 || all[0].opened != 6 || all[1].opened != 0 || !all[0].ended || !all[1].ended {
		t.Errorf("clusters %+v, %+v", all[0], all[1])
	}
}
