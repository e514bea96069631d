package linearizable

// Prefix is the list up to some length: a state of the model. It is never
// changed; Append makes the next one, which shares everything with this one. It is
// compared by its length and hash, in constant time.
type Prefix struct {
	last   *Prefix // one entry shorter
	jump   *Prefix // much shorter, to find an entry in logarithmic time
	length int64
	value  int64 // of the last entry
	hash   uint64
}

// empty is the list without entries.
func empty() *Prefix {
	p := &Prefix{hash: hashOfNothing}
	p.last, p.jump = p, p
	return p
}

// Length is how many entries there are.
func (p *Prefix) Length() int64 { return p.length }

// Append is the list with one value more.
//
// The jumps are those of Myers, "An applicative random-access stack" (1983): two
// jumps over equally many entries are followed by one over both.
func (p *Prefix) Append(value int64) *Prefix {
	next := &Prefix{last: p, jump: p, length: p.length + 1, value: value, hash: extend(p.hash, value)}
	if p.length-p.jump.length == p.jump.length-p.jump.jump.length {
		next.jump = p.jump.jump
	}
	return next
}

// First is the list's first entries, length of them; it must have so many.
func (p *Prefix) First(length int64) *Prefix {
	for p.length > length {
		if p.jump.length >= length {
			p = p.jump
		} else {
			p = p.last
		}
	}
	return p
}

// At is the entry with an index, which must be below the length.
func (p *Prefix) At(index int64) int64 { return p.First(index + 1).value }

func (p *Prefix) equal(q *Prefix) bool { return p.length == q.length && p.hash == q.hash }

// Sum is a hash of a list, from a hash of all but its last value. The histories
// have no adversary, and so 64 bits suffice.
type Sum struct {
	Length int64
	Hash   uint64
}

const hashOfNothing = 0x9e3779b97f4a7c15

// NewSum is that of the list without entries.
func NewSum() Sum { return Sum{Hash: hashOfNothing} }

// Add takes the list's next value.
func (s *Sum) Add(value int64) { s.Length, s.Hash = s.Length+1, extend(s.Hash, value) }

// extend mixes a value into the hash of what stands before it (the finalizer of
// splitmix64, which is a bijection, so that another value always makes another hash).
func extend(hash uint64, value int64) uint64 {
	h := hash*0xd6e8feb86659fd93 + uint64(value)
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
