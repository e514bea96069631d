package servers

import (
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"paxos/internal/config"
)

// crash ends a process behind its cluster's back.
func crash(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }

// newNetwork is a cluster of played servers in a network of their own.
func newNetwork(t *testing.T, count int) (*Network, *Cluster) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n, err := NewNetwork(count)
	ok(t, err)
	t.Cleanup(n.Close)
	c := newCluster(t, Options{Network: n, Count: count})
	ok(t, c.StartAll())
	for i := range count {
		says(t, c, i+1, "/flags")
	}
	return n, c
}

// hears lists which server reaches which: a row for each, in which 1 means yes. Who should reach somebody tries that
// again and again; who should not tries it once.
func hears(t *testing.T, c *Cluster, want string) (all string) {
	t.Helper()
	for i := 1; i <= c.Count(); i++ {
		for j := 1; j <= c.Count(); j++ {
			if reaches(t, c, i, j, want[len(all)] == '1') {
				all += "1"
			} else {
				all += "0"
			}
		}
		all += " "
	}
	return all
}

func reaches(t *testing.T, c *Cluster, i, j int, want bool) (does bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		does = says(t, c, i, "/reach?to="+url.QueryEscape(c.Address(j))) == "true"
		if does || !want {
			break
		}
	}
	return does
}

func TestServersArePartedAndJoinedWhileClientsReachAll(t *testing.T) {
	n, c := newNetwork(t, 3)
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"whole", func() error { return nil }, "111 111 111 "},
		{"two and one", func() error { return n.Partition([]int{1, 3}, []int{2}) }, "101 010 101 "},
		{"a bridge between two", func() error { return n.Partition([]int{1, 2}, []int{2, 3}) }, "110 111 011 "},
		{"all alone", func() error { return n.Partition() }, "100 010 001 "},
		{"healed", n.Heal, "111 111 111 "},
		{"deaf in one direction cuts TCP in both", func() error { return n.Deafen(1, 2) }, "101 011 111 "},
	} {
		ok(t, step.do())
		if got := hears(t, c, step.want); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

func TestTwoNetworksDoNotMeetAndNothingStays(t *testing.T) {
	_, a := newNetwork(t, 1)
	n, b := newNetwork(t, 1)
	if a.Address(1) != b.Address(1) {
		t.Fatal("the test is void: the addresses differ")
	}
	holder := n.holders.Living()[0]
	ok(t, b.Stop(1))
	b.Close()
	n.Close()
	if !holder.Ended() {
		t.Error("a namespace is still held")
	}
	if got := says(t, a, 1, "/flags"); got == "" {
		t.Error("the other network went, too")
	}
	if _, err := n.DialContext(bounded(t), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("a closed network connects")
	}
}

func TestAKilledServerStartsAgainInItsNamespace(t *testing.T) {
	n, c := newNetwork(t, 2)
	if c.Address(1) != n.Host(1)+":5000" || config.DefaultPort != 5000 {
		t.Errorf("server 1 is at %s", c.Address(1))
	}
	ok(t, n.Partition([]int{1}, []int{2}))
	ok(t, c.Restart(1))
	says(t, c, 1, "/flags")
	if got := hears(t, c, "10 01 "); got != "10 01 " {
		t.Errorf("after a restart: %s", got)
	}
	u, err := c.Usage(1)
	if err != nil || u.CPU > time.Minute || u.RSSAnon < 1<<20 {
		t.Errorf("it uses %+v, %v: is that the server itself?", u, err)
	}
}
