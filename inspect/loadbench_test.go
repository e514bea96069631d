package inspect

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"paxos/node"
)

// loopEnv names a folder that this very program, started once more, verifies again and
// again: from one line on its stdin to the next one, and so on.
const loopEnv = "PAXOS_INSPECT_LOOP"

func TestMain(m *testing.M) {
	if dir := os.Getenv(loopEnv); dir != "" {
		GiveWay()
		verifyInTurns(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func verifyInTurns(dir string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				if err := verifyOnce(ctx, dir); err == nil {
					fmt.Println("verified")
				} else if ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		}()
		lines.Scan()
		cancel()
		<-done
	}
}

func verifyOnce(ctx context.Context, dir string) error {
	f, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	defer f.Close()
	wrong := error(nil)
	_, err = f.Verify(ctx, func(x Finding) {
		if !x.Note {
			wrong = fmt.Errorf("%v", x)
		}
	})
	if err == nil {
		err = wrong
	}
	return err
}

// BenchmarkALoadedNodeWhileItIsInspected has a node append as much as it can, in phases
// of which every other one has another process verify the node's folder in a loop. It
// reports the median of the ratios of neighbouring phases, of which now one and now the
// other comes first: what is left of the throughput.
func BenchmarkALoadedNodeWhileItIsInspected(b *testing.B) {
	dir := b.TempDir()
	s := startNode(b, dir, func(o *node.Options) { o.CheckpointBytes = 0 })
	var appended atomic.Int64
	for range 16 {
		loadCounted(b, s, &appended)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), loopEnv+"="+dir)
	verified := new(lineCount)
	child.Stdout, child.Stderr = verified, os.Stderr
	turn, err := child.StdinPipe()
	must(b, err)
	must(b, child.Start())
	phase := func(watched bool) float64 {
		if watched {
			fmt.Fprintln(turn)
			defer fmt.Fprintln(turn)
		}
		time.Sleep(100 * time.Millisecond) // what the phase before has left; nothing depends on it
		begin, before := time.Now(), appended.Load()
		time.Sleep(time.Second)
		return float64(appended.Load()-before) / time.Since(begin).Seconds()
	}
	phase(false)
	var ratios, rates []float64
	for b.Loop() {
		first := len(ratios)%2 == 0
		x, y := phase(first), phase(!first)
		if !first {
			x, y = y, x
		}
		ratios, rates = append(ratios, x/y), append(rates, y)
	}
	must(b, turn.Close())
	must(b, child.Wait())
	slices.Sort(ratios)
	slices.Sort(rates)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(rates[len(rates)/2], "appends/s")
	b.ReportMetric(float64(verified.Load()), "verified")
}

// lineCount counts the lines that a child prints.
type lineCount struct{ atomic.Int64 }

func (c *lineCount) Write(p []byte) (int, error) {
	for _, x := range p {
		if x == '\n' {
			c.Add(1)
		}
	}
	return len(p), nil
}
