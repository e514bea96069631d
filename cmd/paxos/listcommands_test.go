package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"paxos/internal/config"
	"paxos/internal/servers"
	"paxos/server"
)

func TestValuesAreAppendedAndListed(t *testing.T) {
	s := serve(t, servers.Options{})
	for _, c := range []struct{ args, want string }{
		{"append FILE 007", "[7]\n"},
		{"append FILE -5 --server 2", "[7, -5]\n"},
		{"append --server 3 FILE -6", "[7, -5, -6]\n"},
		{"append FILE -q -- -8", "3\n"},
		{`append FILE --string a"b`, `[7, -5, -6, -8, "a\"b"]` + "\n"},
		{"append FILE 7 --string --quiet", "5\n"},
		{"list FILE", "7\n-5\n-6\n-8\n\"a\\\"b\"\n\"7\"\n"},
		{"list FILE --from 1 --limit 2", "-5\n-6\n"},
		{"list FILE --from 4 --json", `{"index":4,"value":"a\"b"}` + "\n" + `{"index":5,"value":"7"}` + "\n"},
		{"list FILE --from 7", ""},
		{"list FILE --from 1 --follow --limit 1", "-5\n"},
	} {
		args := strings.Fields(strings.Replace(c.args, "FILE", s.File(), 1))
		if got := s.paxos(args...); got != c.want {
			t.Errorf("paxos %s printed %q, want %q", c.args, got, c.want)
		}
	}
	code, stdout, stderr := call(t, "", "list", s.File(), "--local", "--server", "2", "--limit", "1")
	if code != exitOK || stdout != "7\n" || !strings.Contains(stderr, " old") {
		t.Errorf("--local: exit code %d, %q, %q; want a value, and how old it is", code, stdout, stderr)
	}
}

func TestAListIsFollowedUntilASignal(t *testing.T) {
	s := serve(t, servers.Options{})
	s.paxos("append", s.File(), "1", "-q")
	dir := t.TempDir()
	out := dir + "/out"
	follow := programTo(t, dir, out, "list", s.File(), "--follow")
	for n := 2; n < 5; n++ {
		s.paxos("append", s.File(), fmt.Sprint(n), "-q")
		waitOutput(t, "the new value", func() bool { return readFile(t, out) == numbers(1, n) })
	}
	if code := follow.stop(); code != exitOK {
		t.Errorf("exit code %d: %s", code, follow.stderr())
	}
}

func TestTheStatusIsThatOfAllServers(t *testing.T) {
	s := serve(t, servers.Options{})
	s.paxos("append", s.File(), "1")
	ok(t, s.Wait(s.ctx, "all to be in step", func() bool { return s.Ready(s.ctx, 1) && s.Ready(s.ctx, 2) && s.Ready(s.ctx, 3) }))
	// Busy servers may be late with their answers, and busy leaders change: it is asked until all is in order.
	s.tells("", func(table string) bool {
		lines := strings.Split(strings.TrimSpace(table), "\n")
		return len(lines) == 4 && strings.HasPrefix(lines[0], "ID ") && strings.Count(table, "follower") == 2 && strings.Count(table, "leader ") == 1
	})
	ok(t, s.Kill(3))
	leader := 0
	s.tells("--json", func(text string) bool {
		var v clusterView
		ok(t, json.Unmarshal([]byte(text), &v))
		down := v.Servers[2]
		if down.Status != nil || !strings.Contains(down.Error, "connection refused") {
			t.Errorf("of a server that was killed it says %+v", down)
		}
		leader = int(v.Leader)
		return (leader == 1 || leader == 2) && v.Servers[leader-1].Status != nil && v.Servers[leader-1].Status.Length == 1
	})
	s.tells("", func(table string) bool { return strings.Contains(table, "no answer: connect: connection refused") })

	ok(t, s.Pause(leader))
	code, table, stderr := call(t, "", "status", s.File(), "--timeout", "0.3")
	if code != exitFailed || !strings.Contains(table, "no answer: it took too long") || !strings.Contains(stderr, "no majority") {
		t.Errorf("with one of three: exit code %d, %s\n%s", code, stderr, table)
	}
	ok(t, s.Resume(leader))
}

