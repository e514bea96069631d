package kv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"paxos/storage/kv/pages"
)

// wideKey is long, so that few of them make a tree of three levels.
func wideKey(n int) []byte { return append(key(n), make([]byte, 400)...) }

const wideKeys = 376

// wideTree is a database's file with such a tree, and where its leaves are; edge is the first
// of the three below the last branch page.
func wideTree(t *testing.T, path string) (image []byte, root uint64, leaves []uint64, edge int) {
	t.Helper()
	db := open(t, OpenBolt, path)
	must(t, db.Update(func(tx Tx) error {
		for n := range wideKeys {
			must(t, tx.Put("b", wideKey(n), bytes.Repeat([]byte{byte(n)}, 50)))
		}
		return nil
	}))
	must(t, db.Close())
	image = used(t, path)
	bucket, _ := named(t, image)
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	b := &boltFile{path: path, file: file, pages: uint64(len(image)) / boltPageBytes}
	root = binary.LittleEndian.Uint64(image[bucket:])
	p, err := b.descend(root, nil)
	must(t, err)
	levels := len(p.steps)
	for first := []byte{}; first != nil; {
		if p.last().at == 0 {
			edge = len(leaves)
		}
		leaves = append(leaves, p.end())
		first, err = p.next()
		must(t, err)
	}
	if len(leaves)-edge != 3 {
		t.Fatalf("%d leaves below the last branch page, want 3: too many for bbolt to join it with the page before", len(leaves)-edge)
	}
	if levels < 2 || len(leaves) < 30 {
		t.Fatalf("%d leaves below %d levels of branch pages: too few to show anything", len(leaves), levels)
	}
	return image, root, leaves, edge
}

// keysOf are the keys of a leaf.
func keysOf(image []byte, leaf uint64) (keys [][]byte) {
	page := image[leaf*boltPageBytes:]
	for i := range int(binary.LittleEndian.Uint16(page[10:])) {
		e := page[boltHeader+16*i:]
		at := binary.LittleEndian.Uint32(e[4:])
		keys = append(keys, bytes.Clone(e[at:at+binary.LittleEndian.Uint32(e[8:])]))
	}
	return keys
}

// disguise makes a branch page of a leaf, with its first key, which leads to another page.
func disguise(image []byte, leaf, child uint64, count int) {
	first := keysOf(image, leaf)[0]
	page := image[leaf*boltPageBytes : (leaf+1)*boltPageBytes]
	clear(page[8:])
	le := binary.LittleEndian
	page[8] = boltBranch
	le.PutUint16(page[10:], uint16(count))
	for i := range count {
		e := page[boltHeader+16*i:]
		at := 16*(count-i) + len(first)*i
		le.PutUint32(e, uint32(at))
		le.PutUint32(e[4:], uint32(len(first)))
		le.PutUint64(e[8:], child)
		copy(e[at:], first)
		e[at+len(first)-1] = byte(i)
	}
}

// What can be done near a leaf: in it, beside it, and over all. Those that are farther are two
// leaves behind the one behind it.
func doNear(before, keys, behind, farther [][]byte) map[string]func(tx Tx) error {
	nothing := func(_, _ []byte) error { return nil }
	return map[string]func(tx Tx) error{
		"get":           func(tx Tx) error { _ = tx.Get("b", keys[1]); return nil },
		"put":           func(tx Tx) error { return tx.Put("b", keys[1], []byte("x")) },
		"put large":     func(tx Tx) error { return tx.Put("b", keys[1], make([]byte, largeValue)) },
		"delete":        func(tx Tx) error { return tx.Delete("b", keys[1]) },
		"walk":          func(tx Tx) error { return tx.Each("b", nil, nothing) },
		"walk to it":    func(tx Tx) error { return tx.Each("b", before[len(before)-1], nothing) },
		"keys":          func(tx Tx) error { return tx.Keys("b", keys[0], func([]byte) error { return nil }) },
		"clear":         func(tx Tx) error { return tx.Clear("b") },
		"delete before": func(tx Tx) error { return deleteAll(tx, before) },
		"delete behind": func(tx Tx) error { return deleteAll(tx, behind) },
		"delete most behind and farther": func(tx Tx) error { // which may join the branch pages above, first
			return errors.Join(deleteAll(tx, behind[1:]), deleteAll(tx, farther[1:]))
		},
		"walk over what was deleted": func(tx Tx) error {
			return errors.Join(deleteAll(tx, before), tx.Each("b", nil, nothing))
		},
	}
}

func deleteAll(tx Tx, keys [][]byte) error {
	for _, k := range keys {
		if err := tx.Delete("b", k); err != nil {
			return err
		}
	}
	return nil
}

