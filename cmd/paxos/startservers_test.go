package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"paxos/internal/servers"
)

// localFile is a cluster file for free ports of this host.
func localFile(t *testing.T, dir string) string {
	t.Helper()
	addresses, err := servers.FreeAddresses(3)
	ok(t, err)
	file := filepath.Join(dir, "servers")
	writeFile(t, file, "# three\n"+strings.Join(addresses, "\n")+"\n")
	return file
}

// startServers runs start-servers until it says that it is ready.
func startServers(t *testing.T, dir string, args ...string) *programProcess {
	t.Helper()
	p := program(t, dir, append([]string{"start-servers"}, args...)...)
	waitOutput(t, "start-servers to be ready", func() bool { return strings.Contains(p.stderr(), "ready: ") })
	return p
}

// children are the process ids that start-servers has told.
func (p *programProcess) children() (pids []int) {
	for _, m := range regexp.MustCompile(`server \d: .*, process (\d+)`).FindAllStringSubmatch(p.stderr(), -1) {
		pid, _ := strconv.Atoi(m[1])
		pids = append(pids, pid)
	}
	return pids
}

func TestAllServersStartWithAnEmptyListAndStopTogether(t *testing.T) {
	dir := t.TempDir()
	file := localFile(t, dir)
	for range 2 {
		p := startServers(t, dir, file)
		if code, stdout, stderr := call(t, "", "append", file, "1"); code != exitOK || stdout != "[1]\n" {
			t.Errorf("append: exit code %d, %q, %s", code, stdout, stderr)
		}
		if code := p.stop(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr())
		}
		if len(p.children()) != 3 {
			t.Errorf("it told no three processes: %s", p.stderr())
		}
		for _, pid := range p.children() {
			if err := syscall.Kill(pid, 0); err == nil {
				t.Errorf("process %d still runs", pid)
			}
		}
		folder := regexp.MustCompile(`stores and logs are in (.*)`).FindStringSubmatch(p.stderr())
		if _, err := os.Stat(filepath.Join(folder[1], "server-3", "identity")); err != nil || filepath.Dir(folder[1]) != dir {
			t.Errorf("the temporary folder is not kept, or not where it should be: %v", err)
		}
		for i := 1; i <= 3; i++ {
			if log := readFile(t, filepath.Join(folder[1], fmt.Sprintf("server-%d.log", i))); !strings.Contains(log, ": stopped: ") {
				t.Errorf("server %d was not shut down cleanly: %s", i, log)
			}
		}
	}
}

func TestWithADataFolderTheListGoesOn(t *testing.T) {
	dir := t.TempDir()
	file := localFile(t, dir)
	for n, want := range []string{"[0]\n", "[0, 1]\n"} {
		p := startServers(t, dir, file, "--data-dir", "data")
		if code, stdout, stderr := call(t, "", "append", file, fmt.Sprint(n)); code != exitOK || stdout != want {
			t.Errorf("append: exit code %d, %q, %s; want %q", code, stdout, stderr, want)
		}
		if code := p.stop(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr())
		}
	}
}

func TestAServerThatEndsByItselfEndsAllOrIsStartedAgain(t *testing.T) {
	dir := t.TempDir()
	file := localFile(t, dir)
	p := startServers(t, dir, file)
	ok(t, syscall.Kill(p.children()[1], syscall.SIGKILL))
	if code := p.wait(); code != exitFailed || !strings.Contains(p.stderr(), "server 2: signal: killed; the end of ") {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}

	p = startServers(t, dir, file, "--restart")
	ok(t, syscall.Kill(p.children()[1], syscall.SIGKILL))
	waitOutput(t, "all servers to answer again", func() bool {
		code, stdout, _ := call(t, "", "status", file)
		return code == exitOK && !strings.Contains(stdout, "no answer") && strings.Contains(p.stderr(), "server 2 is started again")
	})
	if code := p.stop(); code != exitOK {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
}

func TestTheExitCodeIsThatOfTheServerThatEnded(t *testing.T) {
	dir := t.TempDir()
	file := localFile(t, dir)
	// Somebody else's store: refused, with code 3.
	writeFile(t, filepath.Join(dir, "data", "server-2", "identity"), "what is this?")
	p := program(t, dir, "start-servers", file, "--data-dir", "data")
	if code := p.wait(); code != exitCorrupt && code != exitRefused || !strings.Contains(p.stderr(), "server 2") {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
}