// tells waits until `paxos status` prints what is right.
func (s serving) tells(flag string, right func(text string) bool) {
	s.t.Helper()
	last := ""
	err := s.Wait(s.ctx, "the status", func() bool {
		_, stdout, stderr := call(s.t, "", strings.Fields("status "+s.File()+" "+flag)...)
		last = stdout + stderr
		return stdout != "" && right(stdout)
	})
	if err != nil {
		s.t.Errorf("%v; last:\n%s", err, last)
	}
}

func TestTheLeadershipIsHandedOver(t *testing.T) {
	s := serve(t, servers.Options{})
	leader, err := s.WaitLeader(s.ctx)
	ok(t, err)
	for n := range 3 {
		to := (leader+n)%3 + 1
		if got, want := s.paxos("leader", "transfer", s.File(), "--to", fmt.Sprint(to)), fmt.Sprintf("server %d leads\n", to); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
		s.paxos("append", s.File(), "1")
	}
	if got := s.paxos("leader", "transfer", s.File()); !strings.HasSuffix(got, " leads\n") {
		t.Errorf("printed %q", got)
	}
}

func TestTheMembersAreListed(t *testing.T) {
	s := serve(t, servers.Options{})
	table := s.paxos("member", "list", s.File())
	for i := 1; i <= 3; i++ {
		if !strings.Contains(table, fmt.Sprintf("%d   %s  yes\n", i, s.Address(i))) {
			t.Errorf("no member %d in\n%s", i, table)
		}
	}
	if got := s.paxos("member", "list", s.File(), "--json"); !strings.HasPrefix(got, `{"members":[{"id":1,"address":"`+s.Address(1)+`","voter":true}`) {
		t.Errorf("in JSON: %s", got)
	}
}

func TestWrongUsageOfTheListServersExitsWith2(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "s", "127.0.0.1:1\nn2\n")
	writeFile(t, "bad", "n1\nn1\n")
	writeFile(t, "empty-token", "\n")
	writeFile(t, "cert", "x")
	for _, c := range []struct{ args, want string }{
		{"server", `"cluster" not set`},
		{"server --cluster none", "none"},
		{"server --cluster bad", "bad:2: n1:5000 stands here and at bad:1"},
		{"server --cluster s --node n3", "no line of the cluster file is n3:5000"},
		{"server --cluster s --join", "--join needs --node"},
		{"server --cluster s --join --node n3", "--join needs --data-dir"},
		{"server --cluster s --port 0", "--port 0"},
		{"server --cluster s --reserve -1", "--reserve -1"},
		{"server --cluster s --log-level loud", "loud"},
		{"server --cluster s --cluster-name a\tb", "--cluster-name"},
		{"server --cluster s --tls-cert cert", "go together"},
		{"server --cluster s --tls-cert cert --tls-key cert", "--tls-cert cert"},
		{"server --cluster s --peer-ca cert", "--peer-ca needs --tls-cert"},
		{"server --cluster s --token-file empty-token", "empty-token"},
		{"server --cluster s --token-file none", "none"},
		{"server --cluster s --max-connections 1", "--max-connections"},
		{"server --cluster s --node 127.0.0.1:1 --listen 192.0.2.1:1", "no address of this host"},
		{"start-servers", "accepts 1 arg"},
		{"start-servers bad", "bad:2"},
		{"start-servers s --reserve -1", "--reserve -1"},
		{"append s", "accepts 2 arg"},
		{"append s x", "--string"},
		{"append s 1.5", "no integer"},
		{"append s 1 --server 3", "servers 1 to 2"},
		{"append s 1 --server -1", "--server"},
		{"append s 1 --timeout 0", "--timeout"},
		{"append s 1 --tls-ca none", "--tls-ca"},
		{"append s 1 --tls-ca cert", "no certificate in it"},
		{"append s --string \xff", "UTF-8"},
		{"list bad", "bad:2"},
		{"list s --follow --local", "follow local"},
		{"status none", "none"},
		{"leader transfer", "accepts 1 arg"},
		{"member add s http://n1", "host:port"},
		{"member remove s x", "is no id"},
		{"member remove s 0", "is no id"},
		{"member replace s 1", "accepts 3 arg"},
		{"member replace s n1 n2", "is no id"},
	} {
		code, stdout, stderr := call(t, "", strings.Split(c.args, " ")...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("paxos %s: exit code %d, stdout %q, stderr %q; want 2, nothing, and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestTheSubcommandsHaveHelpWithAnExample(t *testing.T) {
	for _, args := range []string{"leader", "leader transfer", "member", "member list", "member add", "member remove", "member replace"} {
		code, stdout, _ := call(t, "", append(strings.Fields(args), "--help")...)
		if code != exitOK || !strings.Contains(stdout, "Examples:\n  paxos "+args) {
			t.Errorf("paxos %s --help: exit code %d, and no example in\n%s", args, code, stdout)
		}
	}
}

func TestAStateIsCopiedAsItIs(t *testing.T) {
	for text, want := range map[string]string{
		`{"state": []}`:         "[]\n",
		`{"state": [1]}` + "\n": "[1]\n",
		`{"state":[1,-2 , 99999999999999999999, "a]\"\u00e9"]}`: `[1, -2, 99999999999999999999, "a]\"\u00e9"]` + "\n",
	} {
		var out bytes.Buffer
		if err := copyState(strings.NewReader(text), &out); err != nil || out.String() != want {
			t.Errorf("%s: %v, %q; want %q", text, err, out.String(), want)
		}
	}
	for _, text := range []string{``, `{}`, `[1]`, `{"state": 1}`, `{"other": [1]}`, `{"state": [1`, `{"state": [1,`, `{"state": [1]`, `{"state": [1 2]}`} {
		var out bytes.Buffer
		if err := copyState(strings.NewReader(text), &out); err == nil || strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%s: no error, or a whole line: %v, %q", text, err, out.String())
		}
	}
}

func TestAServerListensOnItsIPAddressOrEverywhere(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "127.0.0.1:7", "::1": "[::1]:7", "localhost": "localhost:7", "n1.example.org": ":7"} {
		if got := bindAddress(config.Server{Host: host, Port: 7}); got != want {
			t.Errorf("%s: listens on %s, want %s", host, got, want)
		}
	}
}

