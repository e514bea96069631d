package list

import "paxos/protocol"

// results are the places in the list of a session's last commands: always
// exactly the last min(last seq, SessionWindow) of them. Commands that stand
// side by side in the list share a span. Seqs need not be stored: spans follow
// each other in seq order up to the session's last.
type results struct {
	ring    []span // its length is 0 or a power of two
	first   int    // where in ring the oldest span is
	n       int    // how many spans there are
	covered int    // how many commands they hold
}

// span is commands that stand side by side in the list: the index after the
// last of them in the upper 53 bits, their number (1 to SessionWindow) below.
type span uint64

const spanCountBits = 11

func makeSpan(end uint64, count int) span { return span(end<<spanCountBits | uint64(count)) }

func (s span) end() uint64 { return uint64(s >> spanCountBits) }
func (s span) count() int  { return int(s & (1<<spanCountBits - 1)) }

func (r *results) at(i int) *span { return &r.ring[(r.first+i)&(len(r.ring)-1)] }

// add notes that the session's next count commands stand before index end.
func (r *results) add(end uint64, count int) {
	start := end - uint64(count)
	count = min(count, protocol.SessionWindow)
	if r.n > 0 {
		if newest := r.at(r.n - 1); newest.end() == start {
			r.covered -= newest.count()
			count = min(count+newest.count(), protocol.SessionWindow)
			r.n--
		}
	}
	r.trim(protocol.SessionWindow - count)
	r.push(makeSpan(end, count))
}

// trim forgets the oldest commands until at most most are left.
func (r *results) trim(most int) {
	for r.covered > most {
		oldest := r.at(0)
		if excess := r.covered - most; excess < oldest.count() {
			*oldest = makeSpan(oldest.end(), oldest.count()-excess)
			r.covered = most
			return
		}
		r.covered -= oldest.count()
		r.first = (r.first + 1) & (len(r.ring) - 1)
		r.n--
	}
}

func (r *results) push(s span) {
	if r.n == len(r.ring) {
		r.grow()
	}
	r.n++
	r.covered += s.count()
	*r.at(r.n - 1) = s
}

func (r *results) grow() {
	bigger := make([]span, max(4, 2*len(r.ring)))
	for i := range r.n {
		bigger[i] = *r.at(i)
	}
	r.ring, r.first = bigger, 0
}

// find returns the index of the command that is back seqs before the last one.
func (r *results) find(back uint64) (index uint64, ok bool) {
	if back >= uint64(r.covered) {
		return 0, false
	}
	for i := r.n - 1; ; i-- {
		s := *r.at(i)
		if back < uint64(s.count()) {
			return s.end() - 1 - back, true
		}
		back -= uint64(s.count())
	}
}
