package inspect

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// largeStore makes a store with so many entries of 64 random bytes. With
// PAXOS_INSPECT_STORE in the environment it is made, or found, in that folder, for
// the program to be tried on.
func largeStore(b *testing.B) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "server-2")
	if kept := os.Getenv("PAXOS_INSPECT_STORE"); kept != "" {
		dir = kept
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
	}
	entries := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("PAXOS_INSPECT_ENTRIES")); err == nil {
		entries = n
	}
	m := newMaker(b, dir, 4<<20)
	m.size = 64
	for n := 0; n < entries; n += 500 {
		m.decide(m.values(500))
		if n%50_000 == 0 {
			m.checkpoint()
		}
	}
	m.checkpoint()
	m.close()
	return dir
}

func BenchmarkVerify(b *testing.B) {
	dir := largeStore(b)
	for b.Loop() {
		f, err := Open(dir, Options{})
		must(b, err)
		sum, err := f.Verify(b.Context(), func(x Finding) { b.Error(x) })
		must(b, err)
		must(b, f.Close())
		b.SetBytes(sum.Bytes)
	}
}
