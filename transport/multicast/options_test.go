package multicast

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"paxos/protocol"
)

func TestWrongOptionsSayWhatToDo(t *testing.T) {
	addr := netip.MustParseAddrPort
	for name, c := range map[string]struct {
		change func(*Options)
		says   []string
	}{
		"unknown interface": {func(o *Options) { o.Interface = "nosuch0" }, []string{`"nosuch0"`, "this host has", "lo"}},
		"unicast address":   {func(o *Options) { o.Groups[acceptors] = addr("10.0.0.1:7000") }, []string{"acceptors", "10.0.0.1", "multicast"}},
		"IPv6 address":      {func(o *Options) { o.Groups[learners] = addr("[ff02::1]:7000") }, []string{"learners", "ff02::1", "IPv4"}},
		"no address":        {func(o *Options) { o.Groups[clients] = netip.AddrPort{} }, []string{"clients", "multicast"}},
		"port 0":            {func(o *Options) { o.Groups[clients] = addr("239.0.0.1:0") }, []string{"clients", "port 0", "1 to 65535"}},
		"same group twice":  {func(o *Options) { o.Groups[clients] = o.Groups[learners] }, []string{"clients", "learners", "another"}},
		"unknown group":     {func(o *Options) { o.Join = []protocol.Group{4} }, []string{"group(4)"}},
		"joined twice":      {func(o *Options) { o.Join = []protocol.Group{learners, learners} }, []string{"learners", "twice"}},
		"TTL too large":     {func(o *Options) { o.TTL = 256 }, []string{"TTL 256", "1 to 255"}},
		"TTL negative":      {func(o *Options) { o.TTL = -1 }, []string{"TTL -1"}},
		"negative buffer":   {func(o *Options) { o.ReceiveBuffer = -1 }, []string{"-1", "negative"}},
		"tiny datagrams":    {func(o *Options) { o.DatagramBytes = 547 }, []string{"547", "548"}},
		"huge datagrams":    {func(o *Options) { o.DatagramBytes = MaxDatagram + 1 }, []string{"65025", "65024"}},
	} {
		o := onLoopback(groups(), learners)
		c.change(&o)
		tr, err := Open(o)
		if err == nil {
			tr.Close()
			t.Errorf("%s: no error", name)
			continue
		}
		for _, word := range c.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: error %q does not say %q", name, err, word)
			}
		}
	}
}

func TestPortThatAnotherProgramHoldsIsNamed(t *testing.T) {
	g := groups()
	other, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(g[learners].Port())}) // does not share
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tr, err := Open(onLoopback(g, learners))
	if err == nil {
		tr.Close()
		t.Fatal("no error")
	}
	for _, word := range []string{g[learners].String(), "another port"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

func TestFailedOpenLeavesNothingOpen(t *testing.T) {
	g := groups()
	other, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(g[learners].Port())})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	before := descriptors(t)
	if tr, err := Open(onLoopback(g, clients, learners)); err == nil {
		tr.Close()
		t.Fatal("no error")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d open files before, %d after", before, after)
	}
}

func TestCloseLeavesNothingOpen(t *testing.T) {
	open(t, onLoopback(groups())) // the runtime's own descriptors are open from here on
	before := descriptors(t)
	tr := open(t, onLoopback(groups(), clients, learners))
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d open files before, %d after", before, after)
	}
}

// descriptors counts the open files of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestLongestRouteWithTheLowestMetricNamesTheInterface(t *testing.T) {
	const headline = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
	const eth0, lo = "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n", "lo 000000E0 00000000 0001 0 0 0 000000F0 0 0 0\n"
	for _, c := range []struct{ table, want string }{
		{"", ""},
		{headline, ""},
		{headline + eth0, "eth0"},
		{headline + eth0 + lo, "lo"},
		{headline + lo + eth0, "lo"},
		{headline + "eth1 00000000 010200C0 0003 0 0 9 00000000 0 0 0\n" + eth0, "eth0"},
		{headline + eth0 + "eth1 00000000 010200C0 0003 0 0 9 00000000 0 0 0\n", "eth0"},
		{headline + eth0 + "* 000000E0 00000000 0201 0 0 0 000000F0 0 0 0\n", "eth0"},        // a route that rejects
		{headline + eth0 + "eth1 0000000A 00000000 0001 0 0 0 000000FF 0 0 0\n", "eth0"},     // another network
		{headline + eth0 + "eth1 000000E0 0000 zz\nlo x x x x x x x\nlo 000000E0\n", "eth0"}, // not understood
	} {
		if got := lookUp(c.table, netip.MustParseAddr("239.0.0.1")); got != c.want {
			t.Errorf("got %q, want %q, from\n%s", got, c.want, c.table)
		}
	}
}
