package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/internal/servers"
	"paxos/server/listclient"
)

// add makes room for further servers; they run later.
func (s serving) add(count int) {
	s.t.Helper()
	for range count {
		_, err := s.Add()
		ok(s.t, err)
	}
}

// settled waits until the voters, as server i knows them, are these, and nobody
// else is a member.
func (s serving) settled(i int, want ...int) {
	s.t.Helper()
	last := ""
	err := s.Wait(s.ctx, fmt.Sprintf("servers %v to vote, as %d knows", want, i), func() bool {
		code, stdout, stderr := call(s.t, "", "member", "list", s.naming(i), "--json", "--timeout", "5")
		last = stdout + stderr
		var m listclient.Membership
		if code != exitOK || json.Unmarshal([]byte(stdout), &m) != nil || m.Changing {
			return false
		}
		var voters []int
		for _, x := range m.Members {
			if x.Voter {
				voters = append(voters, int(x.ID))
			}
		}
		return len(voters) == len(m.Members) && slices.Equal(voters, want)
	})
	if err != nil {
		s.t.Fatalf("%v; last: %s", err, last)
	}
}

// File1 is a cluster file that names some servers only.
func (s serving) naming(named ...int) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "servers")
	var text strings.Builder
	for _, i := range named {
		fmt.Fprintln(&text, s.Address(i))
	}
	writeFile(s.t, path, text.String())
	return path
}

// log is what a server has logged.
func (s serving) log(i int) string {
	s.t.Helper()
	return readFile(s.t, s.LogPath(i))
}

// whileKilling does something while one of some servers, every other time the
// leader, is killed and started again.
func (s serving) whileKilling(random *rand.Rand, some []int, do func()) {
	s.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		victim := some[random.IntN(len(some))]
		if leader := s.Leader(s.ctx); slices.Contains(some, leader) && random.IntN(2) == 0 {
			victim = leader
		}
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		if err := s.Kill(victim); err != nil {
			s.t.Error(err)
		}
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		if err := s.Start(victim); err != nil {
			s.t.Error(err)
		}
	}()
	do()
	<-done
}

// member runs a member command again until it succeeds: a server that is killed
// meanwhile may take the answer with it, and to repeat a change is harmless.
func (s serving) member(args ...string) {
	s.t.Helper()
	last := ""
	err := s.Wait(s.ctx, fmt.Sprintf("paxos member %v", args), func() bool {
		code, stdout, stderr := call(s.t, "", slices.Concat([]string{"member", args[0], s.naming(numbered(s.Count())...)}, args[1:], []string{"--timeout", "5"})...)
		last = stdout + stderr
		return code == exitOK
	})
	if err != nil {
		s.t.Fatalf("%v; last: %s", err, last)
	}
}

func numbered(count int) (all []int) {
	for i := range count {
		all = append(all, i+1)
	}
	return all
}

func TestMembersChangeWhileServersAreKilledAndClientsAppend(t *testing.T) {
	s := serve(t, servers.Options{Args: []string{"--checkpoint-bytes", "65536"}})
	s.add(3)
	w := s.write()
	random := rand.New(rand.NewPCG(1, 1))
	for old := 1; old <= 3; old++ {
		members, added := []int{old, old + 1, old + 2}, old+3
		w.goOn()
		s.whileKilling(random, members, func() { s.member("add", s.Address(added)) })
		ok(t, s.Start(added))
		if random.IntN(2) == 0 { // after it got its vote, or before
			s.settled(added, old, old+1, old+2, added)
		}
		s.whileKilling(random, append(members, added), func() {
			s.member("replace", fmt.Sprint(old), s.Address(added))
		})
		s.settled(added, old+1, old+2, added)
		s.whileKilling(random, []int{old + 1, old + 2, added}, w.goOn)
	}
	for _, i := range []int{4, 5, 6} {
		ok(t, s.Wait(s.ctx, fmt.Sprintf("server %d to be in step", i), func() bool { return s.Ready(s.ctx, i) }))
	}
	w.judge(5)
	ok(t, s.Check())
}

func TestAllServersAreReplacedOneAfterTheOther(t *testing.T) {
	s := serve(t, servers.Options{})
	s.add(4)
	w := s.write()
	for i := 1; i <= 3; i++ {
		members := []int{1, 2, 3, 4, 5, 6}[i-1 : i+2]
		file := s.naming(members...)
		ok(t, s.Start(i+3, "--cluster", file))
		s.paxos("member", "replace", file, fmt.Sprint(i), s.Address(i+3), "--timeout", "60")
		s.settled(i+3, i+1, i+2, i+3)
		w.goOn()
		s.saysThatItWasRemoved(i)
		ok(t, s.Restart(i+3)) // from its own folder, without --join, by the old cluster file
		w.goOn()
	}
	// The removed ones come back, and end by themselves as they began: they never stood.
	for i := 1; i <= 3; i++ {
		ok(t, s.Restart(i))
		s.saysThatItWasRemoved(i)
		w.goOn()
		ok(t, s.Stop(i))
		last := s.log(i)[strings.LastIndex(s.log(i), "started:"):]
		if !strings.Contains(last, " candidacies=0 ") || strings.Contains(last, " leading: ") {
			t.Errorf("server %d was removed, and stood for leader:\n%s", i, last)
		}
	}
	for i := 4; i <= 6; i++ { // nobody else is needed
		ok(t, s.Kill(i))
	}
	for i := 4; i <= 6; i++ {
		ok(t, s.Start(i))
	}
	w.goOn()
	file := s.naming(4, 5, 6)
	s.paxos("member", "add", file, s.Address(7))
	ok(t, s.Start(7, "--cluster", file))
	s.settled(7, 4, 5, 6, 7)
	w.goOn()
	w.judge(7)
	ok(t, s.Check())
}

