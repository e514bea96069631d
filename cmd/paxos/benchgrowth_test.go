package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"paxos/internal/bench"
)

func TestGrowthIsMeasuredOfBothClustersInSamples(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := call(t, "", "bench", "growth", "--json", "--commands", "4000", "--every", "500", "--in-flight", "64", "--turns", "0",
		"--sessions", "3", "--session-commands", "1000", "--data-dir", dir, "--plots", filepath.Join(dir, "plots"))
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var r bench.GrowthReport
	ok(t, json.Unmarshal([]byte(stdout), &r))
	if len(r.Long) != 2 || len(r.Sessions) != 2 {
		t.Fatalf("%d long runs, %d with sessions", len(r.Long), len(r.Sessions))
	}
	for _, g := range append(r.Long, r.Sessions...) {
		want := map[int]int{1: 8, 3: 2}[g.Sessions]
		if len(g.Samples) != want || g.Samples[want-1].Commands < g.Commands {
			t.Errorf("%s, %d sessions: %d samples, the last of %+v", g.What, g.Sessions, len(g.Samples), g.Samples[len(g.Samples)-1])
		}
		for _, s := range g.Samples {
			if len(s.Processes) < 3 || s.PerSecond <= 0 || s.P99 < s.P50 || s.P50 <= 0 {
				t.Errorf("%s: %+v", g.What, s)
			}
			for name, p := range s.Processes {
				if p.RSS <= 0 || p.Anon <= 0 || p.Disk <= 0 {
					t.Errorf("%s took %+v", name, p)
				}
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "plots", "growth-cpu.svg")); err != nil {
		t.Error(err)
	}
}
