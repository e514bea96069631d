package scratch

const (
	// period is how many uses are looked at together.
	period = 256
	// slack is how many times what is needed a buffer may be. Less would have those
	// that are needed now and then made anew each time.
	slack = 4
	// least is not worth giving back, in bytes.
	least = 16 << 10
)

// Keeper decides whether a buffer's memory is kept. The zero value is ready.
type Keeper struct {
	uses int // in this period
	most int // bytes that one of them needed
}

// Emptied is called after each use with the buffer as it was used, and returns the one
// for the next: the same, emptied, or a smaller one after a period in which a fraction of it was
// enough.
func (k *Keeper) Emptied(b []byte) []byte {
	k.uses, k.most = k.uses+1, max(k.most, len(b))
	if k.uses < period {
		return b[:0]
	}
	enough := slack * max(k.most, least)
	most := k.most
	*k = Keeper{}
	if cap(b) <= enough {
		return b[:0]
	}
	return make([]byte, 0, most)
}
