package sim

// A learner hands the list's entries out, in order, from where it is told: here to
// a check that none is left out and none comes twice in a life.

// feedFrom is from where on a learner hands out entries in its next life: sometimes
// from the beginning.
func (h *host) feedFrom() uint64 {
	if h.rng.IntN(3) == 0 {
		h.fed = 0
	}
	return h.fed
}

func (h *host) entries(first uint64, count int, block []byte) error {
	if first != h.fed {
		h.w.fail("feed", "%v hands out the entries from %d on, but %d were handed out before", h, first, h.fed)
	}
	h.w.judge.handed(h, first, count, block)
	h.fed += uint64(count)
	return nil
}
