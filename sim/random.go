package sim

import (
	"hash/fnv"
	"math/rand/v2"
)

// random is a source of randomness of its own for one purpose: what others draw,
// or do not draw, changes nothing about it. So a fault can be left out of a run
// without another one becoming a different fault.
func (w *world) random(purpose string, numbers ...uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose)) // a hash never fails
	var b [8]byte
	for _, n := range numbers {
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		h.Write(b[:])
	}
	return rand.New(rand.NewPCG(w.options.Seed, h.Sum64()))
}
