package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paxos/protocol"
)

func parseServers(text string) (Servers, error) {
	return ParseServers("cluster", strings.NewReader(text), DefaultPort)
}

func TestAServerALineWithOrWithoutAPort(t *testing.T) {
	text := "\ufeff# our servers\r\n\r\nn1\r\n  n2.example.org:7000 # the old one\r\n10.0.0.3\n[fe80::1]\n[::1]:6000\n127.0.0.1:5001\nN3"
	servers, err := parseServers(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"n1:5000", "n2.example.org:7000", "10.0.0.3:5000", "[fe80::1]:5000", "[::1]:6000", "127.0.0.1:5001", "n3:5000"}
	if got := servers.Addresses(); !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	for i, s := range servers {
		if s.ID != protocol.NodeID(i+1) {
			t.Errorf("server %s has id %s, want %d", s.Address(), s.ID, i+1)
		}
	}
	other, err := ParseServers("cluster", strings.NewReader("n1\nn2:5000"), 80)
	if want := []string{"n1:80", "n2:5000"}; err != nil || !slices.Equal(other.Addresses(), want) {
		t.Errorf("with another default port: %v, %v; want %q", other, err, want)
	}
}

func TestErrorsOfAClusterFileNameFileAndLineAndWhatToDo(t *testing.T) {
	many := ""
	for i := range MaxServers + 1 {
		many += fmt.Sprintf("n%d\n", i)
	}
	for _, c := range []struct{ text, want string }{
		{"", "cluster: no server in it"},
		{"# nobody\n\n", "cluster: no server in it"},
		{"n1\nn1", "cluster:2: n1:5000 stands here and at cluster:1"},
		{"n1:5000\n\nN1", "cluster:3: n1:5000 stands here and at cluster:1"},
		{"n1:", `cluster:1: "n1:": bad port ""`},
		{"n1:0", `bad port "0": expected 1 to 65535`},
		{"n1:65536", `bad port "65536"`},
		{"n1:+5", `bad port "+5"`},
		{"n1:http", `bad port "http"`},
		{":5000", `bad host ""`},
		{"http://n1:5000", "expected host or host:port, and no URL"},
		{"http://n1", "no URL"},
		{"n1/x", "no URL"},
		{"n1@x", `bad host "n1@x"`},
		{"nö", `bad host`},
		{"::1", "expected host, host:port, or [address]:port"},
		{"fe80::1", "expected host, host:port, or [address]:port"},
		{"[n1]:5000", `bad host "n1"`},
		{"[::1", "expected host, host:port"},
		{"[]", `bad host ""`},
		{"n1 5000", `cluster:1: "n1 5000": expected one host or host:port`},
		{strings.Repeat("n", 254), "bad host"},
		{many, "cluster:64: more than 63 servers"},
		{strings.Repeat("#\n", maxBytes), "larger than"},
	} {
		servers, err := parseServers(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 800 {
			t.Errorf("%.40q: %v, error %v; want %q", c.text, servers, err, c.want)
		}
	}
	if servers, err := parseServers(strings.TrimSuffix(many, fmt.Sprintf("n%d\n", MaxServers))); err != nil || len(servers) != MaxServers {
		t.Errorf("%d servers: %v", MaxServers, err)
	}
	if _, err := LoadServers("/none/such", DefaultPort); err == nil || !strings.Contains(err.Error(), "/none/such") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestAServerIsFoundByItsAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster")
	if err := os.WriteFile(path, []byte("n1\nn2:7000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	servers, err := LoadServers(path, DefaultPort)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]protocol.NodeID{"n1": 1, "n1:5000": 1, "N2:7000": 2} {
		if s, err := servers.Find(address, DefaultPort); err != nil || s.ID != want {
			t.Errorf("%s is server %s, %v; want %s", address, s.ID, err, want)
		}
	}
	for address, want := range map[string]string{"n2": "n1:5000, n2:7000", "n3": "no line of the cluster file is n3:5000", "a b": "expected"} {
		if _, err := servers.Find(address, DefaultPort); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
}

func TestClustersOfServersAreToldApart(t *testing.T) {
	read := func(text string) Servers {
		s, err := parseServers(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, again, turned, split := read("n1\nn2"), read("# x\nn1:5000\nN2\n"), read("n2\nn1"), read("n1\nn2\nn3")
	if a.ClusterID("") != again.ClusterID("") || a.ClusterID("x") != split.ClusterID("x") {
		t.Error("one cluster has two identities")
	}
	seen := map[protocol.ClusterID]bool{a.ClusterID(""): true, turned.ClusterID(""): true, split.ClusterID(""): true, a.ClusterID("x"): true, a.ClusterID("n1:5000"): true}
	if len(seen) != 5 || seen[0] {
		t.Errorf("different clusters share an identity, or one has none: %v", seen)
	}
	if ValidName("two words") || ValidName(strings.Repeat("x", 65)) || !ValidName("prod-1") {
		t.Error("names are not checked")
	}
}

func FuzzParseServers(f *testing.F) {
	f.Add("n1\n[::1]:5\n")
	f.Fuzz(func(t *testing.T, text string) {
		servers, err := parseServers(text)
		if err != nil {
			return
		}
		again, err := parseServers(strings.Join(servers.Addresses(), "\n"))
		if err != nil || !slices.Equal(again, servers) {
			t.Errorf("%q is read as %v, and that as %v (%v)", text, servers, again, err)
		}
	})
}
