package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newCluster(t *testing.T, o Options) *Cluster {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says asks a played server for something until it answers.
func says(t *testing.T, c *Cluster, i int, path string) string {
	t.Helper()
	var body []byte
	ok(t, c.Wait(bounded(t), "an answer", func() bool {
		answer, err := c.Client().Get(c.URL(i, path))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		body, err = io.ReadAll(answer.Body)
		return err == nil && answer.StatusCode == http.StatusOK
	}))
	return string(body)
}

func TestAServerMakesItsStoreOnceAndKeepsTheClustersName(t *testing.T) {
	dir := t.TempDir()
	c := newCluster(t, Options{Dir: dir})
	ok(t, c.Start(1))
	first := says(t, c, 1, "/flags")
	ok(t, c.Restart(1))
	second := says(t, c, 1, "/flags")
	name := strings.TrimPrefix(first, "true ")
	if name == first || name == "" || second != "false "+name {
		t.Errorf("started with %q, then %q; want a store made once, and one name", first, second)
	}
	c.Close()

	again := newCluster(t, Options{Dir: dir})
	ok(t, again.Start(1))
	if got := says(t, again, 1, "/flags"); got != second || !slices.Equal(again.Addresses(), c.Addresses()) {
		t.Errorf("a cluster opened again says %q at %v; want %q at %v", got, again.Addresses(), second, c.Addresses())
	}
	other := newCluster(t, Options{})
	ok(t, other.Start(1))
	if says(t, other, 1, "/flags") == first {
		t.Error("two clusters have one name")
	}
}

func TestAClusterFileOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	addresses, err := FreeAddresses(2)
	ok(t, err)
	file := filepath.Join(dir, "mine")
	ok(t, os.WriteFile(file, []byte(strings.Join(addresses, "\n")), 0o644))
	c := newCluster(t, Options{Dir: filepath.Join(dir, "data"), File: file})
	if !slices.Equal(c.Addresses(), addresses) || c.Count() != 2 || c.Address(2) != addresses[1] {
		t.Errorf("servers at %v, want %v", c.Addresses(), addresses)
	}
	ok(t, os.WriteFile(file, nil, 0o644))
	if _, err := New(Options{Dir: dir, File: file}); err == nil || !strings.Contains(err.Error(), "mine: no server") {
		t.Errorf("error %v", err)
	}
	ok(t, os.WriteFile(filepath.Join(dir, "cluster-name"), []byte("two words"), 0o644))
	if _, err := New(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "cluster-name") {
		t.Errorf("a bad name: %v", err)
	}
}

// leads checks who leads, once all that run have said how they are: one that is too slow to answer is left out.
func leads(t *testing.T, c *Cluster, name string, want int) {
	t.Helper()
	ok(t, c.Wait(bounded(t), "an answer of all that run", func() bool {
		for i, s := range c.everyStatus(t.Context()) {
			if s == nil && c.Running(i+1) {
				return false
			}
		}
		return true
	}))
	got := 0
	err := c.Wait(bounded(t), "the leader", func() bool { got = c.Leader(t.Context()); return got == want })
	if err != nil {
		t.Errorf("%s: leader %d, want %d: %v", name, got, want, err)
	}
}

func TestTheLeaderIsWhomAMajorityCallsSoIfItAgrees(t *testing.T) {
	for _, c := range []struct {
		name string
		args [3]string
		want int
	}{
		{"all agree", [3]string{"-leader=2", "-leader=2 -leads", "-leader=2"}, 2},
		{"two agree", [3]string{"-leader=3", "-leader=2", "-leader=3 -leads"}, 3},
		{"an old leader is alone", [3]string{"-leader=1 -leads", "-leader=2 -leads", "-leader=2"}, 2},
		{"it does not lead yet", [3]string{"-leader=2", "-leader=2", "-leader=2"}, 0},
		{"nobody knows", [3]string{"-leads", "", ""}, 0},
	} {
		cluster := newCluster(t, Options{Args: []string{"-token=x"}, Token: "x"})
		for i, args := range c.args {
			ok(t, cluster.Start(i+1, strings.Fields(args)...))
			says(t, cluster, i+1, "/flags")
		}
		leads(t, cluster, c.name, c.want)
		cluster.Close()
	}
}

func TestTheVotersSayWhoLeads(t *testing.T) {
	c := newCluster(t, Options{Count: 5})
	// 4 and 5 are gone, or vote for somebody else: they are no voters.
	const members = `-members=,"members":[{"id":1,"voter":true},{"id":2,"voter":true},{"id":3,"voter":true},{"id":4}]`
	ok(t, c.Start(1, "-leader=1", "-leads", members))
	ok(t, c.Start(4, "-leader=4", "-leads", members))
	says(t, c, 1, "/flags")
	says(t, c, 4, "/flags")
	leads(t, c, "one of three voters", 0)
	ok(t, c.Start(2, "-leader=1"))
	says(t, c, 2, "/flags")
	leads(t, c, "two of three voters", 1)
}

