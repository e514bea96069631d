package kv

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// FuzzBoltFile damages a database's file anywhere, or cuts it: it opens and reads, or is found damaged; it never
// panics, hangs, or fails in another way.
func FuzzBoltFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "db")
	db := open(f, OpenBolt, path)
	fill(f, db, rand.New(rand.NewPCG(1, 2)), 0, 40)
	must(f, db.Close())
	image := used(f, path)
	f.Add(uint32(0), []byte{}, uint32(0), false)
	f.Add(uint32(8), []byte{1, 2, 3, 4}, uint32(0), false)                           // a meta page's type
	f.Add(uint32(boltPageBytes+boltHeader), []byte{0xff}, uint32(0), false)          // the other one's magic
	f.Add(uint32(3*boltPageBytes+boltHeader), []byte{0xff, 0xff}, uint32(0), false)  // a table of places
	f.Add(uint32(2*boltPageBytes+8), []byte{0x10, 0, 0xff, 0xff}, uint32(0), false)  // the free list's length
	f.Add(uint32(0), []byte{}, uint32(boltPageBytes+1), false)                       // cut
	f.Add(uint32(4*boltPageBytes), make([]byte, boltPageBytes), uint32(9000), false) // both
	f.Add(uint32(boltHeader+16), []byte{1, 2}, uint32(0), true)                      // the root of both
	f.Add(uint32(boltPageBytes+boltHeader+40), []byte{0, 0, 0xff}, uint32(0), true)
	f.Fuzz(func(t *testing.T, at uint32, damage []byte, cut uint32, mended bool) {
		damaged := append([]byte(nil), image[:len(image)-int(cut)%len(image)]...)
		for i, b := range damage {
			damaged[(int(at)+i)%len(damaged)] ^= b
		}
		if mended {
			mend(damaged)
		}
		path := filepath.Join(t.TempDir(), "db")
		plant(t, path, damaged)
		if _, err := readAll(t, path); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
	})
}

// mend puts the right checksums on the meta pages, to get past them.
func mend(image []byte) {
	for _, page := range []int{0, boltPageBytes} {
		if meta := image[min(page+boltHeader, len(image)):]; len(meta) >= 64 {
			sum := fnv.New64a()
			sum.Write(meta[:56])
			binary.LittleEndian.PutUint64(meta[56:], sum.Sum64())
		}
	}
}
