package engine

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// With this variable the test program is the one that is killed: its value is a
// folder, and addresses.
const childVariable = "PAXOS_ENGINE_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := strings.Fields(os.Getenv(childVariable)); len(what) > 0 {
		fmt.Println(child(what[0], what[1:]))
		os.Exit(1) // it is to be killed
	}
	os.Exit(m.Run())
}

// childCallers propose at a time, each one command after the other.
const childCallers = 8

// child runs a cluster. It says what its machines begin with, and then a line for
// each command that is acknowledged.
func child(dir string, peers []string) error {
	ctx := context.Background()
	var nodes []*Engine
	machine := &registers{}
	for i, self := range peers {
		if i > 0 {
			machine = &registers{}
		}
		e, err := Start(ctx, Options{
			Dir: filepath.Join(dir, fmt.Sprint(i+1)), Self: self, Peers: peers, Init: true, Machine: machine,
			SnapshotBytes: 32 << 10, CheckpointBytes: 64 << 10,
		})
		if err != nil {
			return err
		}
		nodes = append(nodes, e)
	}
	var have uint64
	if err := nodes[len(nodes)-1].Query(ctx, func() { have = machine.Count }); err != nil {
		return err
	}
	fmt.Println("have", have)
	failed := make(chan error)
	for caller := range childCallers {
		go func() {
			for command := make([]byte, 1024); ; command[1]++ {
				command[0] = byte(caller)
				if _, err := nodes[caller%len(nodes)].Propose(ctx, command); err != nil {
					failed <- err
					return
				}
				fmt.Println("done")
			}
		}()
	}
	return <-failed
}

func TestAKilledClusterHasWhatItAcknowledgedAndEachCommandOnce(t *testing.T) {
	nodes := newNodes(t, 3) // for their addresses
	what := t.TempDir() + " " + strings.Join(nodes[0].options.Peers, " ")
	rng := rand.New(rand.NewPCG(1, 2))
	least, most := uint64(0), uint64(0)
	for round := range 5 {
		have, acked := runChild(t, what, 50+rng.IntN(1000))
		if have < least || have > most {
			t.Fatalf("round %d: it has %d commands, acknowledged were %d, and proposed %d", round, have, least, most)
		}
		least, most = have+acked, have+acked+childCallers
	}
}

// runChild kills a child when it has acknowledged enough, and returns what it began
// with, and all that it has acknowledged.
func runChild(t *testing.T, what string, enough int) (have, acked uint64) {
	t.Helper()
	cmd := exec.CommandContext(patient(t), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "done":
			if acked++; acked == uint64(enough) {
				_ = cmd.Process.Kill()
			}
		case strings.HasPrefix(line, "have "):
			if _, err := fmt.Sscan(line[5:], &have); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("the child says %q", line)
		}
	}
	_ = cmd.Wait() // it was killed
	if acked < uint64(enough) {
		t.Fatalf("it ended after %d commands, before it was killed", acked)
	}
	return have, acked
}
