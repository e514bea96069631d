package kv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"
)

func key(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// sealed makes a value that shows whether it is whole.
func sealed(rng *rand.Rand, n int) []byte {
	v := make([]byte, n)
	for i := range v {
		v[i] = byte(rng.Uint32())
	}
	return binary.LittleEndian.AppendUint32(v, crc32.ChecksumIEEE(v))
}

func whole(v []byte) bool {
	n := len(v) - 4
	return n >= 0 && crc32.ChecksumIEEE(v[:n]) == binary.LittleEndian.Uint32(v[n:])
}

// fill puts chunks of a few sizes and a counter, in several transactions.
func fill(t testing.TB, db DB, rng *rand.Rand, from, to int) {
	t.Helper()
	for n := from; n < to; n += 5 {
		must(t, db.Update(func(tx Tx) error {
			for i := n; i < n+5; i++ {
				must(t, tx.Put("chunks", key(i), sealed(rng, 1+rng.IntN(3*boltPageBytes))))
			}
			return tx.Put("meta", []byte("count"), sealed(rng, 100))
		}))
	}
}

// readAll reads everything in a file; any error but ErrCorrupt is a failure of
// the test, and so is a panic. It returns how many whole values there were.
func readAll(t *testing.T, path string) (count int, err error) {
	t.Helper()
	db, err := OpenBolt(path, false)
	if err == nil {
		for _, b := range []Bucket{"chunks", "meta"} {
			err = errors.Join(err, db.View(func(tx Tx) error {
				return tx.Each(b, nil, func(key, value []byte) error {
					if whole(value) {
						count++
					}
					return nil
				})
			}))
		}
		err = errors.Join(err, db.Close())
	}
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Errorf("an error of another class: %v", err)
	}
	return count, err
}

// plant writes a file afresh. (Writing over one makes some file systems flush it.)
func plant(t *testing.T, path string, image []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	must(t, os.WriteFile(path, image, 0o600))
}

func boltImage(t *testing.T, values int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	fill(t, db, rand.New(rand.NewPCG(1, 2)), 0, values)
	must(t, db.Close())
	return used(t, path)
}

// used reads the pages of a file that are in use; what follows is a hole.
func used(t testing.TB, path string) []byte {
	t.Helper()
	image, err := os.ReadFile(path)
	must(t, err)
	return image[:newest(image).pages*boltPageBytes]
}

func newest(image []byte) boltMeta {
	a, okA := decodeBoltMeta(image[boltHeader:])
	b, okB := decodeBoltMeta(image[boltPageBytes+boltHeader:])
	if okA && (!okB || a.transaction > b.transaction) {
		return a
	}
	return b
}

func TestDamagedPagesAreErrorsAndNeverPanics(t *testing.T) {
	image := boltImage(t, 150)
	path := filepath.Join(t.TempDir(), "db")
	rng := rand.New(rand.NewPCG(3, 4))
	caught := 0
	for range 400 {
		damaged := bytes.Clone(image)
		// Any page; mostly in its header and table, where the structure is.
		at := rng.IntN(len(image)/boltPageBytes) * boltPageBytes
		at += rng.IntN([]int{boltHeader, 128, boltPageBytes}[rng.IntN(3)])
		damaged[at] ^= 1 << rng.IntN(8)
		plant(t, path, damaged)
		count, err := readAll(t, path)
		if err != nil {
			caught++
		} else if count > 151 {
			t.Fatalf("%d whole values out of 151", count)
		}
	}
	if caught < 20 {
		t.Errorf("only %d of 400 were noticed by bbolt or the inspection", caught)
	}
}

// A branch page that leads back to the root would make bbolt recurse until the
// stack is full, which no recover can catch.
func TestACircleAmongBranchPagesIsFoundBeforeBboltOpens(t *testing.T) {
	image := boltImage(t, 900)
	circles := 0
	for at := 2 * boltPageBytes; at < len(image); at += boltPageBytes {
		page := image[at:]
		if binary.LittleEndian.Uint16(page[8:]) != boltBranch || binary.LittleEndian.Uint64(page) != uint64(at/boltPageBytes) {
			continue
		}
		damaged := bytes.Clone(image)
		copy(damaged[at+boltHeader+8:], page[:8]) // the first child is the page itself
		path := filepath.Join(t.TempDir(), "db")
		plant(t, path, damaged)
		if err := inspectBolt(path); errors.Is(err, ErrCorrupt) {
			circles++
		}
		_, _ = readAll(t, path)
	}
	if circles == 0 {
		t.Error("no branch page in use was tried")
	}
}

func TestATornMetaPageLeavesTheTransactionBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	put(t, db, "a", "k", "1")
	put(t, db, "a", "k", "2")
	must(t, db.Close())
	image := used(t, path)
	want := map[int]string{}
	for page := range 2 {
		damaged := bytes.Clone(image)
		clear(damaged[page*boltPageBytes+40 : page*boltPageBytes+512])
		plant(t, path, damaged)
		db := open(t, OpenBolt, path)
		want[page] = content(t, db, "a", "")
		must(t, db.Close())
	}
	if want[0]+want[1] != "k=1k=2" && want[0]+want[1] != "k=2k=1" {
		t.Errorf("without meta page 0 %q, without 1 %q", want[0], want[1])
	}
	clear(image[:2*boltPageBytes])
	plant(t, path, image)
	if _, err := OpenBolt(path, true); !errors.Is(err, ErrCorrupt) {
		t.Errorf("without both: %v", err)
	}
}