// saysThatItWasRemoved looks at all places where a removed server tells it.
func (s serving) saysThatItWasRemoved(i int) {
	s.t.Helper()
	ok(s.t, s.Wait(s.ctx, fmt.Sprintf("server %d to know that it was removed", i), func() bool {
		view := s.viewOf(i)
		return view.Status != nil && view.Status.Removed && !view.Status.Leads
	}))
	if !strings.Contains(s.log(i), "this server was removed from the cluster") {
		s.t.Errorf("server %d does not log that it was removed", i)
	}
	for _, path := range []string{oldPath, "/v1/list"} {
		body := map[string]string{oldPath: `{"client_id": 1, "command_id": 1, "payload": 1}`, "/v1/list": `{"value": 1}`}[path]
		status, answer := s.post(i, path, body)
		if status != http.StatusServiceUnavailable || !strings.Contains(answer, `"unavailable"`) || !strings.Contains(answer, `"not_done"`) {
			s.t.Errorf("removed server %d answers %d %s", i, status, answer)
		}
	}
	waitOutput(s.t, fmt.Sprintf("server %d's status to tell that it was removed", i), func() bool {
		_, stdout, _ := call(s.t, "", "status", s.naming(i))
		return strings.Contains(stdout, "  removed  ")
	})
}

// viewOf is what `paxos status --json` tells of a server.
func (s serving) viewOf(i int) serverView {
	s.t.Helper()
	_, stdout, stderr := call(s.t, "", "status", s.naming(i), "--json")
	var v clusterView
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		s.t.Fatalf("%v: %q %s", err, stdout, stderr)
	}
	return v.Servers[0]
}

func TestAServerThatLostItsStoreDoesNotJoinAgain(t *testing.T) {
	s := serve(t, servers.Options{})
	s.add(1)
	s.paxos("member", "add", s.File(), s.Address(4))
	ok(t, s.Start(4))
	s.settled(4, 1, 2, 3, 4)
	s.paxos("append", s.File(), "1")
	ok(t, s.Wait(s.ctx, "all to know server 4's store", func() bool { return s.Ready(s.ctx, 4) }))
	ok(t, s.Kill(4))
	ok(t, os.RemoveAll(s.DataDir(4)))
	ok(t, s.Start(4)) // with --join
	if code := s.Process(4).ExitCode(); code != exitRefused {
		t.Errorf("exit code %d, want %d; its log ends with %s", code, exitRefused, s.Process(4).LastWords())
	}
	s.paxos("member", "remove", s.File(), "4")
	s.settled(1, 1, 2, 3)
}

func TestCommandsPassARemovedServerBy(t *testing.T) {
	s := serve(t, servers.Options{})
	s.paxos("member", "remove", s.File(), "1")
	s.saysThatItWasRemoved(1)
	if got := s.paxos("append", s.File(), "1"); got != "[1]\n" { // the file names it first
		t.Errorf("append printed %q", got)
	}
	if got := s.paxos("list", s.File()); got != "1\n" {
		t.Errorf("list printed %q", got)
	}
	if got, want := s.paxos("member", "list", s.File()), "ID  ADDRESS          VOTES\n2   "+s.Address(2); !strings.HasPrefix(got, want) {
		t.Errorf("member list printed %q, want %q and so on", got, want)
	}
}

// Silence of an hour would have to pass before another server than the first stands by itself.
func TestALeadingServerHandsOverWhenItStops(t *testing.T) {
	s := serve(t, servers.Options{})
	for i := 2; i <= 3; i++ {
		ok(t, s.Restart(i, "--election-timeout", "1h"))
		ok(t, s.Wait(s.ctx, "it to follow", func() bool { return s.Ready(s.ctx, i) }))
	}
	ok(t, s.Wait(s.ctx, "server 1 to lead", func() bool {
		if s.Leader(s.ctx) == 1 {
			return true
		}
		call(t, "", "leader", "transfer", s.File(), "--to", "1", "--timeout", "5")
		return false
	}))
	w := s.write()
	w.goOn()
	ok(t, s.Stop(1))
	w.goOn()
	s.led()
	w.judge(2)
}
