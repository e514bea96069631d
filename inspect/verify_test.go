package inspect

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
)

func TestAWholeStoreIsFoundWholeAndNothingIsChanged(t *testing.T) {
	dir := t.TempDir()
	m := smallStore(t, dir)
	before := contents(t, dir)
	found, sum := findings(t, dir)
	if len(found) > 0 {
		t.Errorf("found %v", found)
	}
	if sum.Chunks != 3 || sum.Entries != 3072 || sum.Votes != 4 || !sum.Clean || sum.Torn || sum.Damaged != 0 {
		t.Errorf("summary %+v", sum)
	}
	f, err := Open(dir, Options{Report: func(x Finding) { t.Error(x) }})
	must(t, err)
	s := f.Store()
	must(t, f.Close())
	if *s.Applied != m.list.Applied() || !s.Whole || s.Promised.Ballot != testBallot || s.Round != 3 || len(s.Votes) != 17 || s.List.Length != 3300 || len(s.List.Members) != 3 {
		t.Errorf("store %+v", s)
	}
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("looking at the store changed it")
	}
}

// What Open of the store restores, and what State reads, is the same.
func TestTheStateIsWhatTheNodeWouldStartWith(t *testing.T) {
	dir := t.TempDir()
	smallStore(t, dir)
	f, err := Open(dir, Options{})
	must(t, err)
	got := f.State().Restored
	must(t, f.Close())
	id, _ := f.Identity()
	store, want, err := storage.Open(storage.Options{Dir: dir, Want: storage.Identity{Cluster: id.Cluster, Role: id.Role, ID: id.ID}})
	must(t, err)
	must(t, store.Close(nil))
	if got.Promised != want.Promised || got.Round != want.Round || got.Applied != want.Applied || len(got.Votes) != len(want.Votes) ||
		string(got.Head) != string(want.Head) || got.Log.Records != want.Log.Records || got.Log.End != want.Log.End {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFoldersThatHoldNoStoreAreToldApart(t *testing.T) {
	top := t.TempDir()
	smallStore(t, filepath.Join(top, "server-2"))
	_, err := Open(top, Options{})
	if !errors.Is(err, storage.ErrNotFormatted) || !strings.Contains(err.Error(), "server-2") {
		t.Errorf("the folder above: %v", err)
	}
	if _, err := Open(filepath.Join(top, "nowhere"), Options{}); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("no folder: %v", err)
	}
	dir := filepath.Join(top, "server-2")
	text, err := os.ReadFile(filepath.Join(dir, storage.IdentityName))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, storage.IdentityName), []byte(strings.Replace(string(text), "format 1", "format 9", 1)), 0o600))
	f, err := Open(dir, Options{})
	must(t, err) // its checksum is wrong now: damaged, and no other format
	must(t, f.Close())
}

// Whatever file is missing, cut or garbage: it is named, and the rest is shown.
func TestDamagedFoldersShowWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		file   string // that must be named
	}{
		{"no database", func(dir string) error { return os.Remove(filepath.Join(dir, storage.DatabaseName)) }, storage.DatabaseName},
		{"an empty database", func(dir string) error { return os.Truncate(filepath.Join(dir, storage.DatabaseName), 0) }, storage.DatabaseName},
		{"a cut database", func(dir string) error { return os.Truncate(filepath.Join(dir, storage.DatabaseName), 5*4096) }, storage.DatabaseName},
		{"no log", func(dir string) error { return os.RemoveAll(filepath.Join(dir, storage.LogName)) }, storage.LogName},
		{"no first segment", func(dir string) error {
			names, err := filepath.Glob(filepath.Join(dir, storage.LogName, "*.wal"))
			return errors.Join(err, os.Remove(names[0]))
		}, ".wal"},
		{"garbage for an identity", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, storage.IdentityName), []byte("garbage"), 0o600)
		}, storage.IdentityName},
		{"garbage for a database", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, storage.DatabaseName), []byte(strings.Repeat("garbage ", 4096)), 0o600)
		}, storage.DatabaseName},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			smallStore(t, dir)
			must(t, c.damage(dir))
			found, _ := findings(t, dir)
			named := false
			for _, x := range found {
				named = named || strings.HasSuffix(x.File, c.file)
			}
			if !named {
				t.Errorf("%s is not named: %v", c.file, found)
			}
			f, err := Open(dir, Options{})
			must(t, err)
			s := f.Store()
			must(t, f.Close())
			if s.ID != 2 {
				t.Errorf("whose it is was not read: %+v", s)
			}
		})
	}
}

