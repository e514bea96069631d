package config

import (
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"paxos/protocol"
)

const fourGroups = `clients   239.0.0.1 5000
proposers 239.0.0.1 6000
acceptors 239.0.0.1 7000
learners  239.0.0.1 8000
`

func parse(t *testing.T, text string) Config {
	t.Helper()
	c, err := Parse("test.conf", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func usual() Config {
	addr := netip.MustParseAddrPort
	return Config{
		Groups: [protocol.Groups]netip.AddrPort{
			protocol.GroupClients:   addr("239.0.0.1:5000"),
			protocol.GroupProposers: addr("239.0.0.1:6000"),
			protocol.GroupAcceptors: addr("239.0.0.1:7000"),
			protocol.GroupLearners:  addr("239.0.0.1:8000"),
		},
		Acceptors: 3,
		TTL:       1,

		ClockTolerance: time.Minute,
	}
}

func TestFourLinesAreEnough(t *testing.T) {
	if got := parse(t, fourGroups); got != usual() {
		t.Errorf("got %+v", got)
	}
	if got := Default(); got != usual() {
		t.Errorf("the default is %+v", got)
	}
}

func TestOrderSpaceAndCommentsMeanNothing(t *testing.T) {
	got := parse(t, "\ufeff# a comment\r\n\r\n\tlearners\t 239.0.0.1 \t8000 # where learners hear\r\n"+
		"acceptors 239.0.0.1 7000#glued\n   \nproposers 239.0.0.1 6000\v\n#clients 10.0.0.1 1\nclients 239.0.0.1 5000")
	if got != usual() {
		t.Errorf("got %+v", got)
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	got := parse(t, fourGroups+"timeout 0.25\nacceptor_count 63\ninterface eth0\nttl 255\ncluster blue-1\nkey_file a/b.key\nclock_tolerance 5\n")
	want := usual()
	want.Timeout, want.Acceptors, want.Interface, want.TTL, want.Cluster = 250*time.Millisecond, 63, "eth0", 255, "blue-1"
	want.KeyFile, want.ClockTolerance = "a/b.key", 5*time.Second
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGroupsMayShareAnAddressOrAPort(t *testing.T) {
	parse(t, "clients 239.0.0.1 5000\nproposers 239.0.0.2 5000\nacceptors 239.0.0.2 5001\nlearners 224.0.0.1 65535\n")
}

func TestErrorsNameFileLineKeyAndWhatIsExpected(t *testing.T) {
	for _, c := range []struct {
		text string
		says []string
	}{
		{fourGroups + "\nlearner 239.0.0.1 1", []string{"test.conf:6:", `"learner"`, "unknown", "learners, timeout", "cluster"}},
		{fourGroups + "Timeout 1", []string{"test.conf:5:", `"Timeout"`, "unknown"}},
		{fourGroups + "ttl 1\nttl 1", []string{"test.conf:6:", `"ttl"`, "line 5", "once"}},
		{"clients 239.0.0.1 5000\nacceptors 239.0.0.1 7000\n", []string{"test.conf:2:", `"proposers"`, "multicast"}},
		{"", []string{"test.conf:1:", `"clients"`}},
		{"clients 10.0.0.1 5000", []string{"test.conf:1:", `"clients"`, "10.0.0.1 5000", "multicast"}},
		{"clients 223.255.255.255 5000", []string{`"clients"`, "multicast"}},
		{"clients 240.0.0.0 5000", []string{`"clients"`, "multicast"}},
		{"clients ff02::1 5000", []string{`"clients"`, "IPv4"}},
		{"clients ::ffff:239.0.0.1 5000", []string{`"clients"`, "IPv4"}},
		{"clients localhost 5000", []string{`"clients"`, "localhost"}},
		{"clients 239.0.0.1", []string{`"clients"`, "port"}},
		{"clients 239.0.0.1:5000", []string{`"clients"`, "like 239.0.0.1 5000"}},
		{"clients 239.0.0.1 5000 6000", []string{`"clients"`, "5000 6000"}},
		{"clients 239.0.0.1 0", []string{`"clients"`, "1 to 65535"}},
		{"clients 239.0.0.1 65536", []string{`"clients"`, "1 to 65535"}},
		{"clients 239.0.0.1 -1", []string{`"clients"`, "1 to 65535"}},
		{"clients 239.0.0.1 +5000", []string{`"clients"`, "1 to 65535"}},
		{"clients", []string{`"clients"`, "multicast"}},
		{"clients 239.0.0.1 5000\nproposers 239.0.0.2 5000\nlearners 239.0.0.1 5000", []string{"test.conf:3:", `"learners"`, "clients", "239.0.0.1:5000", "another"}},
		{"learners 239.0.0.1 5000\nclients 239.0.0.1 5000", []string{"test.conf:2:", `"clients"`, "learners"}},
		{"timeout -0.1", []string{`"timeout"`, "-0.1", "seconds"}},
		{"timeout NaN", []string{`"timeout"`, "seconds"}},
		{"timeout Inf", []string{`"timeout"`, "seconds"}},
		{"timeout 86400.1", []string{`"timeout"`, "86400"}},
		{"timeout 1s", []string{`"timeout"`, "1s"}},
		{"acceptor_count 0", []string{`"acceptor_count"`, "1 to 63"}},
		{"acceptor_count 64", []string{`"acceptor_count"`, "1 to 63"}},
		{"acceptor_count 3.5", []string{`"acceptor_count"`, "3.5"}},
		{"ttl 0", []string{`"ttl"`, "1 to 255"}},
		{"ttl 256", []string{`"ttl"`, "1 to 255"}},
		{"interface an/interface", []string{`"interface"`, "like lo"}},
		{"interface sixteencharacter", []string{`"interface"`, "like lo"}},
		{"key_file two words", []string{`"key_file"`, "white space"}},
		{"key_file " + strings.Repeat("x", 4097), []string{`"key_file"`}},
		{"clock_tolerance 0", []string{`"clock_tolerance"`, "1 to 86400"}},
		{"clock_tolerance 86401", []string{`"clock_tolerance"`, "1 to 86400"}},
		{"clock_tolerance 0.5", []string{`"clock_tolerance"`, "whole seconds"}},
		{"cluster two words", []string{`"cluster"`, "one word"}},
		{"cluster caf\u00e9", []string{`"cluster"`, "ASCII"}},
		{"cluster " + strings.Repeat("x", 65), []string{`"cluster"`, "64"}},
	} {
		_, err := Parse("test.conf", strings.NewReader(c.text))
		if err == nil {
			t.Errorf("%q: no error", c.text)
			continue
		}
		for _, word := range c.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q: error %q does not say %q", c.text, err, word)
			}
		}
	}
}

func TestHugeInputIsRefusedWithoutReadingIt(t *testing.T) {
	endless := io.LimitReader(neverEnding('#'), 1<<40)
	if _, err := Parse("test.conf", endless); err == nil || !strings.Contains(err.Error(), "65536 bytes") {
		t.Errorf("got %v", err)
	}
	if _, err := Parse("test.conf", strings.NewReader(fourGroups+strings.Repeat("#", maxBytes-len(fourGroups)))); err != nil {
		t.Errorf("a file of just the largest size: %v", err)
	}
	if _, err := Parse("test.conf", strings.NewReader(strings.Repeat("k", maxBytes))); err == nil || len(err.Error()) > 500 {
		t.Errorf("a key of 64 KiB gives an error of %d bytes", len(err.Error()))
	}
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestReadErrorsAreReported(t *testing.T) {
	broken := errors.New("broken disk")
	if _, err := Parse("test.conf", iotest.ErrReader(broken)); !errors.Is(err, broken) || !strings.Contains(err.Error(), "test.conf") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing.conf")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing.conf") {
		t.Errorf("got %v", err)
	}
}

func TestLoadNamesItsPathInErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "paxos.conf")
	if err := os.WriteFile(path, []byte(fourGroups), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || c != usual() {
		t.Errorf("got %+v, %v", c, err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":1:") {
		t.Errorf("got %v", err)
	}
}

func TestAKeyFileIsBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "paxos.conf")
	for value, want := range map[string]string{"the.key": dir + "/the.key", "keys/../the.key": dir + "/the.key", "/etc/the.key": "/etc/the.key"} {
		if err := os.WriteFile(path, []byte(fourGroups+"key_file "+value), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Load(path); err != nil || c.KeyFile != want {
			t.Errorf("key_file %s: got %q, %v; want %s", value, c.KeyFile, err, want)
		}
	}
}

func TestClusterIDFollowsTheNameElseTheSettings(t *testing.T) {
	base := usual()
	change := func(f func(*Config)) Config {
		c := base
		f(&c)
		return c
	}
	named := change(func(c *Config) { c.Cluster = "blue" })
	ids := map[protocol.ClusterID]string{}
	for name, id := range map[string]protocol.ClusterID{
		"no run":          base.ClusterID(""),
		"run 1":           base.ClusterID("1"),
		"run 2":           base.ClusterID("2"),
		"other port":      change(func(c *Config) { c.Groups[2] = netip.MustParseAddrPort("239.0.0.1:7001") }).ClusterID("1"),
		"other acceptors": change(func(c *Config) { c.Acceptors = 5 }).ClusterID("1"),
		"named":           named.ClusterID(""),
		"other name":      change(func(c *Config) { c.Cluster = "green" }).ClusterID(""),
	} {
		if other, dup := ids[id]; dup || id == 0 {
			t.Errorf("%s and %s have the cluster id %s", name, other, id)
		}
		ids[id] = name
	}
	if named.ClusterID("1") != named.ClusterID("2") {
		t.Error("the run changes a named cluster")
	}
	local := change(func(c *Config) { c.Interface, c.TTL, c.Timeout = "lo", 7, time.Second })
	if local.ClusterID("1") != base.ClusterID("1") {
		t.Error("settings of one process change the cluster")
	}
}

// Stores and processes of different builds must agree: these never change.
func TestClusterIDIsFixedForEver(t *testing.T) {
	named := usual()
	named.Cluster = "blue"
	for _, c := range []struct{ got, want protocol.ClusterID }{
		{usual().ClusterID(""), 0x1f5f3edc3b607a27},
		{usual().ClusterID("run 1"), 0xf32f11a31e43bc42},
		{named.ClusterID("run 1"), 0x8dbf92e5f3f82b68},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fourGroups))
	f.Add([]byte(fourGroups + "timeout 0.1 # s\nacceptor_count 5\ninterface lo\nttl 2\ncluster c\n"))
	f.Add([]byte("clients 239.0.0.1\nlearners"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("fuzz.conf", strings.NewReader(string(text)))
		if err != nil {
			if c != (Config{}) || !strings.HasPrefix(err.Error(), "fuzz.conf:") || len(err.Error()) > 1000 {
				t.Errorf("error %v with %+v", err, c)
			}
			return
		}
		checkLimits(t, c)
	})
}

func checkLimits(t *testing.T, c Config) {
	seen := map[netip.AddrPort]bool{}
	for _, g := range c.Groups {
		if !g.Addr().Is4() || !g.Addr().IsMulticast() || g.Port() == 0 || seen[g] {
			t.Errorf("groups %v", c.Groups)
		}
		seen[g] = true
	}
	if c.Timeout < 0 || c.Timeout > 24*time.Hour || c.Acceptors < 1 || c.Acceptors > 63 || c.TTL < 1 || c.TTL > 255 {
		t.Errorf("out of range: %+v", c)
	}
	if c.ClockTolerance < time.Second || c.ClockTolerance > 24*time.Hour {
		t.Errorf("clock tolerance %v", c.ClockTolerance)
	}
	if len(c.Interface) > 15 || len(c.Cluster) > 64 {
		t.Errorf("too long: %+v", c)
	}
}
