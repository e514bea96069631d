package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"paxos/internal/maelstrom/driver"
	"paxos/internal/maelstrom/history"
)

// maelstromNodes starts nodes that are processes, with stores in one folder.
func maelstromNodes(t *testing.T, nodes int) *driver.Cluster {
	t.Helper()
	dir := t.TempDir()
	start := driver.Command(os.Args[0], []string{"maelstrom", "--data-dir", dir, "--timeout", "1s"}, nil, dir)
	c, err := driver.Start(nodes, 1, start)
	ok(t, err)
	t.Cleanup(func() {
		ok(t, c.Stop())
		for _, name := range c.Names {
			if log := readFile(t, dir+"/"+name+".log"); t.Failed() || strings.Contains(log, "panic") {
				t.Errorf("%s:\n%s", name, log)
			}
		}
	})
	c.Net.SetFaults(driver.Faults{Loss: 0.02, Delay: 2 * time.Millisecond})
	return c
}

var maelstromLoad = driver.Load{
	Clients: 8, Keys: 3, PerKey: 60, Pause: 3 * time.Millisecond, Timeout: 2 * time.Second, Seed: 1,
}

// killing kills nodes and cuts the network until ctx ends. What it returns waits
// until all is mended, and tells what there was.
func killing(ctx context.Context, t *testing.T, c *driver.Cluster) (mended func()) {
	n := driver.Nemesis{Faults: []string{driver.Kill, driver.Kill, driver.Halves}, Interval: 400 * time.Millisecond, Seed: 1}
	var counts driver.Counts
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		counts, err = n.Run(ctx, c)
	}()
	return func() {
		<-ended
		c.Net.SetFaults(driver.Faults{})
		t.Logf("faults: %v; network: %+v", counts, c.Net.Stats())
		if err != nil || len(counts) == 0 {
			t.Fatalf("faults: %v, %v", counts, err)
		}
	}
}

func TestRegistersOfKilledMaelstromNodesAreLinearizable(t *testing.T) {
	c := maelstromNodes(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	mended := killing(ctx, t, c)
	ops := c.Registers(ctx, maelstromLoad)
	mended()
	t.Log(driver.CountRegisters(ops))
	ok(t, c.SameEverywhere(ops))
	ok(t, history.CheckRegisters(ops, 5*time.Minute))
}

func TestTransactionsOfKilledMaelstromNodesAreStrictSerializable(t *testing.T) {
	c := maelstromNodes(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	txns, err := c.Txns(ctx, maelstromLoad, killing(ctx, t, c))
	t.Log(driver.CountTxns(txns))
	ok(t, err)
	ok(t, history.CheckTxns(txns))
}

func TestMaelstromWithWrongFlags(t *testing.T) {
	for _, args := range []string{"--timeout 0s", "--timeout -1s", "--election-timeout -1s", "--log-level loud", "extra"} {
		code, stdout, stderr := call(t, "", append([]string{"maelstrom"}, strings.Fields(args)...)...)
		if code != exitUsage || stdout != "" || stderr == "" {
			t.Errorf("paxos maelstrom %s: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// A store of another cluster, here of other nodes, is refused with its exit code.
func TestMaelstromRefusesAStoreOfOtherNodes(t *testing.T) {
	dir := t.TempDir()
	run := func(ids string) (int, string, string) {
		line := `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":` + ids + `}}` + "\n"
		return call(t, line, "maelstrom", "--data-dir", dir)
	}
	if code, stdout, stderr := run(`["n1"]`); code != exitOK || !strings.Contains(stdout, "init_ok") {
		t.Fatalf("the first time: %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr := run(`["n1","n2"]`)
	if code != exitRefused || !strings.Contains(stdout, `"code":13`) || !strings.Contains(stderr, "gave up") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
