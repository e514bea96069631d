package sealed

// windowWords times 64 is how far, in numbers, a datagram may be overtaken and
// still be told from a repeated one: 2,048, of which up to 63 are forgotten early
// because the window moves by whole words. At 100,000 datagrams a second that is
// 20 ms. A receiver takes the datagrams of one group from one queue in which they
// stand as they arrived, so that only the network can bring them out of order.
const windowWords = 32

// window remembers which numbers of one sender's datagrams to one group were
// heard. The zero value has heard nothing.
type window struct {
	front uint64              // the word that the highest number heard is in
	heard [windowWords]uint64 // a ring of words, front and those before it
}

// admit reports whether number is heard for the first time, and remembers it. What
// is too far behind to know counts as heard: a lost datagram does no harm.
func (w *window) admit(number uint32) bool {
	word, bit := uint64(number/64), uint64(1)<<(number%64)
	if w.front >= windowWords+word {
		return false
	}
	w.advance(word)
	slot := &w.heard[word%windowWords]
	if *slot&bit != 0 {
		return false
	}
	*slot |= bit
	return true
}

// advance makes word the front if it is ahead of it, and forgets what falls out.
func (w *window) advance(word uint64) {
	for next := max(w.front+1, word-min(word, windowWords-1)); next <= word; next++ {
		w.heard[next%windowWords] = 0
	}
	w.front = max(w.front, word)
}
