package harness

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const classicConfig = `clients   239.0.0.1 5000
proposers 239.0.0.1 6000
acceptors 239.0.0.1 7000
learners  239.0.0.1 8000
`

// commandTimeout is far above what any run here needs, also on a busy machine.
const commandTimeout = 5 * time.Minute

// patience is how long a test waits for one thing to happen; it takes a moment where the machine has nothing else to do.
const patience = time.Minute

// place is a folder with a copy of the project folder, a config file and an environment in which the project's
// scripts start stand-ins for the binary.
type place struct {
	t       *testing.T
	dir     string // of this place
	project string // the copy of paxos/
	conf    string // the config file
	tmp     string // TMPDIR, where the folders of runs are
	env     []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, dir: dir, project: filepath.Join(dir, "project"), conf: filepath.Join(dir, "paxos.conf"),
		tmp: filepath.Join(dir, "tmp")}
	if err := os.CopyFS(p.project, os.DirFS("paxos")); err != nil {
		t.Fatal(err)
	}
	// A binary that was built into the folder is not part of the place.
	if err := os.RemoveAll(filepath.Join(p.project, "paxos")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	p.write("paxos.conf", classicConfig)
	p.env = append(withoutOurs(os.Environ()), "TMPDIR="+p.tmp, "CONF="+p.conf, "PROJECT="+p.project)
	return p
}

// withoutOurs removes the variables that the scripts look at.
func withoutOurs(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "PAXOS_") || strings.HasPrefix(v, "HARNESS_") || strings.HasPrefix(v, "TMPDIR=")
	})
}

// newFakePlace is a place whose binary is the stand-in.
func newFakePlace(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "PAXOS_BIN="+self, fakeDirEnv+"="+p.dir,
		"GORACE=atexit_sleep_ms=0") // or each stand-in under -race would take a second to end
	t.Cleanup(func() { p.killAll() })
	return p
}

// killAll ends what a failed test has left, by the pids it started.
func (p *place) killAll() {
	for _, s := range readStarts(p.t, p.dir) {
		cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.Pid), "cmdline"))
		if err == nil && strings.Contains(string(cmdline), p.conf) {
			if process, err := os.FindProcess(s.Pid); err == nil {
				_ = process.Kill()
			}
		}
	}
}

func (p *place) write(name, content string) string {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		p.t.Fatal(err)
	}
	return file
}

// script writes a bash script file and returns its path.
func (p *place) script(name, lines string) string {
	p.t.Helper()
	return p.write(name, "#!/usr/bin/env bash\ncd \"$PROJECT\"\n"+lines)
}

// command makes a command in this place's environment; it is killed where it takes minutes.
func (p *place) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(p.t.Context(), commandTimeout)
	p.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = p.dir, slices.Clone(p.env)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// run runs a command to its end and returns what it printed.
func (p *place) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.command(name, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}

// waitStarts waits until so many stand-ins were started.
func (p *place) waitStarts(count int) []start {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if starts := readStarts(p.t, p.dir); len(starts) >= count {
			return starts
		}
	}
	p.t.Fatalf("%d roles were started, want %d", len(readStarts(p.t, p.dir)), count)
	return nil
}

// runFolders returns the folders of runs that are there.
func (p *place) runFolders() []string {
	p.t.Helper()
	folders, err := filepath.Glob(filepath.Join(p.tmp, "paxos-*", "run-*"))
	if err != nil {
		p.t.Fatal(err)
	}
	return folders
}

// need skips the test where a program of the system is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs the program %s: %v", program, err)
		}
	}
}

// needRoot skips the test where it may not make a network namespace with firewall rules.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a network namespace and a firewall rule in it")
	}
	need(t, "unshare", "ip", "iptables")
}
