package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/process"
	"paxos/internal/torture/report"
)

var buildDir string

func TestMain(m *testing.M) {
	if kind := os.Getenv(beStore); kind != "" {
		playStore(kind)
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // or with -race each child would take a second to end
	var err error
	if buildDir, err = os.MkdirTemp("", "paxos-torture-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// program is the real one; the first that asks builds it. PAXOS_TORTURE_BUILD are flags
// for that, like -race.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(buildDir, "paxos")
	args := append([]string{"build", "-o", file}, strings.Fields(os.Getenv("PAXOS_TORTURE_BUILD"))...)
	if out, err := exec.Command("go", append(args, "../../cmd/paxos")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return file, nil
})

// runOf is a short run of the real program.
func runOf(t *testing.T, workload string, nemeses ...string) Options {
	t.Helper()
	if testing.Short() {
		t.Skip("runs real processes for seconds, which -short does without")
	}
	binary, err := program()
	ok(t, err)
	o := usual()
	o.Workload, o.Nemeses, o.Binary = workload, nemeses, binary
	o.Dir, o.TimeLimit, o.Interval, o.Rate = filepath.Join(t.TempDir(), "run"), 4*time.Second, 300*time.Millisecond, 1000
	return o
}

// passes carries a run through, every check of which must pass. Where nothing happened it is
// carried through again, for longer: a machine may have much else to do.
func passes(t *testing.T, o Options) Result {
	t.Helper()
	return passesOnce(t, o, func(r Result) bool { return r.Counts.OK > 0 && r.Harm > 0 })
}

// passesOnce is passes for what has to happen.
func passesOnce(t *testing.T, o Options, happened func(Result) bool) (r Result) {
	t.Helper()
	for ; ; o.TimeLimit *= 2 {
		ok(t, os.RemoveAll(o.Dir))
		r, err := Run(t.Context(), o)
		ok(t, err)
		var text strings.Builder
		ok(t, r.WriteText(&text))
		t.Log(text.String())
		if !r.OK() || o.TimeLimit > time.Minute {
			t.Fatalf("the verdict:\n%s", text.String())
		}
		if happened(r) {
			return r
		}
	}
}

func TestListServersSurviveEverythingAtOnce(t *testing.T) {
	o := runOf(t, Append, all)
	needRoot(t)
	o.Nodes = 5
	passes(t, o)
}

func TestTheRolesSurviveEverythingAtOnce(t *testing.T) {
	o := runOf(t, Roles, all)
	needRoot(t)
	passes(t, o)
}

func TestTheRolesSurviveKillsAndPausesOnLoopback(t *testing.T) {
	o := runOf(t, Roles, "kill", "pause")
	o.TimeLimit, o.loopback = 3*time.Second, true
	passes(t, o)
}

// slowToComeBack is a program whose second proposer 1 takes its time to start.
func slowToComeBack(t *testing.T, program string) string {
	t.Helper()
	file, mark := filepath.Join(t.TempDir(), "slow"), filepath.Join(t.TempDir(), "mark")
	script := fmt.Sprintf(`#!/bin/sh
case "$*" in "proposer --id 1 "*) test -e %[1]s && sleep 2; touch %[1]s;; esac
exec %[2]s "$@"
`, mark, program)
	ok(t, os.WriteFile(file, []byte(script), 0o755))
	return file
}

func TestAMemberThatIsStillComingBackIsNotStoppedBeforeItListens(t *testing.T) {
	o := runOf(t, Roles, "kill")
	o.TimeLimit, o.Interval, o.loopback = 300*time.Millisecond, 200*time.Millisecond, true
	o.Seed = 1
	for o.Binary = slowToComeBack(t, o.Binary); !killsAll(o.Seed); o.Seed++ {
	}
	passes(t, o)
	bands, err := os.ReadFile(filepath.Join(o.Dir, report.NemesisFile))
	if ok(t, err); !strings.Contains(string(bands), `"text": "all"`) {
		t.Errorf("the test is void: not all were killed: %s", bands)
	}
}

// killsAll says if the first deed of a lone killer is to kill all.
func killsAll(seed uint64) bool {
	r := rand.New(rand.NewPCG(seed, streamNemesis))
	newSchedule(nil, kinds[:1], time.Second, r, nil).draw()
	_, what := targets(roleMembers(3), unknownLeader, r)
	return what == "all"
}

func TestAMemberThatEndsByItselfFailsTheRunWithItsLastWords(t *testing.T) {
	o := runOf(t, Register, none)
	o.TimeLimit, o.loopback = time.Minute, true
	victim := make(chan *process.Process, 1)
	o.started = func(f fleet) { victim <- f.process(1) }
	go func() {
		p := <-victim
		proc, err := os.FindProcess(p.Pid())
		if err == nil {
			_ = proc.Kill() // behind the keeper's back
		}
	}()
	r, err := Run(t.Context(), o)
	ok(t, err)
	if r.OK() || !strings.Contains(r.Explanation, "server 2") || !strings.Contains(r.Explanation, "signal: killed") {
		t.Errorf("the verdict: %+v", r.Verdict)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, clusterFolder, "server-1", "identity")); err != nil {
		t.Errorf("the stores were not kept: %v", err)
	}
}

func TestAClusterThatDoesNotStartIsNoVerdict(t *testing.T) {
	o := runOf(t, Append, none)
	o.loopback, o.Binary = true, "/bin/false"
	if _, err := Run(t.Context(), o); err == nil || errors.Is(err, ErrUsage) {
		t.Error(err)
	}
}

func TestARunThatIsInterruptedSaysSo(t *testing.T) {
	o := runOf(t, Append, none)
	o.TimeLimit, o.loopback = time.Minute, true
	ctx, cancel := context.WithCancel(t.Context())
	o.started = func(fleet) { cancel() }
	if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, report.HistoryFile)); err != nil {
		t.Error(err)
	}
}