func TestACutFileIsFoundOut(t *testing.T) {
	image := boltImage(t, 100)
	path := filepath.Join(t.TempDir(), "db")
	for size := 0; size < len(image); size += 5*boltPageBytes + 1001 {
		plant(t, path, image[:size])
		if count, err := readAll(t, path); err == nil && count != 101 {
			t.Errorf("%d of %d bytes: %d values and no error", size, len(image), count)
		}
	}
}

// A file that is cut under bbolt's feet makes its memory map fault.
func TestAFaultOfTheMemoryMapIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	fill(t, db, rand.New(rand.NewPCG(1, 2)), 0, 100)
	must(t, os.Truncate(path, 4*boltPageBytes))
	read := func() error {
		return db.View(func(tx Tx) error {
			return tx.Each("chunks", nil, func(_, v []byte) error {
				if !whole(v) {
					return errors.New("not whole")
				}
				return nil
			})
		})
	}
	first := read()
	if !errors.Is(first, ErrCorrupt) {
		t.Errorf("read: %v", first)
	}
	if err := read(); err != first { //nolint:errorlint // the very error
		t.Errorf("again: %v", err)
	}
	if err := db.Update(func(Tx) error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Errorf("update: %v", err)
	}
	must(t, db.Close())
	if debug.SetPanicOnFault(false) {
		t.Error("the goroutine was left panicking on faults")
	}
}

// A copy taken while transactions are written is what a crash leaves at worst:
// pages of a commit there or not, in any order, the last ones torn. Committed
// states come first; a copy that mixes two is corrupt or shows whole values.
func TestCrashCopiesReopenToACommittedState(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "db"), filepath.Join(dir, "copy")
	db := open(t, OpenBolt, path)
	rng := rand.New(rand.NewPCG(5, 6))
	var before []byte
	for round := range 25 {
		must(t, db.Update(func(tx Tx) error {
			for i := range 3 {
				must(t, tx.Put("chunks", key(3*round+i), sealed(rng, rng.IntN(2*boltPageBytes))))
			}
			return tx.Put("meta", []byte("round"), fmt.Append(nil, round))
		}))
		after := used(t, path)
		if round > 0 {
			plant(t, copied, halfCommitted(rng, before, after))
			checkRound(t, copied, round)
		}
		before = after
	}
}

// halfCommitted is a crash within the commit that leads from one image to the
// next: data pages reached the disk or not; the meta page only after all of
// them did (bbolt syncs in between), and torn perhaps.
func halfCommitted(rng *rand.Rand, before, after []byte) []byte {
	image := append(bytes.Clone(before), make([]byte, max(0, len(after)-len(before)))...)
	all := rng.IntN(2) == 0
	for at := 2 * boltPageBytes; at < len(after); at += 512 {
		if all || rng.IntN(2) == 0 {
			copy(image[at:at+512], after[at:])
		}
	}
	if all {
		copy(image[:2*boltPageBytes], after[:rng.IntN(2*boltPageBytes+1)])
	}
	return image
}

// checkRound expects the state after this round or after the one before.
func checkRound(t *testing.T, path string, round int) {
	t.Helper()
	db, err := OpenBolt(path, false)
	must(t, err)
	defer db.Close()
	must(t, db.View(func(tx Tx) error {
		state := 0
		if _, err := fmt.Sscan(string(tx.Get("meta", []byte("round"))), &state); err != nil || state < round-1 || state > round {
			t.Errorf("round %d: found the state of round %d (%v)", round, state, err)
		}
		for i := range 3 * (state + 1) {
			if !whole(tx.Get("chunks", key(i))) {
				t.Errorf("round %d: value %d is not whole", round, i)
			}
		}
		return nil
	}))
}

func TestAHalfMadeFileIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	must(t, os.WriteFile(path+".new", []byte("half"), 0o600))
	if _, err := OpenBolt(path, false); !errors.Is(err, ErrAbsent) {
		t.Errorf("half-made: %v", err)
	}
	put(t, open(t, OpenBolt, path), "a", "k", "v")
}

func TestAFullDiskIsRecognisedWhereBboltForgetsTheErrno(t *testing.T) {
	lost := fmt.Errorf("file resize error: %s", error(unix.ENOSPC))
	if err := boltError("db", "write", lost); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%v", err)
	}
}

func BenchmarkBoltPutsOf4MiB(b *testing.B) {
	db, err := OpenBolt(filepath.Join(b.TempDir(), "db"), true)
	must(b, err)
	defer db.Close()
	value := make([]byte, 64<<10)
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		must(b, db.Update(func(tx Tx) error {
			for range 64 {
				n++
				must(b, tx.Put("chunks", key(n), value))
			}
			return nil
		}))
	}
}
