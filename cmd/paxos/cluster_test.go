package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"paxos/internal/cluster"
	"paxos/internal/demo"
	"paxos/protocol"
)

// running is a cluster of real processes on loopback, with a leader.
type running struct {
	*cluster.Cluster
	t   *testing.T
	ctx context.Context
}

func start(t *testing.T) running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceInAll)
	t.Cleanup(cancel)
	c, err := cluster.New(cluster.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := running{c, t, ctx}
	for id := 1; id <= 3; id++ {
		r.start(protocol.RoleAcceptor, id)
	}
	r.start(protocol.RoleProposer, 1)
	r.start(protocol.RoleLearner, 1)
	if _, err := c.WaitLeader(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitStarted(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r running) start(role protocol.Role, id int) *cluster.Process {
	r.t.Helper()
	p, err := r.Start(role, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// client sends what stdin says, and returns the exit code.
func (r running) client(stdin string, args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	return call(r.t, stdin, append([]string{"client", "--id", "1", "--config", r.ConfigPath()}, args...)...)
}

// printed waits until a learner has printed so many lines, and returns them.
func (r running) printed(learner, lines int) string {
	r.t.Helper()
	var text []byte
	err := r.Wait(r.ctx, fmt.Sprintf("%d lines of learner %d", lines, learner), func() (bool, error) {
		var err error
		text, err = os.ReadFile(r.OutputPath(protocol.RoleLearner, learner))
		return strings.Count(string(text), "\n") >= lines, err
	})
	if err != nil {
		r.t.Fatalf("%v; it printed %q", err, text)
	}
	return string(text)
}

// command is a role that the test runs by itself, with its stdin and stdout.
func (r running) command(args ...string) *exec.Cmd {
	r.t.Helper()
	cmd := exec.CommandContext(r.ctx, os.Args[0], append(args, "--config", r.ConfigPath())...)
	cmd.Stderr = os.Stderr
	return cmd
}

func numbers(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

func TestALineIsAValueFromStdinToStdout(t *testing.T) {
	r := start(t)
	code, stdout, stderr := r.client("7\r\n\n7\n a b\t\n8")
	if code != exitOK || stdout != "" || !strings.Contains(stderr, "5 values acknowledged in ") {
		t.Fatalf("client: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	want := "7\n\n7\n a b\t\n8\n"
	if got := r.printed(1, 5); got != want {
		t.Errorf("the learner printed %q, want %q", got, want)
	}

	code, stdout, _ = r.client(numbers(1, 3), "--json")
	var report struct{ Submitted, Acknowledged int }
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitOK || report.Submitted != 3 || report.Acknowledged != 3 {
		t.Errorf("exit code %d, report %q (%v)", code, stdout, err)
	}

	code, _, stderr = r.client("9\n" + strings.Repeat("x", protocol.MaxPayload+1) + "\n")
	if code != exitFailed || !strings.Contains(stderr, "line 2 ") {
		t.Errorf("a line that is too long: exit code %d, stderr %q; want 1 and its number", code, stderr)
	}
	if code, _, stderr = r.client(""); code != exitOK {
		t.Errorf("a client without values: exit code %d, stderr %q", code, stderr)
	}
}

func TestALearnerPrintsWhatItIsAskedFor(t *testing.T) {
	r := start(t)
	if code, _, stderr := r.client(numbers(1, 5000)); code != exitOK {
		t.Fatal(stderr)
	}
	r.printed(1, 5000)
	dir := filepath.Join(r.Dir(), "learner-2")
	for _, c := range []struct{ args, want string }{
		{"--init", numbers(1, 5000)}, // a late one, with nothing on disk
		{"", numbers(1, 5000)},       // again, from its disk
		{"--from 4000", numbers(4000, 5000)},
		{"--from 6000", ""},
	} {
		args := slices.Concat([]string{"learner", "--id", "2", "--data-dir", dir, "--follow=false"}, strings.Fields(c.args))
		got, err := r.command(args...).Output()
		if err != nil || string(got) != c.want {
			t.Errorf("learner %s: %v, printed %d lines, want %d", c.args, err, strings.Count(string(got), "\n"), strings.Count(c.want, "\n"))
		}
	}
}

func TestALearnerStopsQuietlyWhenItsReaderGoesAway(t *testing.T) {
	r := start(t)
	cmd := r.command("learner", "--id", "2", "--data-dir", filepath.Join(r.Dir(), "learner-2"), "--init")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := r.client("1\n"); code != exitOK {
		t.Fatal(stderr)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "1\n" {
		t.Fatalf("read %q, %v", line, err)
	}
	out.Close()
	if code, _, stderr := r.client("2\n"); code != exitOK { // something to print
		t.Fatal(stderr)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v, want exit code 0", err)
	}
}

func TestARoleShutsDownCleanlyOnBothSignals(t *testing.T) {
	r := start(t)
	for _, p := range r.Living() {
		if p.Role == protocol.RoleLearner {
			continue
		}
		if err := syscall.Kill(p.Pid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := p.Err(); err != nil {
			t.Errorf("SIGINT: %v", err)
		}
	}
	if err := r.Stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

func TestAnInterruptedClientSaysThatItIsNotDone(t *testing.T) {
	r := start(t)
	cmd := r.command("client", "--id", "1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, "1")
	r.printed(1, 1)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(stderr.String(), "acknowledged") {
		t.Errorf("exit code %d, stderr %q; want 1 and how many values were acknowledged", code, stderr.String())
	}
}

func TestAMissingStoreIsRefusedWithoutInit(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "c.conf", testConfig)
	code, _, stderr := call(t, "", "acceptor", "--id", "1", "--config", "c.conf", "--interface", "lo")
	if code != exitRefused || !strings.Contains(stderr, "--init") {
		t.Errorf("exit code %d, stderr %q; want 3 and a word about --init", code, stderr)
	}
}

func TestTheDemoPassesItsOwnChecks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	code, stdout, stderr := call(t, "", "demo", "--values", "500", "--clients", "3", "--data-dir", dir, "--json")
	var r demo.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %v\n%s\n%s", code, err, stdout, stderr)
	}
	if !r.OK() || r.Values != 1500 || r.Fsyncs == 0 || r.DiskBytes == 0 || r.FailOverSeconds <= 0 || r.Seconds <= r.FailOverSeconds {
		t.Errorf("the report is %+v", r)
	}
	story := fmt.Sprint(r.Events)
	for _, want := range []string{"acceptor 2 killed", "acceptor 2 started again", "values are learned again", "all values are learned"} {
		if !strings.Contains(story, want) {
			t.Errorf("nothing like %q happened: %s", want, story)
		}
	}
	if strings.Count(story, "proposer") != 4 { // leads, is killed, the other leads, the first starts again
		t.Errorf("the leader was not killed and started again: %s", story)
	}
	if !strings.Contains(stderr, dir) {
		t.Errorf("nobody is told where to look: %q", stderr)
	}
}
