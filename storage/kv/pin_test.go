package kv

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"paxos/storage/kv/pages"
)

// pinned reads the file of a database as a pin says, without the database.
func pinned(t *testing.T, path string, meta []byte) (lines []string) {
	t.Helper()
	m, err := pages.DecodeMeta(meta)
	must(t, err)
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	w := pages.New(path, file, info.Size()).Walk(m, func(p pages.Problem) { t.Error(p) })
	must(t, w.Each(w.Root(), nil, func(e *pages.Element) error {
		bucket := string(e.Key)
		tree, err := e.Tree()
		must(t, err)
		return w.Each(tree, nil, func(e *pages.Element) error {
			v, err := e.Value(nil)
			lines = append(lines, fmt.Sprintf("%s %x %x", bucket, e.Key, v))
			return err
		})
	}))
	w.Rest()
	return lines
}

// view is the same, by the database.
func view(t *testing.T, db DB) (lines []string) {
	t.Helper()
	must(t, db.View(func(tx Tx) error {
		for _, b := range []Bucket{"chunks", "meta", "votes"} {
			must(t, tx.Each(b, nil, func(k, v []byte) error {
				lines = append(lines, fmt.Sprintf("%s %x %x", b, k, v))
				return nil
			}))
		}
		return nil
	}))
	return lines
}

// work is a transaction as a checkpoint makes them: some values replaced, some added.
func work(rng *rand.Rand, n int) func(Tx) error {
	return func(tx Tx) error {
		must := func(err error) {
			if err != nil {
				panic(err)
			}
		}
		must(tx.Clear("votes"))
		for i := range rng.IntN(60) {
			must(tx.Put("votes", fmt.Appendf(nil, "%08d", i), bytes.Repeat([]byte{byte(n)}, rng.IntN(300))))
		}
		must(tx.Put("chunks", fmt.Appendf(nil, "%08d", n), bytes.Repeat([]byte{byte(n)}, rng.IntN(9000))))
		return tx.Put("meta", []byte("head"), bytes.Repeat([]byte{byte(n)}, 5000))
	}
}

// Whatever the database does meanwhile, and whichever other pins come and go: the
// file holds what was pinned, in full, for as long as it is pinned.
func TestAPinnedViewStaysInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, OpenBolt, path)
	rng := rand.New(rand.NewPCG(1, 2))
	type held struct {
		pin  *Pin
		want []string
	}
	var all []held
	looked := 0
	for n := range 60 {
		must(t, db.Update(work(rng, n)))
		if rng.IntN(5) == 0 && len(all) < 4 {
			pin, err := db.(Pinner).Pin()
			must(t, err)
			all = append(all, held{pin, view(t, db)})
		}
		for i := len(all) - 1; i >= 0; i-- {
			select {
			case <-all[i].pin.Lost():
				// On a machine that stands still for a moment; nothing is said of it any more.
				all = append(all[:i], all[i+1:]...)
				continue
			default:
			}
			if got := pinned(t, path, all[i].pin.Meta); fmt.Sprint(got) != fmt.Sprint(all[i].want) {
				t.Fatalf("after transaction %d a pin reads otherwise than at first", n)
			}
			looked++
			if rng.IntN(12) == 0 {
				all[i].pin.Release()
				all = append(all[:i], all[i+1:]...)
			}
		}
	}
	if looked == 0 {
		t.Error("no pin was looked at")
	}
	for _, h := range all {
		h.pin.Release()
		h.pin.Release()
	}
	must(t, db.Close())
}

// A transaction that needs a larger memory map waits until no view is open: a pin
// gives way to it.
func TestAPinGivesWayToAGrowingDatabase(t *testing.T) {
	defer func(n int) { boltMapBytes = n }(boltMapBytes)
	boltMapBytes = 64 << 10
	db := open(t, OpenBolt, filepath.Join(t.TempDir(), "db"))
	pin, err := db.(Pinner).Pin()
	must(t, err)
	must(t, db.Update(func(tx Tx) error { return tx.Put("b", []byte("k"), make([]byte, 40<<20)) }))
	<-pin.Lost()
	must(t, db.Close())
}

func TestAPinGivesWayWhenTheFileHasGrownTooFar(t *testing.T) {
	db := open(t, OpenBolt, filepath.Join(t.TempDir(), "db"))
	pin, err := db.(Pinner).Pin()
	must(t, err)
	must(t, db.Update(func(tx Tx) error { return tx.Put("b", []byte("k"), nil) }))
	select {
	case <-pin.Lost():
		t.Fatal("let go for nothing")
	default:
	}
	pin.size -= pinGrowth + 1<<30
	must(t, db.Update(func(tx Tx) error { return tx.Put("b", []byte("k"), nil) }))
	<-pin.Lost()
	must(t, db.Close())
}

func TestClosingTheDatabaseLetsPinsGo(t *testing.T) {
	db := open(t, OpenBolt, filepath.Join(t.TempDir(), "db"))
	pin, err := db.(Pinner).Pin()
	must(t, err)
	must(t, db.Close())
	<-pin.Lost()
	if _, err := db.(Pinner).Pin(); err == nil {
		t.Error("a closed database was pinned")
	}
}
