package load

import "math/rand/v2"

const poolBytes = 1 << 20

// Payloads cuts payloads out of a pool of random letters that never changes, so
// that a system may keep them without copying.
type Payloads struct {
	pool []byte
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// NewPayloads makes a pool for payloads of up to 64 KiB.
func NewPayloads() *Payloads {
	rng := rand.New(rand.NewPCG(rand.Uint64(), 1))
	p := &Payloads{make([]byte, poolBytes)}
	for i := range p.pool {
		p.pool[i] = letters[rng.IntN(len(letters))]
	}
	return p
}

// Cut returns the payload of n bytes that is the i-th of its caller.
func (p *Payloads) Cut(caller int, i uint64, n int) []byte {
	at := int((uint64(caller)*7919 + i*uint64(n)) % uint64(len(p.pool)-n))
	return p.pool[at : at+n : at+n]
}
