package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// programProcess is a run of the program that a test started by itself.
type programProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	log string
}

// program starts the program in a folder, which is also its TMPDIR. It is killed at
// the end of the test at the latest.
func program(t *testing.T, dir string, args ...string) *programProcess {
	t.Helper()
	return programTo(t, dir, os.DevNull, args...)
}

// programTo is program with a file for its stdout.
func programTo(t *testing.T, dir, out string, args ...string) *programProcess {
	t.Helper()
	stdout, err := os.Create(out)
	ok(t, err)
	defer stdout.Close()
	log, err := os.CreateTemp(dir, args[0]+"-*.stderr")
	ok(t, err)
	defer log.Close()
	p := &programProcess{t: t, cmd: exec.Command(os.Args[0], args...), log: log.Name()}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = dir, stdout, log, append(os.Environ(), "TMPDIR="+dir)
	ok(t, p.cmd.Start())
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// stop asks it to stop, and returns its exit code.
func (p *programProcess) stop() int {
	p.t.Helper()
	ok(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	return p.wait()
}

func (p *programProcess) wait() int {
	p.t.Helper()
	killer := time.AfterFunc(3*time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer killer.Stop()
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

func (p *programProcess) stderr() string {
	return readFile(p.t, p.log)
}

// waitOutput asks until the answer is yes, for minutes.
func waitOutput(t *testing.T, what string, answer func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !answer(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	ok(t, err)
	return string(text)
}