// The file opens, for not all leaves are read before; and bbolt would descend until the
// stack is full, walk for ever, or walk as often as there are ways.
func TestBboltNeverDescendsToABranchPageAmongLeaves(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(64 << 20)) // so that a failure ends soon
	saved := boltMapBytes
	defer func() { boltMapBytes = saved }()
	boltMapBytes = 1 << 20 // maps stay where damage was met
	path := filepath.Join(t.TempDir(), "db")
	image, root, leaves, edge := wideTree(t, path)
	refused := 0
	for _, at := range []int{1, len(leaves) / 2, edge - 1, edge, len(leaves) - 2} {
		leaf, farther := leaves[at], leaves[min(at+3, len(leaves)-1)]
		near := doNear(keysOf(image, leaves[at-1]), keysOf(image, leaf), keysOf(image, leaves[at+1]), keysOf(image, farther))
		for what, child := range map[string]uint64{"itself": leaf, "the root": root, "another leaf": leaves[0]} {
			for doing, do := range near {
				damaged := bytes.Clone(image)
				disguise(damaged, leaf, child, 3)
				plant(t, path, damaged)
				db, err := OpenBolt(path, false)
				must(t, err)
				harmless := doing == "get" && child == leaves[0] // it ends, and finds nothing
				if err := db.Update(do); !errors.Is(err, ErrCorrupt) && !harmless {
					t.Errorf("leaf %d leads to %s, and %s: %v", at, what, doing, err)
				}
				_ = db.Close()
				refused++
			}
		}
	}
	if refused != 180 {
		t.Errorf("%d of 180 were tried", refused)
	}
}

// A cursor goes from leaf to leaf without asking; that the way is ahead of it follows from
// the keys with which leaves begin.
func TestALeafThatBeginsWithAnotherKeyIsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	image, _, leaves, _ := wideTree(t, path)
	for what, damage := range map[string]func(page []byte){
		"a lower key":                   func(page []byte) { page[boltHeader+binary.LittleEndian.Uint32(page[boltHeader+4:])+7]-- },
		"a shorter key":                 func(page []byte) { page[boltHeader+8]-- },
		"no key":                        func(page []byte) { page[10] = 0 },
		"a key that is not in the page": func(page []byte) { binary.LittleEndian.PutUint32(page[boltHeader+4:], 1<<31) },
	} {
		damaged := bytes.Clone(image)
		damage(damaged[leaves[5]*boltPageBytes:])
		plant(t, path, damaged)
		db, err := OpenBolt(path, false)
		must(t, err)
		err = db.View(func(tx Tx) error { return tx.Keys("b", nil, func([]byte) error { return nil }) })
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
		_ = db.Close()
	}
}

// Long keys make branch pages that run over several pages.
func TestTheWayLeadsThroughLongBranchPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	for _, size := range []int{1500, 5000, pages.MaxKeyBytes} {
		long := func(n int) []byte { return append(key(n), make([]byte, size-8)...) }
		must(t, db.Update(func(tx Tx) error {
			must(t, tx.Clear("b"))
			for n := range 40 {
				must(t, tx.Put("b", long(n), key(n)))
			}
			return nil
		}))
		must(t, db.Update(func(tx Tx) error {
			for n := range 40 {
				if n%3 == 0 {
					must(t, tx.Delete("b", long(n)))
				}
			}
			return nil
		}))
		found := 0
		must(t, db.View(func(tx Tx) error {
			for n := range 40 {
				if got := tx.Get("b", long(n)); (got == nil) != (n%3 == 0) {
					t.Errorf("key %d of %d bytes: %x", n, size, got)
				}
			}
			return tx.Keys("b", nil, func([]byte) error { found++; return nil })
		}))
		if found != 26 {
			t.Errorf("%d keys of %d bytes, want 26", found, size)
		}
	}
	must(t, db.Close())
}

// However a tree was changed, the way leads to every key.
func TestTheWayLeadsToEveryKeyOfATreeThatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	wideTree(t, path)
	db := open(t, OpenBolt, path)
	for round := range 12 {
		must(t, db.Update(func(tx Tx) error {
			for n := range wideKeys {
				switch {
				case (n/17+round)%4 == 0:
					must(t, tx.Delete("b", wideKey(n)))
				case (n/13+round)%5 == 0:
					must(t, tx.Put("b", wideKey(n), fmt.Append(nil, round)))
				case round == 7:
					must(t, tx.Delete("b", wideKey(n)))
				}
			}
			return nil
		}))
		must(t, db.View(func(tx Tx) error {
			return tx.Each("b", nil, func(key, value []byte) error {
				if got := tx.Get("b", key); !bytes.Equal(got, value) {
					t.Errorf("round %d: key %x has %d bytes, in the walk %d", round, key[:8], len(got), len(value))
				}
				return nil
			})
		}))
	}
	must(t, db.Close())
}
