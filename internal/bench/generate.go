package bench

import (
	"io"
	"math/rand/v2"
	"time"
)

// Generate returns a source of payloads of random bytes, for a client that
// makes its own load: it ends when the time is up, counted from the first call.
func Generate(size int, length time.Duration) func() ([]byte, error) {
	pool := make([]byte, 1<<20+size)
	rng := rand.NewChaCha8([32]byte{byte(rand.Uint32())})
	_, _ = rng.Read(pool)
	at, calls := 0, 0
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
		if at += size; at > 1<<20 {
			at = int(rng.Uint64() % 64)
		}
		return pool[at : at+size], nil
	}
}
