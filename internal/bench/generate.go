package bench

import (
	"io"
	"math/rand/v2"
	"time"
)

// pool cuts payloads out of random bytes.
type pool struct {
	bytes []byte
	rng   *rand.ChaCha8
	at    int
}

func newPool() *pool {
	p := &pool{bytes: make([]byte, 1<<20), rng: rand.NewChaCha8([32]byte{byte(rand.Uint32())})}
	_, _ = p.rng.Read(p.bytes)
	return p
}

// next returns the next n bytes, or begins again, somewhere else than before.
func (p *pool) next(n int) []byte {
	if p.at+n > len(p.bytes) {
		p.at = int(p.rng.Uint64() % 64)
	}
	p.at += n
	return p.bytes[p.at-n : p.at]
}

// Generate returns a source of payloads of random bytes, for a client that
// makes its own load: it ends when the time is up, counted from the first call.
func Generate(size int, length time.Duration) func() ([]byte, error) {
	payloads := newPool()
	calls := 0
	var end time.Time
	return func() ([]byte, error) {
		if calls%64 == 0 { // the clock costs more than the rest
			now := time.Now()
			if calls == 0 {
				end = now.Add(length)
			} else if now.After(end) {
				return nil, io.EOF
			}
		}
		calls++
		return payloads.next(size), nil
	}
}