func TestAServerIsAddedAndJoinsOnce(t *testing.T) {
	c := newCluster(t, Options{Count: 2})
	i, err := c.Add()
	if err != nil || i != 3 || c.Count() != 3 || len(c.Addresses()) != 3 || strings.Contains(readFile(t, c.File()), c.Address(3)) {
		t.Fatalf("server %d of %v, %v", i, c.Addresses(), err)
	}
	ok(t, c.Start(3))
	if flags, joins := says(t, c, 3, "/flags"), says(t, c, 3, "/joins"); flags != "false " || joins != "true" {
		t.Errorf("its first start: --init and name %q, --join %s", flags, joins)
	}
	ok(t, c.Restart(3))
	if joins := says(t, c, 3, "/joins"); joins != "false" {
		t.Errorf("its second start: --join %s", joins)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	ok(t, err)
	return string(text)
}

func TestReadyIsAMajority(t *testing.T) {
	c := newCluster(t, Options{})
	ok(t, c.Start(1, "-leader=1", "-leads"))
	ok(t, c.Start(2))
	says(t, c, 1, "/readyz")
	says(t, c, 2, "/flags")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := c.WaitReady(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), c.Dir()) {
		t.Errorf("ready with one of three: %v", err)
	}
	ok(t, c.Start(3, "-leader=1"))
	ok(t, c.WaitReady(bounded(t)))
	ok(t, c.Restart(2, "-leader=1"))
	leader, err := c.WaitLeader(bounded(t))
	if err != nil || leader != 1 {
		t.Errorf("leader %d, %v", leader, err)
	}
}

func TestServersAreKilledPausedAndStopped(t *testing.T) {
	c := newCluster(t, Options{Count: 2})
	if c.Kill(1) == nil || c.Running(1) {
		t.Error("a server was killed that never ran")
	}
	ok(t, c.StartAll())
	says(t, c, 1, "/flags")
	if err := c.Start(1); err == nil {
		t.Error("a server was started twice")
	}
	ok(t, c.Pause(1))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Status(ctx, 1); err == nil {
		t.Error("a paused server answered")
	}
	ok(t, c.Resume(1))
	var s Status
	ok(t, c.Wait(bounded(t), "the status", func() bool {
		var err error
		s, err = c.Status(t.Context(), 1)
		return err == nil
	}))
	if s.Length != 7 {
		t.Errorf("status %+v", s)
	}
	if u, err := c.Usage(1); err != nil || u.RSSAnon == 0 {
		t.Errorf("it uses %+v, %v", u, err)
	}
	ok(t, c.Kill(1))
	if c.Running(1) || c.Check() != nil {
		t.Error("a server that was killed runs, or is missed")
	}
	says(t, c, 2, "/flags")
	ok(t, c.Stop(2))
	ok(t, c.StartAll())
	says(t, c, 1, "/flags")
	says(t, c, 2, "/flags")
	ok(t, c.StopAll())
}

func TestWaitingEndsWhenAServerFails(t *testing.T) {
	c := newCluster(t, Options{})
	ok(t, c.Start(2, "-exit=4"))
	_, err := c.WaitLeader(bounded(t))
	if err == nil || !strings.Contains(err.Error(), "server 2") || !strings.Contains(err.Error(), "this is why") {
		t.Errorf("error %v, want one that names server 2 and quotes its log", err)
	}
}

func TestKeepingEndsWithTheFirstServerThatFails(t *testing.T) {
	c := newCluster(t, Options{})
	ok(t, c.Start(1))
	ok(t, c.Start(2, "-exit=5"))
	err := c.Keep(bounded(t), nil)
	var ended *Ended
	if !errors.As(err, &ended) || ended.Server != 2 || ended.Code != 5 || !strings.Contains(err.Error(), "this is why") {
		t.Errorf("error %v; want that server 2 ended with code 5, and its words", err)
	}
	if !c.Running(1) {
		t.Error("server 1 does not run any more")
	}
}

func TestKeepingStartsAServerThatFailedAgain(t *testing.T) {
	c := newCluster(t, Options{})
	ok(t, c.StartAll())
	says(t, c, 2, "/flags")
	says(t, c, 3, "/flags")
	ctx, cancel := context.WithCancelCause(bounded(t))
	told := make(chan string, 100)
	kept := make(chan error)
	go func() {
		kept <- c.Keep(ctx, func(e *Ended, pause time.Duration) { told <- fmt.Sprintf("%d %d %v", e.Server, e.Code, pause) })
	}()
	for _, want := range []string{"3 -1 200ms", "3 -1 400ms"} {
		p := c.Process(3)
		ok(t, crash(p.Pid()))
		if got := <-told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		ok(t, c.Wait(bounded(t), "another start", func() bool { return c.Process(3) != p }))
		says(t, c, 3, "/flags")
	}
	ok(t, c.Stop(2)) // as it was asked to: it stays down
	cancel(errors.New("a signal"))
	ok(t, <-kept)
	if c.Running(2) || len(told) > 0 {
		t.Errorf("server 2 was started again, or told of: %d", len(told))
	}
}
