package maelstrom

import (
	"context"
	"flag"
	"io"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/maelstrom/driver"
	"paxos/internal/maelstrom/history"
)

// inProcess starts nodes in this process, with stores below a folder. To kill one
// is to stop it cleanly; cmd/paxos kills processes.
func inProcess(dir string, tune func(*Options)) driver.Starter {
	return func(string) (*driver.Process, error) {
		in, toIn := io.Pipe()
		fromOut, out := io.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		o := Options{In: in, Out: out, Log: hclog.NewNullLogger(), DataDir: dir, Timeout: time.Second}
		if tune != nil {
			tune(&o)
		}
		ended := make(chan error, 1)
		go func() {
			err := Run(ctx, o)
			in.Close()
			out.Close()
			ended <- err
		}()
		wait := func() error { return <-ended }
		kill := func() {
			cancel()
			<-ended
		}
		return &driver.Process{In: toIn, Out: fromOut, Kill: kill, Wait: wait}, nil
	}
}

func startCluster(t *testing.T, nodes int, tune func(*Options)) *driver.Cluster {
	t.Helper()
	c, err := driver.Start(nodes, *testSeed, inProcess(t.TempDir(), tune))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// With these a test of some seconds becomes a long one:
//
//	go test ./internal/maelstrom -run Whatever -v -maelstrom.time 60s -maelstrom.seed 7
var (
	testTime = flag.Duration("maelstrom.time", 3*time.Second, "how long clusters are plagued")
	testSeed = flag.Uint64("maelstrom.seed", 1, "of faults and clients")
)

var testLoad = driver.Load{
	Clients: 8, Keys: 3, PerKey: 60, Pause: 3 * time.Millisecond, Timeout: 2 * time.Second, Seed: 1,
}

func seededLoad() driver.Load {
	l := testLoad
	l.Seed = *testSeed
	return l
}

var testFaults = driver.Faults{Loss: 0.03, Delay: 3 * time.Millisecond}

// plagued runs a nemesis beside some work, for a while.
func plagued(t *testing.T, c *driver.Cluster, work func(ctx context.Context, finish func())) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *testTime)
	defer cancel()
	type ending struct {
		counts driver.Counts
		err    error
	}
	ended := make(chan ending, 1)
	n := driver.Nemesis{
		Faults:   []string{driver.Halves, driver.Isolate, driver.OneWay, driver.Kill},
		Interval: 400 * time.Millisecond, Seed: *testSeed,
	}
	go func() {
		counts, err := n.Run(ctx, c)
		ended <- ending{counts, err}
	}()
	work(ctx, func() {
		e := <-ended
		c.Net.SetFaults(driver.Faults{})
		if e.err != nil || len(e.counts) == 0 {
			t.Fatalf("faults: %v, %v", e.counts, e.err)
		}
		t.Logf("faults: %v; network: %+v", e.counts, c.Net.Stats())
	})
}

func TestRegistersAreLinearizableWhateverBreaks(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	c.Net.SetFaults(testFaults)
	plagued(t, c, func(ctx context.Context, finish func()) {
		ops := c.Registers(ctx, seededLoad())
		finish()
		t.Log(driver.CountRegisters(ops))
		if err := c.SameEverywhere(ops); err != nil {
			t.Error(err)
		}
		if err := history.CheckRegisters(ops, 5*time.Minute); err != nil {
			t.Error(err)
		}
	})
}

func TestTransactionsAreStrictSerializableWhateverBreaks(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5, nil)
	c.Net.SetFaults(testFaults)
	plagued(t, c, func(ctx context.Context, finish func()) {
		txns, err := c.Txns(ctx, seededLoad(), finish)
		t.Log(driver.CountTxns(txns))
		if err != nil {
			t.Fatal(err)
		}
		if err := history.CheckTxns(txns); err != nil {
			t.Error(err)
		}
	})
}

// A node that answers reads from what it happens to have is found out: it does not
// hear at once of what the others acknowledge.
func TestStaleReadsAreFoundInRegisters(t *testing.T) {
	t.Parallel()
	foundOut(t, func(ctx context.Context, c *driver.Cluster, l driver.Load) error {
		return history.CheckRegisters(c.Registers(ctx, l), 5*time.Minute)
	})
}

func TestStaleReadsAreFoundInTransactions(t *testing.T) {
	t.Parallel()
	foundOut(t, func(ctx context.Context, c *driver.Cluster, l driver.Load) error {
		txns, err := c.Txns(ctx, l, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return history.CheckTxns(txns)
	})
}

// foundOut lets nodes with stale reads work until a history is not right, for some
// rounds at most.
func foundOut(t *testing.T, round func(ctx context.Context, c *driver.Cluster, l driver.Load) error) {
	t.Helper()
	for n := range 20 {
		c := startCluster(t, 3, func(o *Options) { o.StaleReads = true })
		c.Net.SetFaults(driver.Faults{Delay: 20 * time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		l := testLoad
		l.Seed = uint64(n)
		err := round(ctx, c, l)
		cancel()
		if err != nil {
			t.Logf("round %d: %.300v", n+1, err)
			return
		}
	}
	t.Error("stale reads were not found")
}
