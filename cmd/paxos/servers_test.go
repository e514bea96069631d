package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paxos/internal/servers"
)

// serving is a cluster of list servers, as processes, with a leader.
type serving struct {
	*servers.Cluster
	t   *testing.T
	ctx context.Context
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serve(t *testing.T, o servers.Options) serving {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceInAll)
	t.Cleanup(cancel)
	o.Dir = t.TempDir()
	o.Args = append(o.Args, "--reserve", "0")
	c, err := servers.New(o)
	ok(t, err)
	t.Cleanup(c.Close)
	ok(t, c.StartAll())
	s := serving{c, t, ctx}
	s.led()
	return s
}

func (s serving) led() {
	s.t.Helper()
	_, err := s.WaitLeader(s.ctx)
	ok(s.t, err)
}

// paxos runs a command that must succeed, and returns its stdout. It has more time
// than commands have by default, for a machine may have much else to do.
func (s serving) paxos(args ...string) string {
	s.t.Helper()
	if behind := map[string]int{"append": 1, "list": 1, "leader": 2, "member": 2}[args[0]]; behind > 0 && !slices.Contains(args, "--timeout") {
		args = slices.Insert(slices.Clone(args), behind, "--timeout", "180")
	}
	code, stdout, stderr := call(s.t, "", args...)
	if code != exitOK {
		s.t.Fatalf("paxos %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// post sends an old client's request.
func (s serving) post(i int, path, body string) (status int, answer string) {
	s.t.Helper()
	r, err := s.Client().Post(s.URL(i, path), "application/json", strings.NewReader(body))
	ok(s.t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	ok(s.t, err)
	return r.StatusCode, string(text)
}

const oldPath = "/proposer/client-request"

func TestTheOldClientFindsWhatItKnows(t *testing.T) {
	s := serve(t, servers.Options{})
	var want []string
	for n := 1; n <= 6; n++ {
		want = append(want, fmt.Sprint(n))
		line := "[" + strings.Join(want, ", ") + "]\n"
		// In the order of the old client's arguments.
		if got := s.paxos("append", s.File(), "--port", "5000", "--server", fmt.Sprint(n%3+1), fmt.Sprint(n)); got != line {
			t.Errorf("append %d printed %q, want %q", n, got, line)
		}
	}
	if got, want := s.paxos("append", s.File(), "-7"), "[1, 2, 3, 4, 5, 6, -7]\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}

	ids := make(map[string]bool)
	for i := 1; i <= 3; i++ {
		for range 2 { // a server keeps its id
			answer, err := s.Client().Get(s.URL(i, "/server_id"))
			ok(t, err)
			var id string
			ok(t, json.NewDecoder(answer.Body).Decode(&id))
			answer.Body.Close()
			ids[id] = true
		}
	}
	if len(ids) != 3 || ids[""] {
		t.Errorf("the servers' ids are %v", ids)
	}
}

func TestOldRequestsAreAppendsEachAndBadOnesAreRefused(t *testing.T) {
	s := serve(t, servers.Options{})
	const huge = "123456789012345678901234567890"
	for n, body := range []string{
		`{"client_id": 7, "command_id": 1, "payload": 5}`,
		`{"client_id": 7, "command_id": 1, "payload": 5}`, // the same ids again
		`{"payload":` + huge + `,"command_id":-1,"client_id":` + huge + `}`,
	} {
		status, answer := s.post(n%3+1, oldPath, body)
		want := []string{`{"state": [5]}`, `{"state": [5, 5]}`, `{"state": [5, 5, ` + huge + `]}`}[n]
		if status != http.StatusOK || strings.TrimSpace(answer) != want {
			t.Errorf("%s: %d %s, want %s", body, status, answer, want)
		}
	}
	for _, body := range []string{
		``, `{`, `[]`, `null`, `7`, `{"client_id": 7, "command_id": 1}`,
		`{"client_id": 7, "command_id": 1, "payload": 5, "more": 1}`,
		`{"client_id": 7, "command_id": 1, "payload": "5"}`,
		`{"client_id": 7, "command_id": 1, "payload": 5.0}`,
		`{"client_id": 7, "command_id": 1, "payload": null}`,
		`{"client_id": "7", "command_id": 1, "payload": 5}`,
		`{"client_id": 7, "command_id": 1, "payload": 5} 6`,
	} {
		status, answer := s.post(1, oldPath, body)
		var e struct {
			Error struct{ Code, Outcome string }
		}
		if err := json.Unmarshal([]byte(answer), &e); err != nil || status != http.StatusBadRequest || e.Error.Code != "bad_request" || e.Error.Outcome != "not_done" {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if got := s.paxos("list", s.File()); got != "5\n5\n"+huge+"\n" {
		t.Errorf("the list is %q", got)
	}
}

func TestAServerThatDoesNotAnswerIsAFailureUnlessAnotherMay(t *testing.T) {
	s := serve(t, servers.Options{})
	ok(t, s.Kill(1))
	s.led()
	for _, args := range [][]string{
		{"append", s.File(), "1", "--server", "1"},
		{"append", s.File(), "1", "--server", "1", "--quiet", "--timeout", "0.3"},
		{"list", s.File(), "--server", "1", "--timeout", "0.3"},
	} {
		code, stdout, stderr := call(t, "", args...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, s.Address(1)) {
			t.Errorf("paxos %v: exit code %d, stdout %q, stderr %q; want 1, nothing, and who does not answer", args, code, stdout, stderr)
		}
	}
	if got := s.paxos("append", s.File(), "1"); got != "[1]\n" {
		t.Errorf("any server: printed %q", got)
	}
	ok(t, s.Start(1))
	ok(t, s.Wait(s.ctx, "server 1 to be in step", func() bool { return s.Ready(s.ctx, 1) }))
	ok(t, s.Pause(1))
	code, _, stderr := call(t, "", "append", s.File(), "2", "--timeout", "2")
	if code != exitFailed || !strings.Contains(stderr, "no answer within 2s") || !strings.Contains(stderr, "unknown") {
		t.Errorf("a server took the request and is silent: exit code %d, stderr %q; want 1, and that the outcome is unknown", code, stderr)
	}
	if got := s.paxos("list", s.File(), "--server", "3"); got != "1\n" {
		t.Errorf("another server was asked, too: the list is %q", got)
	}
	ok(t, s.Kill(1))
	ok(t, s.Kill(2))
	code, _, stderr = call(t, "", "append", s.File(), "2", "--server", "3", "--timeout", "2")
	if code != exitFailed || !strings.Contains(stderr, "outcome: unknown") {
		t.Errorf("without a majority: exit code %d, stderr %q; want 1, and that the outcome is unknown", code, stderr)
	}
}

func TestEachServerIsKilledInTurnAndNothingIsLost(t *testing.T) {
	s := serve(t, servers.Options{})
	want := ""
	for n := 1; n <= 6; n++ {
		i := (n-1)%3 + 1
		ok(t, s.Kill(i))
		s.paxos("append", s.File(), fmt.Sprint(n), "--quiet")
		want += fmt.Sprintln(n)
		ok(t, s.Start(i))
		// It answers itself, and knows what it missed.
		if got := s.paxos("list", s.File(), "--server", fmt.Sprint(i)); got != want {
			t.Errorf("server %d after its restart: %q, want %q", i, got, want)
		}
	}
	for i := 1; i <= 3; i++ { // and all of them at once
		ok(t, s.Kill(i))
	}
	ok(t, s.StartAll())
	s.led()
	if got := s.paxos("append", s.File(), "7"); got != "[1, 2, 3, 4, 5, 6, 7]\n" {
		t.Errorf("after all were killed: %q", got)
	}
	ok(t, s.StopAll())
}

func TestAWipedServerIsStopped(t *testing.T) {
	s := serve(t, servers.Options{})
	s.paxos("append", s.File(), "1")
	leader, err := s.WaitLeader(s.ctx)
	ok(t, err)
	victim := leader%3 + 1
	ok(t, s.Wait(s.ctx, "all votes to be known", func() bool { return s.Ready(s.ctx, victim) }))
	ok(t, s.Kill(victim))
	ok(t, os.RemoveAll(s.DataDir(victim)))
	ok(t, s.Start(victim)) // it is told to make a store
	if code := s.Process(victim).ExitCode(); code != exitRefused {
		t.Errorf("exit code %d, want %d; its log ends with %s", code, exitRefused, s.Process(victim).LastWords())
	}
}

func TestACutOffServerSaysThatTheOutcomeIsUnknown(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n, err := servers.NewNetwork(3)
	ok(t, err)
	t.Cleanup(n.Close)
	s := serve(t, servers.Options{Network: n})
	leader, err := s.WaitLeader(s.ctx)
	ok(t, err)
	others := slices.DeleteFunc([]int{1, 2, 3}, func(i int) bool { return i == leader })
	ok(t, n.Partition(others))
	status, answer := s.post(leader, oldPath+"?timeout=2s", `{"client_id": 1, "command_id": 1, "payload": 1}`)
	if status != http.StatusServiceUnavailable || !strings.Contains(answer, `"unknown"`) {
		t.Errorf("a leader without a majority answered %d %s", status, answer)
	}
	ok(t, s.Wait(s.ctx, "the others to have their own leader", func() bool {
		other := s.Leader(s.ctx)
		return other != 0 && other != leader
	}))
	status, answer = s.post(others[0], oldPath, `{"client_id": 1, "command_id": 1, "payload": 2}`)
	if status != http.StatusOK || answer != "{\"state\": [2]}\n" {
		t.Errorf("the majority answered %d %s", status, answer)
	}
	ok(t, n.Heal())
	ok(t, s.Wait(s.ctx, "the cut-off server to be in step", func() bool { return s.Ready(s.ctx, leader) }))
	status, answer = s.post(leader, oldPath, `{"client_id": 1, "command_id": 1, "payload": 3}`)
	if status != http.StatusOK || answer != "{\"state\": [2, 3]}\n" && answer != "{\"state\": [2, 1, 3]}\n" {
		t.Errorf("healed, it answered %d %s", status, answer)
	}
}

func TestServersFindTheirOwnLines(t *testing.T) {
	dir := t.TempDir()
	addresses, err := servers.FreeAddresses(3)
	ok(t, err)
	file := filepath.Join(dir, "servers")
	writeFile(t, file, strings.Join(addresses, "\n"))
	var all []*programProcess
	for range 3 {
		all = append(all, program(t, dir, "server", "--cluster", file, "--init"))
	}
	waitOutput(t, "three ids and a leader", func() bool {
		code, stdout, _ := call(t, "", "status", file)
		return code == exitOK && !strings.Contains(stdout, "no answer")
	})
	if code, stdout, stderr := call(t, "", "append", file, "1"); code != exitOK || stdout != "[1]\n" {
		t.Errorf("append: exit code %d, %q, %s", code, stdout, stderr)
	}
	for i := 1; i <= 3; i++ {
		if _, err := os.Stat(filepath.Join(dir, "paxos-data", fmt.Sprintf("server-%d", i))); err != nil {
			t.Errorf("server %d: %v", i, err)
		}
	}
	for _, p := range all {
		if code := p.stop(); code != exitOK {
			t.Errorf("exit code %d: %s", code, p.stderr())
		}
	}
}