func TestDiscoveryTakesTheFirstLineThatLeadsHere(t *testing.T) {
	addresses, err := servers.FreeAddresses(3)
	ok(t, err)
	taken, err := net.Listen("tcp", addresses[0])
	ok(t, err)
	defer taken.Close()
	all, err := config.ParseServers("s", strings.NewReader(strings.Join(addresses, "\n")), 1)
	ok(t, err)
	d := newDiscovery(all, "", security{})
	self, l, err := d.run(t.Context())
	ok(t, err)
	defer l.Close()
	if self.ID != 2 || l.Addr().String() != addresses[1] {
		t.Errorf("it is server %s at %s, want server 2 at %s", self.ID, l.Addr(), addresses[1])
	}
	third, err := net.Listen("tcp", addresses[2])
	if err != nil {
		t.Fatalf("it still listens where it is not: %v", err)
	}
	third.Close()
	go func() {
		c, err := net.Dial("tcp", addresses[1])
		if err == nil {
			c.Close()
		}
	}()
	c, err := l.Accept() // the listener works
	ok(t, err)
	c.Close()
}

func TestDiscoveryIsNotDeceivedByAnotherServer(t *testing.T) {
	const ours, theirs = "127.0.0.3", "127.0.0.2"
	other, err := net.Listen("tcp", theirs+":0")
	ok(t, err)
	defer other.Close()
	go func() { _ = http.Serve(other, server.Starting(server.NewServerID())) }()
	port := other.Addr().(*net.TCPAddr).Port
	all := config.Servers{{ID: 1, Host: theirs, Port: uint16(port)}, {ID: 2, Host: ours, Port: uint16(port)}}
	self, l, err := newDiscovery(all, all[1].Address(), security{}).run(t.Context())
	ok(t, err)
	l.Close()
	if self.ID != 2 {
		t.Errorf("it takes itself for server %s, and is server 2", self.ID)
	}
}

func TestDiscoveryGivesUpAndSaysWhatItTried(t *testing.T) {
	addresses, err := servers.FreeAddresses(1)
	ok(t, err)
	taken, err := net.Listen("tcp", addresses[0])
	ok(t, err)
	defer taken.Close()
	all, err := config.ParseServers("s", strings.NewReader(addresses[0]), 1)
	ok(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = newDiscovery(all, "", security{}).run(ctx)
	if err == nil || !strings.Contains(err.Error(), "--node") || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v; want what to do, and what was tried", err)
	}
}
