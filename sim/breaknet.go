package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// breakPartition cuts the network into two sides.
func breakPartition(w *world, f *Fault, r *rand.Rand) func() { return breakNetwork(w, f, r, false) }

// breakOneWay lets nothing through from one side to the other, but all from the
// other to the one.
func breakOneWay(w *world, f *Fault, r *rand.Rand) func() { return breakNetwork(w, f, r, true) }

// breakNetwork cuts off one machine, or a random half of all, clients included.
func breakNetwork(w *world, f *Fault, r *rand.Rand, oneWay bool) func() {
	c := &cut{oneWay: oneWay}
	alone := w.victim(r, anybody)
	far := r.IntN(2) // the side of who is cut off: it may not hear, or may not be heard
	if r.IntN(2) == 0 && alone != nil {
		c.side = func(e *endpoint) int {
			if e.host == alone {
				return far
			}
			return 1 - far
		}
	} else {
		number := uint64(f.Number)
		c.side = func(e *endpoint) int { return w.random("side", number, e.key).IntN(2) }
	}
	w.done(f, w.sideOf(c, 1), "cut off")
	if oneWay {
		f.What = "hears nobody else"
	}
	return w.network.cutOff(c)
}

// sideOf names the hosts of one side.
func (w *world) sideOf(c *cut, side int) string {
	var names []string
	for _, h := range w.hosts {
		if !h.gone && c.sideOf(h.end) == side {
			names = append(names, fmt.Sprint(h))
		}
	}
	return strings.Join(names, " ")
}
