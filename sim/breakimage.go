package sim

import (
	"fmt"
	"math/rand/v2"
)

// ambush ends a process as soon as it is in the midst of an image. Where a process that
// was asked for something ends by chance, that is seldom.
type ambush struct {
	end func() // nil: there is none
	at  doing
}

// crashInAnImage lets a process end while it writes an image, or is restored from one;
// or it is away for a while, and ends again while it fetches what it has missed.
func crashInAnImage(w *world, f *Fault, r *rand.Rand, h *host) func() {
	a := ambush{pick(r, h.crash, h.kill), pick(r, writing, restoring, fetching, fetching)}
	w.done(f, fmt.Sprint(h), fmt.Sprintf("will end while %s an image", a.at))
	if a.at != fetching {
		h.ambush = a
		return func() { h.ambush = ambush{} }
	}
	h.hold()
	h.kill()
	return func() {
		if !w.healed {
			h.ambush = a
		}
		h.release()
	}
}

// ambushed ends a process that is where it shall end, and reports it.
func (h *host) ambushed() bool {
	if h.ambush.end == nil || h.midst() != h.ambush.at || h.rng.IntN(3) == 0 {
		return false
	}
	end := h.ambush.end
	h.ambush = ambush{}
	end()
	h.startSoon()
	return true
}