func TestLeftoversAreNotes(t *testing.T) {
	dir := t.TempDir()
	smallStore(t, dir)
	for _, name := range []string{"identity.new", "checkpoint.db.new", "notes.txt", "log/0000000000000009.new"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	found, sum := findings(t, dir)
	if len(found) != 4 || sum.Damaged != 0 || sum.Notes != 4 {
		t.Errorf("found %v", found)
	}
}

// An image of a program's state machine stands for the chunks that are dropped: the
// store is whole without them, and not without a piece of the image.
func TestImagesStandForChunksThatAreDropped(t *testing.T) {
	dir := t.TempDir()
	m := newMaker(t, dir, 64<<10)
	for range 60 {
		m.decide(m.values(100))
	}
	m.checkpoint()
	for index := uint64(3000); index <= 5000; index += 2000 {
		w, err := m.store.BeginImage()
		must(t, err)
		for n := range uint32(3) {
			raw := []byte(strings.Repeat("state ", 100+int(n)))
			must(t, w.Put(storage.Piece{Number: n, Data: list.EncodePiece(nil, raw), Bytes: len(raw)}))
		}
		must(t, w.Finish(index))
	}
	m.close()
	found, sum := findings(t, dir)
	if len(found) > 0 || sum.Pieces != 6 || sum.Chunks != 3 {
		t.Errorf("%+v: %v", sum, found)
	}
	f := open(t, dir)
	entries := 0
	must(t, f.Entries(0, func(uint64, []byte) error { entries++; return nil }))
	if s := f.Store(); s.Image == nil || s.Image.Index != 5000 || entries != 6000-2*protocol.ChunkEntries {
		t.Errorf("%+v, %d entries", s.Image, entries)
	}
	db, err := kv.OpenBolt(filepath.Join(dir, storage.DatabaseName), false)
	must(t, err)
	must(t, db.Update(func(tx kv.Tx) error { return tx.Delete(storage.BucketImages, storage.NumberKey(2<<32|1)) }))
	must(t, db.Close())
	if found, _ := findings(t, dir); len(found) != 1 || !strings.Contains(found[0].Detail, "2 pieces instead of 3") {
		t.Errorf("without a piece: %v", found)
	}
}

// What the state counts is there, or it is said what is missing.
func TestWhatIsMissingIsFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(tx kv.Tx) error
		says   string
	}{
		{"a vote", func(tx kv.Tx) error { return tx.Clear(storage.BucketVotes) }, "0 votes instead of"},
		{"a chunk in the middle", func(tx kv.Tx) error { return tx.Delete(storage.BucketChunks, storage.NumberKey(1)) }, "chunks 1 to 1 are missing"},
		{"the last chunk", func(tx kv.Tx) error { return tx.Delete(storage.BucketChunks, storage.NumberKey(2)) }, "chunks 2 to 2 are missing"},
		{"all chunks", func(tx kv.Tx) error { return tx.Clear(storage.BucketChunks) }, "needs 3 chunks"},
		{"the head", func(tx kv.Tx) error { return tx.Delete(storage.BucketMeta, []byte(storage.KeyHead)) }, "the head is not that"},
		{"the state", func(tx kv.Tx) error { return tx.Delete(storage.BucketMeta, []byte(storage.KeyState)) }, "no state"},
		{"everything", func(tx kv.Tx) error { return tx.Clear(storage.BucketMeta) }, "meta is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			smallStore(t, dir)
			db, err := kv.OpenBolt(filepath.Join(dir, storage.DatabaseName), false)
			must(t, err)
			must(t, db.Update(c.change))
			must(t, db.Close())
			found, _ := findings(t, dir)
			for _, x := range found {
				if strings.Contains(x.Detail, c.says) {
					return
				}
			}
			t.Errorf("%q is not said: %v", c.says, found)
		})
	}
}
