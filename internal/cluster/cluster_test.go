package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"paxos/internal/config"
	"paxos/protocol"
)

// TestMain lets the test binary play a role, as the real binary would: what it
// is to do stands in an argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		os.Exit(play(os.Args[1:]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // or with -race each child would take a second to end
	os.Exit(m.Run())
}

// play acts: "lead", "fail", "end", "deaf", or, without such a word, waits to be stopped.
func play(args []string) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	if i := slices.Index(args, "--data-dir"); i >= 0 {
		_ = os.Mkdir(args[i+1], 0o755)
		if !slices.Contains(args, "unfinished") {
			_ = os.WriteFile(filepath.Join(args[i+1], "identity"), nil, 0o644)
		}
	}
	for _, a := range args {
		switch a {
		case "slow":
			time.Sleep(50 * time.Millisecond)
			logLine("started", "")
		case "lead":
			logLine("leading", "")
		case "fail":
			fmt.Fprintln(os.Stderr, "this is why")
			return 4
		case "end":
			return 0
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
		case "echo": // a client
			_, _ = io.Copy(os.Stderr, os.Stdin)
			return 0
		case "print":
			fmt.Println(slices.Contains(args, "--init"))
		}
	}
	<-asked
	signal.Stop(asked) // as the roles do: a second signal is final
	logLine("stopped", `,"fsyncs":7,"checkpoints":1`)
	return 0
}

func logLine(message, fields string) {
	fmt.Fprintf(os.Stderr, `{"@message":%q,"@timestamp":%q%s}`+"\n", message, time.Now().Format("2006-01-02T15:04:05.000000Z07:00"), fields)
}

