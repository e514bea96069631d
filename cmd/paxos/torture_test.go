package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paxos/internal/torture"
	"paxos/internal/torture/judge"
)

// tortured is the verdict of a run with --json.
func tortured(t *testing.T, want int, args ...string) (r torture.Result, stderr string) {
	t.Helper()
	code, stdout, stderr := call(t, "", append([]string{"torture", "--json"}, args...)...)
	if code != want {
		t.Fatalf("exit code %d, want %d: %s\n%s", code, want, stderr, stdout)
	}
	ok(t, json.Unmarshal([]byte(stdout), &r))
	return r, stderr
}

// whatBreaks tortures servers until a check fails, each time for longer: where the machine is busy with other things,
// little happens in a short time.
func whatBreaks(t *testing.T, dir string) (code int, stdout, stderr string) {
	t.Helper()
	for limit := 3; limit <= 48; limit *= 2 {
		ok(t, os.RemoveAll(dir))
		code, stdout, stderr = call(t, "", "torture", "--time-limit", fmt.Sprintf("%ds", limit), "--nemesis-interval", "500ms",
			"--nemesis", "pause", "--seed", "1", "--dir", dir)
		if code != exitOK {
			break
		}
	}
	return code, stdout, stderr
}

func TestABrokenServerIsNotLinearizable(t *testing.T) {
	for _, broken := range []string{"forgets", "stale"} {
		t.Setenv(beBroken, broken)
		dir := filepath.Join(t.TempDir(), "run")
		code, stdout, stderr := whatBreaks(t, dir)
		if code != exitFailed || !strings.Contains(stdout, "not linearizable") || !strings.Contains(stderr, "a check failed") {
			t.Fatalf("%s: exit code %d: %s\n%s", broken, code, stderr, stdout)
		}
		var r torture.Result
		ok(t, json.Unmarshal([]byte(readFile(t, filepath.Join(dir, "verdict.json"))), &r))
		if n := len(r.Witness); r.Valid != judge.Invalid || n < 2 || n > 12 { // each operation has two lines
			t.Errorf("%s: the verdict is %v, with a witness of %d lines:\n%s", broken, r.Valid, n, stdout)
		}
		if _, err := os.Stat(filepath.Join(dir, "cluster", "server-1", "identity")); err != nil {
			t.Errorf("%s: the stores were not kept: %v", broken, err)
		}
	}
}

func TestATortureOnLoopbackPassesAndLeavesItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, stderr := tortured(t, exitOK, "--workload", "register", "--time-limit", "2s", "--nemesis-interval", "500ms", "--nemesis", "kill,pause", "--seed", "7", "--rate", "500", "--dir", dir)
	if !r.OK() || r.Counts.OK == 0 || r.Harm == 0 || !strings.Contains(stderr, "Seed 7; the run's folder is "+dir) {
		t.Errorf("verdict %+v; stderr %q", r, stderr)
	}
	for _, name := range []string{"config.json", "history.edn", "elle.edn", "verdict.json", "nemesis.json", "porcupine.html", "timeline.html", "latency.svg", "rate.svg", "logs/server-3.log"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"cluster", "disks"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

func TestATortureThatIsInterruptedLeavesNothingBehind(t *testing.T) {
	for _, workload := range []string{torture.Append, torture.Roles} {
		p := startTorture(t, workload)
		if code := p.stop(); code != exitUsage || !strings.Contains(p.stderr(), "interrupted") {
			t.Errorf("%s: exit code %d: %s", workload, code, p.stderr())
		}
		p.leftNothing()
		if _, err := os.Stat(filepath.Join(p.dir, "disks")); !os.IsNotExist(err) {
			t.Errorf("%s: the mount points are still there: %v", workload, err)
		}
		if text := readFile(t, filepath.Join(p.dir, "history.edn")); !strings.Contains(text, ":process :nemesis") {
			t.Errorf("%s: the history was not kept", workload)
		}
	}
}

func TestATortureThatIsKilledLeavesNoProcessAndNoMount(t *testing.T) {
	p := startTorture(t, torture.Roles)
	ok(t, p.cmd.Process.Kill())
	p.wait()
	p.leftNothing()
}

// longTorture is a torture of its own process, which goes on until it is ended.
type longTorture struct {
	*programProcess
	dir  string // of the run
	mark string // that stands in the environment of all its processes
}

// startTorture returns when nemeses have done harm.
func startTorture(t *testing.T, workload string) *longTorture {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("namespaces and small disks need root")
	}
	dir := t.TempDir()
	t.Setenv("PAXOS_TEST_MARK", dir)
	p := &longTorture{mark: "PAXOS_TEST_MARK=" + dir, dir: filepath.Join(dir, "run")}
	p.programProcess = program(t, dir, "torture", "--workload", workload, "--nemesis", "kill,loss,disk-full", "--nemesis-interval", "200ms", "--time-limit", "10m", "--dir", "run")
	waitOutput(t, "a member to be started again", func() bool { return startedAgain(t, filepath.Join(p.dir, "cluster")) })
	if n := p.processes(); n < 6 { // itself, a process for each namespace, a member
		t.Errorf("%s: the test is void: it sees %d processes", workload, n)
	}
	return p
}

func (p *longTorture) leftNothing() {
	p.t.Helper()
	waitOutput(p.t, "all processes to be gone", func() bool { return p.processes() == 0 })
	if mounts := readFile(p.t, "/proc/self/mountinfo"); strings.Contains(mounts, p.dir) {
		p.t.Errorf("still mounted:\n%s", mounts)
	}
}

// processes is how many processes there are with the run's mark.
func (p *longTorture) processes() (count int) {
	p.t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	ok(p.t, err)
	for _, path := range found {
		env, err := os.ReadFile(path) // it may be gone by now
		if err == nil && bytes.Contains(env, []byte(p.mark)) {
			count++
		}
	}
	return count
}

// startedAgain says if the log of any member tells of two starts.
func startedAgain(t *testing.T, dir string) bool {
	for _, pattern := range []string{"*.log", "logs/*.log"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		ok(t, err)
		for _, path := range found {
			if strings.Count(readFile(t, path), "started") > 1 {
				return true
			}
		}
	}
	return false
}
