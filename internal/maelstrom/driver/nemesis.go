package driver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// The faults of a Nemesis.
const (
	Halves  = "halves"  // two random halves do not hear each other
	Isolate = "isolate" // one node hears nobody, and nobody it
	OneWay  = "one-way" // one node is not heard, but hears
	Kill    = "kill"    // one node is killed, and started again with its store
)

// Nemesis breaks things, one after the other, and mends them.
type Nemesis struct {
	Faults   []string
	Interval time.Duration // of a fault, and between two, on average
	Seed     uint64
}

// Run works until ctx ends. In the end all is mended; it returns how many faults of
// each kind there were. An error says that a node did not start again.
func (n *Nemesis) Run(ctx context.Context, c *Cluster) (Counts, error) {
	rng := rand.New(rand.NewPCG(n.Seed, 7))
	counts := make(Counts)
	for n.sleep(ctx, rng) {
		fault := n.Faults[rng.IntN(len(n.Faults))]
		counts[fault]++
		victim := c.begin(rng, fault)
		n.sleep(ctx, rng)
		c.Net.Heal()
		if fault == Kill {
			if err := c.Restart(victim); err != nil {
				return counts, err
			}
		}
	}
	return counts, nil
}

func (n *Nemesis) sleep(ctx context.Context, rng *rand.Rand) bool {
	select {
	case <-time.After(n.Interval/2 + time.Duration(rng.Int64N(int64(n.Interval)))):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// begin begins a fault; it returns whom it befalls.
func (c *Cluster) begin(rng *rand.Rand, fault string) (victim string) {
	names := append([]string{}, c.Names...)
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	switch victim = names[0]; fault {
	case Halves:
		c.part(names[:len(names)/2], names[len(names)/2:])
	case Isolate:
		c.part(names[:1], names[1:])
	case OneWay:
		for _, other := range names[1:] {
			c.Net.Cut(victim, other)
		}
	case Kill:
		c.Kill(victim)
	default:
		panic(fmt.Sprintf("driver: there is no fault %q", fault))
	}
	return victim
}

// part makes that two groups do not hear each other.
func (c *Cluster) part(some, others []string) {
	for _, a := range some {
		for _, b := range others {
			c.Net.Cut(a, b)
			c.Net.Cut(b, a)
		}
	}
}
