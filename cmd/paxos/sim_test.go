package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"paxos/sim"
)

func TestTheSimulatorRefusesWhatItCannotRun(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--steps 0", "--steps 0"},
		{"--shape round", "--shape round"},
		{"--faults loss,gremlins", "gremlins"},
		{"--faults none,loss", "none"},
		{"--without 4-2", "--without: \"4-2\""},
		{"--seeds 5", "--seeds 5: want A..B"},
		{"--seeds 5..4", "--seeds 5..4"},
		{"--seeds a..b", "--seeds a..b"},
		{"--seeds 1..2 --trace", "--trace is for one --seed"},
		{"--seeds 1..2 --seed 1", "[seed seeds]"},
		{"--seed 1 --trace --json", "[json trace]"},
		{"--seed -1", "--seed"},
		{"--workers -1", "must not be negative"},
		{"extra", "extra"},
	} {
		code, stdout, stderr := call(t, "", append([]string{"sim"}, strings.Fields(c.args)...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("paxos sim %s: exit code %d, stdout %q, stderr %q; want 2, nothing, and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestTheShellCompletesKindsOfFault(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"lo", []string{"loss"}},
		{"crash,lo", []string{"crash,loss"}},
		{"loss,lo", nil},
		{"bit-rot", []string{"bit-rot-log", "bit-rot-db"}},
	} {
		_, stdout, _ := call(t, "", "__complete", "sim", "--faults", c.typed)
		var got []string
		for _, line := range strings.Fields(stdout) {
			if strings.HasPrefix(line, ":") {
				break
			}
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.typed, got, c.want)
		}
	}
}

func TestTheHelpOfTheSimulatorNamesAllKindsOfFault(t *testing.T) {
	_, stdout, _ := call(t, "", "sim", "--help")
	for _, kind := range sim.FaultKinds() {
		if !strings.Contains(stdout, kind) {
			t.Errorf("no %s in\n%s", kind, stdout)
		}
	}
}

func TestARunIsToldInTextAndInJSON(t *testing.T) {
	code, stdout, stderr := call(t, "", "sim", "--seed", "3", "--steps", "300", "--faults", "none")
	if code != exitOK || !strings.Contains(stdout, "seed 3: ") || !strings.Contains(stdout, "all checks held") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = call(t, "", "sim", "--seed", "3", "--steps", "300", "--faults", "none", "--json")
	var r simJSON
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitOK || r.Seed != 3 || r.Steps != 300 || r.Events < 300 || len(r.Hash) != 16 {
		t.Errorf("exit code %d: %v: %s%s", code, err, stdout, stderr)
	}
}

func TestTheTraceHasALineForEachEventAndCanBeCut(t *testing.T) {
	args := []string{"sim", "--seed", "3", "--steps", "100", "--faults", "none", "--trace"}
	_, all, _ := call(t, "", args...)
	_, end, _ := call(t, "", append(args, "--last", "5")...)
	if n := strings.Count(all, "\n"); n < 100 || strings.Count(end, "\n") > 12 || !strings.HasSuffix(all, end) {
		t.Errorf("%d lines, the last ones are not those of\n%s", n, end)
	}
}

func TestManySeedsAreSummedUp(t *testing.T) {
	args := []string{"sim", "--seeds", "1..4", "--steps", "200", "--faults", "none", "--workers", "2"}
	code, stdout, stderr := call(t, "", args...)
	if code != exitOK || !strings.HasPrefix(stdout, "4 seeds, ") || !strings.Contains(stdout, "0 failures") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, _ = call(t, "", append(args, "--json")...)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var sum struct {
		Seeds    int
		Complete bool
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || code != exitOK || len(lines) != 5 || sum.Seeds != 4 || !sum.Complete {
		t.Errorf("exit code %d: %v: %s", code, err, stdout)
	}
}

func TestAFailingRunSaysHowToRepeatIt(t *testing.T) {
	failed := &sim.Result{Seed: 7, Failure: &sim.Failure{Check: "agreement", Message: "two values", Event: 12}}
	o := sim.Options{Seed: 7, Steps: 500}
	var out strings.Builder
	if err := writeSimText(&out, failed); err != nil || !strings.Contains(out.String(), "agreement: two values (event 12") {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	var r simJSON
	if err := writeSimJSON(&out, o, failed); err != nil || json.Unmarshal([]byte(out.String()), &r) != nil ||
		r.Failure == nil || r.Failure.Repeat != "go run ./cmd/paxos sim --seed 7 --steps 500" {
		t.Errorf("%v: %s", err, out.String())
	}
}
