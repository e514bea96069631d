package sim

import (
	"math/rand/v2"
	"time"
)

// workload are the clients: those of the multicast roles (workloadroles.go) or of
// the list servers (workloadservers.go). What they want and what they are told is
// written down in the judge's history.
type workload struct {
	w        *world
	clients  []client
	waiting  [][]*request // by the number of the host: what was asked there, and not answered
	draining bool
}

// client is one of them, across its lives.
type client interface {
	// begin lets it start.
	begin()
	// drain lets it know that it shall begin nothing more.
	drain()
	// done reports whether it has nothing open, and never will.
	done() bool
	// state says what it waits for, for people.
	state() string
}

func newWorkload(w *world) *workload {
	l := &workload{w: w}
	for n := 1; n <= w.plan.clients; n++ {
		who := customer{l: l, number: n, rng: w.random("client", uint64(n))}
		if !w.plan.streams() {
			l.clients = append(l.clients, &caster{customer: who})
		} else {
			l.clients = append(l.clients, &caller{customer: who})
		}
	}
	return l
}

// customer is what all clients have in common.
type customer struct {
	l      *workload
	number int
	life   int
	rng    *rand.Rand
}

// start lets the clients begin, one after the other.
func (l *workload) start() {
	for n, c := range l.clients {
		l.w.after(time.Duration(n)*time.Millisecond, c.begin)
	}
}

// drain lets them end: nothing new is begun but one last word of each, which must
// come through; what is open is brought to its end.
func (l *workload) drain() {
	l.draining = true
	for _, c := range l.clients {
		c.drain()
	}
}

// waitsFor says which client is not done, and why.
func (l *workload) waitsFor() string {
	for _, c := range l.clients {
		if !c.done() {
			return c.state()
		}
	}
	return ""
}

// pause is how long a client thinks before it goes on: seldom the average, as
// people do.
func (c *customer) pause() time.Duration {
	return time.Duration(float64(c.l.w.plan.think) * min(c.rng.ExpFloat64(), 8))
}

// size draws how many bytes a payload has: most are near the least, few are long.
func (c *customer) size() int {
	p := &c.l.w.plan
	least := max(p.payloadMin, payloadHead)
	if p.payloadMax <= least {
		return least
	}
	x := c.rng.Float64()
	return least + int(float64(p.payloadMax-least)*x*x*x*x)
}

// batch draws how many commands are given at once.
func (c *customer) batch() int {
	if most := c.l.w.plan.images.batch; most > 0 && c.rng.IntN(3) > 0 {
		return 1 + c.rng.IntN(most)
	}
	if c.rng.IntN(8) == 0 {
		return 1 + c.rng.IntN(24)
	}
	return 1 + c.rng.IntN(3)
}
