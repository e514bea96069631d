package kv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"paxos/storage/kv/pages"
)

// written is how many bytes this process has given to write calls.
func written(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "wchar: %d", &n); err == nil {
			return n
		}
	}
	t.Fatal("the system does not tell what was written")
	return 0
}

func TestALargeValueIsNotWrittenAgainForThoseAfterIt(t *testing.T) {
	db := open(t, OpenBolt, filepath.Join(t.TempDir(), "db"))
	value := make([]byte, 200<<10)
	begin := written(t)
	const count = 30
	for n := range count {
		must(t, db.Update(func(tx Tx) error { return tx.Put("chunks", key(n), value) }))
	}
	if total := written(t) - begin; total > count*len(value)*5/4 {
		t.Errorf("%d values of %d bytes, one after the other, took %d bytes of writing", count, len(value), total)
	}
	must(t, db.Close())
}

// Values become large and small again, are deleted and cleared; what is read is
// always what was put.
func TestValuesOfAllSizesComeAndGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	rng := rand.New(rand.NewPCG(7, 8))
	db := open(t, OpenBolt, path)
	twin := map[string][]byte{}
	for range 40 {
		must(t, db.Update(func(tx Tx) error {
			for range 1 + rng.IntN(6) {
				k := key(rng.IntN(12))
				switch at := rng.IntN(10); {
				case at < 7:
					size := []int{0, 1, 100, largeValue - 1, largeValue, 3 * largeValue}[rng.IntN(6)]
					value := sealed(rng, size)
					must(t, tx.Put("b", k, value))
					twin[string(k)] = value
				case at < 9:
					must(t, tx.Delete("b", k))
					delete(twin, string(k))
				case rng.IntN(10) == 0:
					must(t, tx.Clear("b"))
					clear(twin)
				}
			}
			same(t, tx, twin) // within the transaction, too
			return nil
		}))
		must(t, db.View(func(tx Tx) error { same(t, tx, twin); return nil }))
		if rng.IntN(10) == 0 {
			must(t, db.Close())
			db = open(t, OpenBolt, path)
		}
	}
	must(t, db.Close())
}

func same(t *testing.T, tx Tx, twin map[string][]byte) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(twin))
	for _, k := range keys {
		if got := tx.Get("b", []byte(k)); !bytes.Equal(got, twin[k]) {
			t.Fatalf("key %x: %d bytes, want %d", k, len(got), len(twin[k]))
		}
	}
	var found []string
	must(t, tx.Each("b", nil, func(key, value []byte) error {
		if !bytes.Equal(value, twin[string(key)]) {
			t.Fatalf("key %x: %d bytes, want %d", key, len(value), len(twin[string(key)]))
		}
		found = append(found, string(key))
		return nil
	}))
	var named []string
	must(t, tx.Keys("b", nil, func(key []byte) error {
		named = append(named, string(key))
		return nil
	}))
	if !slices.Equal(found, keys) || !slices.Equal(named, keys) {
		t.Fatalf("found %x, and the keys %x, want %x", found, named, keys)
	}
}

// named returns where the root page of the bucket is named in an image, and where those
// of its large values are.
func named(t *testing.T, image []byte) (bucket int64, large []int64) {
	t.Helper()
	file := pages.New("db", bytes.NewReader(image), int64(len(image)))
	meta, _, err := file.Newest()
	must(t, err)
	w := file.Walk(meta, func(p pages.Problem) { t.Error(p) })
	must(t, w.Each(w.Root(), nil, func(e *pages.Element) error {
		bucket = e.ValueAt()
		tree, err := e.Tree()
		must(t, err)
		return w.Each(tree, nil, func(e *pages.Element) error {
			if e.Bucket {
				large = append(large, e.ValueAt())
			}
			return nil
		})
	}))
	return bucket, large
}

