package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// beParent in the environment makes this test binary the parent of a child that
// hears no SIGTERM, whose id it prints.
const beParent = "PAXOS_TEST_BE_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(beParent); dir != "" {
		p, err := NewSet().Start(shell(dir, "trap '' TERM; while :; do sleep 1; done"))
		if err != nil {
			panic(err)
		}
		fmt.Println(p.Pid())
		select {}
	}
	os.Exit(m.Run())
}

// shell is a child that plays a script.
func shell(dir, script string) Spec {
	return Spec{Name: "child 1", Binary: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(dir, "child.log")}
}

func newSet(t *testing.T) *Set {
	t.Helper()
	s := NewSet()
	t.Cleanup(s.Close)
	return s
}

func begin(t *testing.T, s *Set, spec Spec) *Process {
	t.Helper()
	p, err := s.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// await waits until the child's log has a line.
func await(t *testing.T, s *Set, p *Process, line string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s.Wait(ctx, line, func() (bool, error) {
		text, err := os.ReadFile(p.Log())
		return strings.Contains(string(text), line+"\n"), err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// obedient says when it hears signals, when it has heard one, and takes its time.
const obedient = `trap 'echo asked >&2; trap "echo twice >&2; exit 9" TERM; sleep 0.1; echo stopped >&2; exit 0' TERM
echo ready >&2; while :; do sleep 0.01; done`

func TestAProcessIsAskedOnlyOnceToStop(t *testing.T) {
	s := newSet(t)
	p := begin(t, s, shell(t.TempDir(), obedient))
	await(t, s, p, "ready")
	p.Ask()
	await(t, s, p, "asked")
	if err := p.Stop(); err != nil {
		t.Errorf("the second request hit it: %v", err)
	}
}

func TestAPausedProcessStandsStillUntilItGoesOn(t *testing.T) {
	s := newSet(t)
	p := begin(t, s, shell(t.TempDir(), obedient))
	await(t, s, p, "ready")
	for range 2 {
		if err := p.Pause(); err != nil {
			t.Fatal(err)
		}
		if got := state(p.Pid()); got != "T" {
			t.Errorf("a paused process is in state %s", got)
		}
		if err := p.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(t.Context(), "a running process", func() (bool, error) { return state(p.Pid()) != "T", nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("a paused process is not stopped cleanly: %v", err)
	}
}

// state is the letter of a process's state, empty if there is none.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

func TestAnEndThatNobodyWantedIsNoticedUnlessExcused(t *testing.T) {
	s := newSet(t)
	dir := t.TempDir()
	task := shell(dir, "exit 0")
	task.Task = true
	<-begin(t, s, task).Done()
	if err := s.Check(); err != nil {
		t.Errorf("a task that was done: %v", err)
	}
	p := begin(t, s, shell(dir, "echo this is why >&2; exit 4"))
	if code := p.ExitCode(); code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
	err := s.Check()
	if err == nil || !strings.Contains(err.Error(), "child 1") || !strings.Contains(err.Error(), "this is why") {
		t.Errorf("error %v, want one that names the process and quotes its log", err)
	}
	if err := s.Wait(t.Context(), "godot", func() (bool, error) { return false, nil }); err == nil {
		t.Error("waiting went on")
	}
	p.Excuse()
	if err := s.Check(); err != nil {
		t.Errorf("it was excused: %v", err)
	}
	<-begin(t, s, shell(dir, "exit 0")).Done()
	if err := s.Check(); err == nil {
		t.Error("a process that ended by itself went unnoticed")
	}
}

func TestASetKeepsNoProcessThatIsDoneWith(t *testing.T) {
	s := newSet(t)
	dir := t.TempDir()
	for range 5 {
		begin(t, s, shell(dir, "sleep 60")).Kill()
	}
	if n := len(s.all()); n > 1 {
		t.Errorf("%d processes are kept", n)
	}
}

func TestLastWordsAreTheLastWholeLines(t *testing.T) {
	s := newSet(t)
	spec := shell(t.TempDir(), "exit 1")
	if err := os.WriteFile(spec.Log, []byte(strings.Repeat("a line of twenty by\n", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	p := begin(t, s, spec)
	<-p.Done()
	_, quoted, _ := strings.Cut(p.LastWords(), ":\n")
	if lines := strings.Split(quoted, "\n"); len(lines) < 50 || len(lines) > 100 || lines[0] != lines[1] {
		t.Errorf("%d lines, the first is %q", len(lines), lines[0])
	}
}

func TestStdinAndStdoutAreConnectedWhereWanted(t *testing.T) {
	s := newSet(t)
	spec := shell(t.TempDir(), "read x; echo got $x")
	spec.Stdin, spec.Task, spec.Output = true, true, spec.Log+".out"
	p := begin(t, s, spec)
	fmt.Fprintln(p.Stdin, "7")
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(spec.Output); string(got) != "got 7\n" {
		t.Errorf("it printed %q", got)
	}
}

func TestACommandAroundIt(t *testing.T) {
	s := newSet(t)
	spec := shell(t.TempDir(), `echo $X >&2; exec sleep 60`)
	spec.Within = []string{"env", "X=inside"}
	p := begin(t, s, spec)
	await(t, s, p, "inside")
	if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Pid())); strings.TrimSpace(string(name)) == "env" {
		t.Error("the process is the command around it")
	}
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), beParent+"="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	_, err = fmt.Fscan(bufio.NewReader(out), &child)
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for range 15000 {
		if s := state(child); s == "" || s == "Z" { // one that only waits to be reaped is dead, too
			return
		}
		time.Sleep(pollEvery)
	}
	_ = syscall.Kill(child, syscall.SIGKILL)
	t.Fatal("the child outlived its parent")
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	s := newSet(t)
	gone := begin(t, s, shell(t.TempDir(), ""))
	<-gone.Done()
	if gone.Pause() == nil {
		t.Error("a process that has ended was paused")
	}
	p := begin(t, s, shell(t.TempDir(), "trap '' TERM; while :; do sleep 1; done"))
	s.Close()
	if err := syscall.Kill(p.Pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal to the closed set's process: %v, want that there is none", err)
	}
	if _, err := s.Start(shell(t.TempDir(), "")); err == nil {
		t.Error("a closed set starts processes")
	}
}
