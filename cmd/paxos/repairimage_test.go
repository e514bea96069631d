package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/engine"
	"paxos/internal/servers"
)

// counter is the state machine of a program: how many commands there were.
type counter struct{ count uint64 }

func (c *counter) Apply([]byte) any { c.count++; return c.count }
func (c *counter) Snapshot(w io.Writer) error {
	_, err := fmt.Fprintln(w, c.count)
	return err
}
func (c *counter) Restore(r io.Reader) error {
	_, err := fmt.Fscan(r, &c.count)
	return err
}

// startCounter starts a node of the program.
func startCounter(t *testing.T, o engine.Options) (*engine.Engine, *counter) {
	t.Helper()
	c := &counter{}
	o.Machine, o.SnapshotBytes, o.CheckpointBytes = c, 8<<10, 8<<10
	e, err := engine.Start(t.Context(), o)
	ok(t, err)
	t.Cleanup(func() { _ = e.Stop() })
	return e, c
}

// counted has a node count, and returns how far it came by then.
func counted(t *testing.T, e *engine.Engine, times int) (last uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range times {
		result, err := e.Propose(ctx, make([]byte, 4<<10))
		ok(t, err)
		last = result.(uint64)
	}
	return last
}

// stoppedProgram returns the folder of one of three nodes of the program, which are
// stopped. It has voted for everything: the third one never ran.
func stoppedProgram(t *testing.T, times int) (dir string) {
	t.Helper()
	addresses, err := servers.FreeAddresses(3)
	ok(t, err)
	dir = t.TempDir()
	var nodes []*engine.Engine
	for i, self := range addresses[:2] {
		e, _ := startCounter(t, engine.Options{Dir: filepath.Join(dir, fmt.Sprint(i+1)), Self: self, Peers: addresses, Init: true})
		nodes = append(nodes, e)
	}
	counted(t, nodes[0], times)
	for _, e := range nodes {
		ok(t, e.Stop())
	}
	return filepath.Join(dir, "1")
}

func TestAProgramWithAStateMachineIsRepaired(t *testing.T) {
	const times = 30
	dir, node := stoppedProgram(t, times), freeAddress(t)
	lost := filepath.Join(t.TempDir(), "lost")
	for instead, args := range map[string][]string{
		"ask a node of it": {"export", dir},
		"Options.Join":     {"repair", "rebuild", lost, "--from", dir, "--cluster", node, "--dry-run"},
	} {
		code, stdout, stderr := call(t, "", args...)
		if code != exitRefused || stdout != "" || !strings.Contains(stderr, "image of a program's state") || !strings.Contains(stderr, instead) {
			t.Errorf("%v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if code, stdout, stderr := call(t, "", "repair", "cut-tail", dir); code != exitOK || !strings.Contains(stdout, "Nothing need be done") {
		t.Errorf("a log that is whole: exit code %d, %s%s", code, stdout, stderr)
	}
	file, copied, other := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "copied"), freeAddress(t)
	for _, args := range [][]string{{"backup", dir, file}, {"backup", "--verify", file}} {
		if code, stdout, stderr := call(t, "", args...); code != exitOK || !strings.Contains(stdout, "30 values") || !strings.Contains(stdout, "image of its state for the first") {
			t.Errorf("%v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := call(t, "", "restore", file, copied, "--node", other, "--cluster", node); code != exitRefused || !strings.Contains(stderr, "Options.Join") {
		t.Errorf("restored as a newcomer: exit code %d, %s", code, stderr)
	}
	if code, stdout, stderr := call(t, "", "restore", file, copied, "--node", other, "--new-cluster", "--yes"); code != exitOK || !strings.Contains(stdout, "start the program") {
		t.Errorf("restored: exit code %d, %s%s", code, stdout, stderr)
	}
	restored, _ := startCounter(t, engine.Options{Dir: copied, Self: other})
	if last := counted(t, restored, 1); last != times+1 {
		t.Errorf("restored it goes on with command %d, want %d", last, times+1)
	}
	begin := []string{"repair", "new-cluster", dir, "--node", node, "--cluster-name", "second", "--yes", "--i-accept-data-loss"}
	code, stdout, stderr := call(t, "", begin...)
	if code != exitOK || !strings.Contains(stdout, "image of the program's state") || !strings.Contains(stdout, "start the program") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	first := engine.Options{Dir: dir, Self: node, Cluster: "second"}
	e, _ := startCounter(t, first)
	if last := counted(t, e, 1); last != times+1 {
		t.Errorf("it goes on with command %d, want %d", last, times+1)
	}
	ok(t, e.Stop())
}

// The number is the one that AddMember gave: the newcomer's store is made of a peer's that
// is stopped, or of a backup of it.
func TestANewcomersStoreIsMadeOfAPeersThatIsStopped(t *testing.T) {
	dir, self := t.TempDir(), freeAddress(t)
	first := engine.Options{Dir: dir, Self: self, Init: true}
	e, _ := startCounter(t, first)
	const times = 30
	counted(t, e, times)
	for i, from := range []string{dir, filepath.Join(t.TempDir(), "backup")} {
		if from != dir {
			if code, _, stderr := call(t, "", "backup", dir, from); code != exitOK { // older than the newcomer's membership
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			e, _ = startCounter(t, first)
		}
		newcomer := engine.Options{Dir: filepath.Join(t.TempDir(), "newcomer"), Self: freeAddress(t), Peers: []string{self}}
		ok(t, e.AddMember(t.Context(), newcomer.Self))
		number := fmt.Sprint(i + 2)
		ok(t, e.Stop())
		for _, wrong := range []string{"1", "0"} {
			if code, _, stderr := call(t, "", "repair", "rebuild", newcomer.Dir, "--from", from, "--id", wrong, "--yes"); code == exitOK {
				t.Errorf("with number %s: %s", wrong, stderr)
			}
		}
		if code, stdout, stderr := call(t, "", "repair", "rebuild", newcomer.Dir, "--from", from, "--id", number, "--yes"); code != exitOK || !strings.Contains(stdout, "Options.Dir") {
			t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
		}
		if code, stdout, stderr := call(t, "", "inspect", "store", newcomer.Dir); code != exitOK || !strings.Contains(stdout, "image ") {
			t.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
		e, _ = startCounter(t, first)
		n, c := startCounter(t, newcomer)
		waitOutput(t, "the newcomer to vote", func() bool {
			return slices.ContainsFunc(n.Members(), func(m engine.Member) bool { return m.ID == n.ID() && m.Voter })
		})
		ok(t, n.Query(t.Context(), func() {
			if c.count != times {
				t.Errorf("the newcomer has %d commands, want %d", c.count, times)
			}
		}))
		ok(t, e.RemoveMember(t.Context(), n.ID()))
		_ = n.Stop() // it may have ended, since it was removed
		ok(t, e.Stop())
	}
}
