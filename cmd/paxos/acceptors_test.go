package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paxos/internal/cluster"
	"paxos/protocol"
)

// acceptors runs a command on the acceptors, and returns its exit code, what it
// printed and what it said.
func (r running) acceptors(args ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	return call(r.t, "", append([]string{"acceptors"}, append(args, "--config", r.ConfigPath(), "--timeout", "180")...)...)
}

// changed runs a change of the acceptors, which must succeed.
func (r running) changed(args ...string) {
	r.t.Helper()
	if code, _, stderr := r.acceptors(args...); code != exitOK {
		r.t.Fatalf("paxos acceptors %v: exit code %d: %s", args, code, stderr)
	}
}

// settled waits until these acceptors vote, and nobody else belongs to them.
func (r running) settled(want ...protocol.NodeID) {
	r.t.Helper()
	var last string
	err := r.Wait(r.ctx, fmt.Sprintf("acceptors %v to vote", want), func() (bool, error) {
		code, stdout, stderr := r.acceptors("list", "--json")
		if last = stdout + stderr; code != exitOK {
			return false, nil
		}
		var a acceptorsAnswer
		if err := json.Unmarshal([]byte(stdout), &a); err != nil {
			return false, err
		}
		var voters []protocol.NodeID
		for _, x := range a.Acceptors {
			if x.Voter {
				voters = append(voters, x.ID)
			}
		}
		return !a.Changing && len(voters) == len(a.Acceptors) && slices.Equal(voters, want), nil
	})
	if err != nil {
		r.t.Fatalf("%v; last: %s", err, last)
	}
}

// said waits until a role's log has a text.
func (r running) said(role protocol.Role, id int, text string) {
	r.t.Helper()
	ok(r.t, r.Wait(r.ctx, fmt.Sprintf("%s %d to say %q", role, id, text), func() (bool, error) {
		log, err := os.ReadFile(r.LogPath(role, id))
		return strings.Contains(string(log), text), err
	}))
}

// flow is a client that sends the numbers from 1 on until it is told to end.
type flow struct {
	r    running
	cmd  *exec.Cmd
	stop chan struct{}
	sent atomic.Int64
	done chan error
}

func (r running) flow() *flow {
	r.t.Helper()
	f := &flow{r: r, cmd: r.command("client", "--id", "9"), stop: make(chan struct{}), done: make(chan error, 1)}
	in, err := f.cmd.StdinPipe()
	ok(r.t, err)
	ok(r.t, f.cmd.Start())
	go func() {
		for n := int64(1); ; n++ {
			select {
			case <-f.stop:
				_ = in.Close()
				f.done <- f.cmd.Wait()
				return
			case <-time.After(time.Millisecond):
				if _, err := fmt.Fprintln(in, n); err == nil {
					f.sent.Store(n)
				}
			}
		}
	}()
	return f
}

// flows waits until values that were not sent yet have been learned.
func (f *flow) flows() {
	f.r.t.Helper()
	f.r.printed(1, int(f.sent.Load())+100)
}

// end ends it, and returns how many values it sent, all of them acknowledged.
func (f *flow) end() int {
	f.r.t.Helper()
	close(f.stop)
	if err := <-f.done; err != nil {
		f.r.t.Errorf("the client ended with %v", err)
	}
	return int(f.sent.Load())
}

func TestALostAcceptorIsReplacedForGoodWhileValuesFlow(t *testing.T) {
	r := start(t)
	acceptors := map[int]*cluster.Process{}
	for _, p := range r.Living() {
		if p.Role == protocol.RoleAcceptor {
			acceptors[p.ID] = p
		}
	}
	f := r.flow()
	f.flows()
	acceptors[1].Kill()
	ok(t, os.RemoveAll(r.DataDir(protocol.RoleAcceptor, 1)))
	r.changed("add", "4")
	four, err := r.Start(protocol.RoleAcceptor, 4, "--join")
	ok(t, err)
	r.settled(1, 2, 3, 4)
	f.flows()
	r.changed("remove", "1")
	r.settled(2, 3, 4)
	acceptors[2].Kill()
	f.flows() // by 3 and 4: a majority of the new ones only

	// The lost one comes back under its old name, with nothing. It and 3 are a
	// majority of the acceptors that the cluster began with.
	r.start(protocol.RoleAcceptor, 1)
	r.said(protocol.RoleAcceptor, 1, "removed from the cluster")
	f.flows()
	four.Kill()
	if code, stdout, _ := call(t, "", "acceptors", "list", "--config", r.ConfigPath(), "--timeout", "2"); code != exitFailed {
		t.Errorf("3 and the removed one decide something: exit code %d, %s", code, stdout)
	}
	_, err = r.Start(protocol.RoleAcceptor, 4) // from its own folder
	ok(t, err)
	f.flows()

	n := f.end()
	if got := r.printed(1, n); got != numbers(1, n) {
		t.Errorf("the learner printed %d lines that are not 1 to %d", strings.Count(got, "\n"), n)
	}
	late, err := r.command("learner", "--id", "2", "--data-dir", t.TempDir()+"/l", "--init", "--follow=false").Output()
	if err != nil || string(late) != numbers(1, n) {
		t.Errorf("a late learner: %v, printed %d lines, want %d", err, strings.Count(string(late), "\n"), n)
	}
	ok(t, r.Check()) // nobody else ended
}

func TestWhatCannotBeDoneWithAcceptorsIsSaid(t *testing.T) {
	r := start(t)
	code, stdout, stderr := r.acceptors("list")
	if want := "ID  VOTES\n1   yes\n2   yes\n3   yes\n"; code != exitOK || stdout != want {
		t.Errorf("list: exit code %d, %q, %s; want %q", code, stdout, stderr, want)
	}
	r.changed("add", "5") // 4 is left out
	r.changed("add", "5")
	code, stdout, _ = r.acceptors("list")
	if code != exitOK || !strings.Contains(stdout, "\n5   no: ") {
		t.Errorf("list: exit code %d, %q", code, stdout)
	}
	r.changed("remove", "5")
	r.changed("remove", "5")
	for _, c := range []struct{ args, want string }{
		{"add 5", "each once, and the next is 6"},
		{"add 4", "in ascending order"},
		{"remove 9", "never was a member 9"},
	} {
		if code, _, stderr := r.acceptors(strings.Fields(c.args)...); code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q; want 1 and %q", c.args, code, stderr, c.want)
		}
	}
	for _, p := range r.Living() {
		if p.Role == protocol.RoleProposer {
			p.Kill()
		}
	}
	code, _, stderr = call(t, "", "acceptors", "remove", "3", "--config", r.ConfigPath(), "--timeout", "0.5")
	if code != exitFailed || !strings.Contains(stderr, "no proposer leads") || !strings.Contains(stderr, "within 500ms") {
		t.Errorf("without a leader: exit code %d, %q", code, stderr)
	}
}

// Silence of an hour would have to pass before the second proposer stands by itself.
func TestALeadingProposerHandsOverWhenItStops(t *testing.T) {
	r := start(t)
	leader, err := r.WaitLeader(r.ctx, time.Time{})
	ok(t, err)
	_, err = r.Start(protocol.RoleProposer, 2, "--election-timeout", "1h")
	ok(t, err)
	ok(t, r.WaitStarted(r.ctx))
	f := r.flow()
	f.flows()
	ok(t, leader.Stop())
	f.flows()
	n := f.end()
	if got := r.printed(1, n); got != numbers(1, n) {
		t.Errorf("the learner printed %d lines that are not 1 to %d", strings.Count(got, "\n"), n)
	}
}
