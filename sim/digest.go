package sim

// digest gathers the logical content of all events into one number.
type digest struct{ sum uint64 }

// add mixes a number in (FNV-1a by words, with a final stir by the multiplication).
func (d *digest) add(x uint64) { d.sum = (d.sum ^ x) * 0x9e3779b97f4a7c15; d.sum ^= d.sum >> 29 }