// bbolt would follow what leads back into a tree until the stack is full, which nobody
// can catch.
func TestBboltNeverGoesIntoADamagedBucketOfALargeValue(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(64 << 20)) // so that a failure ends soon
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	must(t, db.Update(func(tx Tx) error {
		for n := range 300 { // so that there are branch pages
			must(t, tx.Put("chunks", append(key(n), make([]byte, 100)...), sealed(rand.New(rand.NewPCG(1, 1)), largeValue)))
		}
		return nil
	}))
	must(t, db.Close())
	image := used(t, path)
	bucket, large := named(t, image)
	if len(large) != 300 {
		t.Fatalf("%d large values, want 300", len(large))
	}
	victim := append(key(7), make([]byte, 100)...)
	own := binary.LittleEndian.Uint64(image[large[7]:])
	page := int64(own) * boltPageBytes
	u64 := binary.LittleEndian.PutUint64
	for what, damage := range map[string]func(image []byte){
		"its root is the tree that it is in":     func(b []byte) { copy(b[large[7]:], b[bucket:bucket+8]) },
		"its root is a meta page":                func(b []byte) { u64(b[large[7]:], 1) },
		"its root is behind the end of the file": func(b []byte) { u64(b[large[7]:], 1<<40) },
		"its root is within its own value":       func(b []byte) { u64(b[large[7]:], 0) },
		"its page says that it is a branch":      func(b []byte) { b[page+8] = boltBranch },
		"its page has a bucket, itself":          func(b []byte) { b[page+boltHeader] = boltIsBucket; u64(b[page+boltHeader+16+1:], own) },
		"its value is longer than its page":      func(b []byte) { b[page+boltHeader+15] = 0x7f },
		"its page has two elements":              func(b []byte) { b[page+10] = 2 },
	} {
		for doing, do := range map[string]func(tx Tx) error{
			"get":       func(tx Tx) error { _ = tx.Get("chunks", victim); return nil },
			"walk":      func(tx Tx) error { return tx.Each("chunks", nil, func(_, _ []byte) error { return nil }) },
			"put":       func(tx Tx) error { return tx.Put("chunks", victim, make([]byte, largeValue)) },
			"put small": func(tx Tx) error { return tx.Put("chunks", victim, []byte("x")) },
			"delete":    func(tx Tx) error { return tx.Delete("chunks", victim) },
			"clear":     func(tx Tx) error { return tx.Clear("chunks") },
		} {
			damaged := bytes.Clone(image)
			damage(damaged)
			plant(t, path, damaged)
			db, err := OpenBolt(path, false)
			must(t, err)
			if err := db.Update(do); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s, and %s: %v", what, doing, err)
			}
			_ = db.Close()
		}
	}
}

func TestASmallBucketThatIsNoLeafIsFoundBeforeBboltOpens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	put(t, db, "a", "k", "1")
	must(t, db.Close())
	image := used(t, path)
	bucket, _ := named(t, image)
	image[bucket+boltBucket+8] = boltBranch
	plant(t, path, image)
	if _, err := OpenBolt(path, false); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want that the file is damaged", err)
	}
}

// wrong is how much a walk over an image finds wrong: problems of the pages, and values
// that are not whole or not there.
func wrong(image []byte, values int) (n int) {
	file := pages.New("db", bytes.NewReader(image), int64(len(image)))
	meta, problems, err := file.Newest()
	if err != nil {
		return 1
	}
	w := file.Walk(meta, func(pages.Problem) { n++ })
	_ = w.Each(w.Root(), nil, func(e *pages.Element) error {
		tree, err := e.Tree()
		if err != nil {
			n++
			return nil
		}
		return w.Values(tree, nil, func(e *pages.Element) error {
			if value, err := e.Value(nil); err != nil || !whole(value) {
				n++
			}
			values--
			return nil
		})
	})
	w.Rest()
	if values != 0 {
		n++
	}
	return n + len(problems)
}

func TestEveryFlippedByteAroundALargeValueIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	rng := rand.New(rand.NewPCG(3, 1))
	must(t, db.Update(func(tx Tx) error {
		for n := range 3 {
			must(t, tx.Put("chunks", key(n), sealed(rng, largeValue)))
		}
		return nil
	}))
	must(t, db.Close())
	image := used(t, path)
	if n := wrong(image, 3); n != 0 {
		t.Fatalf("%d things are wrong with a whole file", n)
	}
	_, large := named(t, image)
	page := int64(binary.LittleEndian.Uint64(image[large[1]:])) * boltPageBytes
	for _, part := range [][2]int64{{large[1], 16}, {page, 16 + 16 + 1}} { // root and sequence; header, entry, key
		for at := part[0]; at < part[0]+part[1]; at++ {
			image[at] ^= 1 << (at % 8)
			if wrong(image, 3) == 0 {
				t.Errorf("the changed byte %d is not found: %d from the bucket's root, %d from its page", at, at-large[1], at-page)
			}
			image[at] ^= 1 << (at % 8)
		}
	}
}
