package driver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Load says how clients work.
type Load struct {
	Clients int
	Keys    int           // in use at once
	PerKey  int           // operations on a key, about, until another takes its place
	Pause   time.Duration // between two requests of a client, on average
	Timeout time.Duration // for an answer
	Seed    uint64
}

// worker is one client of a workload. After an answer whose outcome is unknown it
// goes on as a new process, as Jepsen's do.
type worker struct {
	cluster *Cluster
	load    *Load
	client  *Client
	rng     *rand.Rand
	process int
	began   time.Time
	count   *atomic.Int64 // operations of all workers
}

// work lets workers do operations until ctx ends. A fresh number tells processes
// apart.
func (c *Cluster) work(ctx context.Context, l *Load, began time.Time, step func(*worker)) {
	var count atomic.Int64
	var workers sync.WaitGroup
	for i := range l.Clients {
		workers.Go(func() {
			w := &worker{
				cluster: c, load: l, client: c.Client(), process: i,
				rng: rand.New(rand.NewPCG(l.Seed, uint64(i))), began: began, count: &count,
			}
			defer w.client.Close()
			for ctx.Err() == nil {
				step(w)
				time.Sleep(time.Duration(w.rng.Int64N(int64(2*l.Pause) + 1)))
			}
		})
	}
	workers.Wait()
}

func (w *worker) now() int64 { return time.Since(w.began).Nanoseconds() }

func (w *worker) node() string { return w.cluster.Names[w.rng.IntN(len(w.cluster.Names))] }

// key draws one of the keys in use. They change as operations are done.
func (w *worker) key() int {
	generation := int(w.count.Load()) / (w.load.Keys * w.load.PerKey)
	return generation*w.load.Keys + w.rng.IntN(w.load.Keys)
}

// lost makes the worker a new process.
func (w *worker) lost() { w.process += w.load.Clients }

// final lets somebody ask a node until it answers, after all was healed.
func (c *Cluster) final(ask func(client *Client) (done bool)) error {
	client := c.Client()
	defer client.Close()
	for end := time.Now().Add(finalPatience); !ask(client); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("all is healed, and there was no answer for %v", finalPatience)
		}
	}
	return nil
}

const finalPatience = 3 * time.Minute

// Counts tell what a workload came to, by outcome.
type Counts map[string]int

func (c Counts) String() string {
	var all []string
	for name, n := range c {
		all = append(all, fmt.Sprintf("%s: %d", name, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