func newCluster(t *testing.T) *Cluster {
	t.Helper()
	c, err := New(Options{Dir: t.TempDir(), Acceptors: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func start(t *testing.T, c *Cluster, role protocol.Role, id int, args ...string) *Process {
	t.Helper()
	p, err := c.Start(role, id, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestTheConfigFileIsOneThatTheRolesUnderstand(t *testing.T) {
	a, b := newCluster(t), newCluster(t)
	ca, err := config.Load(a.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	cb, err := config.Load(b.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	if ca.Acceptors != 5 || ca.Interface != "lo" {
		t.Errorf("%d acceptors on %q, want 5 on lo", ca.Acceptors, ca.Interface)
	}
	if ca.ClusterID("") == cb.ClusterID("") {
		t.Error("two clusters have the same name")
	}
}

func TestAClusterOpenedAgainKeepsItsConfig(t *testing.T) {
	a := newCluster(t)
	before, _ := os.ReadFile(a.ConfigPath())
	b, err := New(Options{Dir: a.Dir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if after, _ := os.ReadFile(b.ConfigPath()); string(after) != string(before) {
		t.Errorf("the config is now\n%s\nand was\n%s", after, before)
	}
}

func TestARoleFormatsItsStoreAtItsFirstStartOnly(t *testing.T) {
	prints(t, []string{"true\n", "false\n"}, "print")
}

func TestARoleThatWasKilledWhileItMadeItsStoreMakesItAgain(t *testing.T) {
	prints(t, []string{"true\n", "true\n"}, "print", "unfinished")
}

// prints starts a role, kills it and starts it again, and compares what it prints.
func prints(t *testing.T, starts []string, args ...string) {
	t.Helper()
	c := newCluster(t)
	p := start(t, c, protocol.RoleLearner, 1, args...)
	for _, want := range starts {
		var out []byte
		err := c.Wait(bounded(t), "output", func() (bool, error) {
			var err error
			out, err = os.ReadFile(c.OutputPath(protocol.RoleLearner, 1))
			return len(out) > 0, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != want {
			t.Errorf("started with --init: %q, want %q", out, want)
		}
		p.Kill()
		if p, err = c.Restart(p); err != nil {
			t.Fatal(err)
		}
	}
}

// says appends a line to a role's log, as if the role had written it.
func says(t *testing.T, p *Process, message string, at time.Time) {
	t.Helper()
	f, err := os.OpenFile(p.Log(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, `{"@level":"info","@message":%q,"@timestamp":%q,"ballot":{"Round":1}}`+"\n", message, at.Format(time.RFC3339Nano))
}

func TestTheLeaderIsTheLivingProposerThatSaidSoLast(t *testing.T) {
	c := newCluster(t)
	began := time.Now()
	first := start(t, c, protocol.RoleProposer, 1)
	second := start(t, c, protocol.RoleProposer, 2)
	leader := func(since int, want *Process) {
		t.Helper()
		got, err := c.Leader(began.Add(time.Duration(since)))
		if err != nil || got.Process != want {
			t.Errorf("leader is %v, %v; want %v", got.Process, err, want)
		}
	}
	leader(0, nil)
	says(t, first, "leading", began.Add(1))
	leader(0, first)
	leader(1, nil)
	says(t, second, "leading", began.Add(2))
	says(t, second, "started", began.Add(4))
	leader(0, second)
	says(t, first, "leading", began.Add(3))
	leader(0, first)
	first.Kill()
	leader(0, second)
	second.Kill()
	leader(0, nil)
}

func TestTheLeaderIsFoundAsSoonAsItSaysSo(t *testing.T) {
	c := newCluster(t)
	p := start(t, c, protocol.RoleProposer, 1, "lead")
	leader, err := c.WaitLeader(bounded(t), time.Time{})
	if err != nil || leader.Process != p || time.Since(leader.At) < 0 {
		t.Fatalf("leader is %v since %v, %v; want proposer 1", leader.Process, leader.At, err)
	}
}

func TestWaitStartedWaitsForTheLastStartOfEachRole(t *testing.T) {
	c := newCluster(t)
	for i := range 3 {
		p := start(t, c, protocol.RoleAcceptor, 1, "slow")
		if err := c.WaitStarted(bounded(t)); err != nil {
			t.Fatal(err)
		}
		if found, err := entries(p.Log(), startedMessage); err != nil || len(found) != i+1 {
			t.Errorf("start %d: it has started %d times, %v", i+1, len(found), err)
		}
		p.Kill()
	}
}

func TestWaitingEndsWhenAProcessFails(t *testing.T) {
	c := newCluster(t)
	start(t, c, protocol.RoleAcceptor, 2, "fail")
	_, err := c.WaitLeader(bounded(t), time.Time{})
	if err == nil || !strings.Contains(err.Error(), "acceptor 2") || !strings.Contains(err.Error(), "this is why") {
		t.Errorf("error %v, want one that names acceptor 2 and quotes its log", err)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	c := newCluster(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.WaitLeader(ctx, time.Time{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the context was cancelled", err)
	}
}

func TestOnlyAClientMayEndByItself(t *testing.T) {
	c := newCluster(t)
	client := start(t, c, protocol.RoleClient, 1, "end")
	<-client.Done()
	if err := c.Check(); err != nil {
		t.Errorf("a client that was done: %v", err)
	}
	acceptor := start(t, c, protocol.RoleAcceptor, 1, "end")
	<-acceptor.Done()
	if err := c.Check(); err == nil {
		t.Error("an acceptor that ended by itself went unnoticed")
	}
}

func TestAClientReadsWhatIsWrittenToItsStdin(t *testing.T) {
	c := newCluster(t)
	client := start(t, c, protocol.RoleClient, 3, "echo")
	for i := range 3 {
		fmt.Fprintln(client.Stdin, i)
	}
	client.Stdin.Close()
	if err := client.Err(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(c.LogPath(protocol.RoleClient, 3)); string(got) != "0\n1\n2\n" {
		t.Errorf("it read %q", got)
	}
}

func TestStopIsCleanAndTellsWhatWasDone(t *testing.T) {
	c := newCluster(t)
	start(t, c, protocol.RoleAcceptor, 1, "lead")
	start(t, c, protocol.RoleProposer, 1, "lead")
	proposer := start(t, c, protocol.RoleProposer, 2, "lead")
	waitLog(t, c, protocol.RoleAcceptor, 1)
	waitLog(t, c, protocol.RoleProposer, 1)
	proposer.Kill()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(c.Living()); n != 0 {
		t.Errorf("%d processes still run", n)
	}
	if err := c.Check(); err != nil {
		t.Errorf("being stopped is not expected: %v", err)
	}
	sum, err := c.Stopped()
	if err != nil || sum.Fsyncs != 14 || sum.Checkpoints != 2 {
		t.Errorf("they did %+v, %v; want 14 fsyncs and 2 checkpoints of the two that were not killed", sum, err)
	}
}

// waitLog waits until a role has logged something: then it also hears signals.
func waitLog(t *testing.T, c *Cluster, role protocol.Role, id int) {
	t.Helper()
	err := c.Wait(bounded(t), "a log line", func() (bool, error) {
		log, err := os.ReadFile(c.LogPath(role, id))
		return len(log) > 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	c := newCluster(t)
	p := start(t, c, protocol.RoleAcceptor, 1, "deaf")
	c.Close()
	if err := syscall.Kill(p.Pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal to the closed cluster's process: %v, want that there is none", err)
	}
	if _, err := c.Start(protocol.RoleAcceptor, 2); err == nil {
		t.Error("a closed cluster starts processes")
	}
	c.Close()
}

func TestDiskBytesAreThoseOfTheStores(t *testing.T) {
	c := newCluster(t)
	if n, err := c.DiskBytes(); err != nil || n != 0 {
		t.Fatalf("%d, %v before the start", n, err)
	}
	dir := c.DataDir(protocol.RoleAcceptor, 1)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/log", make([]byte, 100<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := c.DiskBytes(); err != nil || n < 100<<10 || n > 200<<10 {
		t.Errorf("%d bytes, %v; want about 100 KiB", n, err)
	}
}
