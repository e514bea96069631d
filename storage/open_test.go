package storage

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

var testDB = filepath.Join(testDir, databaseName)

// opened is what Open may come to.
type opened int

const (
	isNew      opened = iota // formatted just now: empty
	isRestored               // what was there came back
	refused
)

// change does something to a folder that holds a store.
type change func(t *testing.T, w *world)

func changes(all ...change) change {
	return func(t *testing.T, w *world) {
		for _, c := range all {
			c(t, w)
		}
	}
}

func nothing(*testing.T, *world) {}

func removeIdentity(t *testing.T, w *world) {
	must(t, w.fs.Remove(filepath.Join(testDir, identityName)))
}

func removeDatabase(_ *testing.T, w *world) { w.dbs.Remove(testDB) }

func removeLog(t *testing.T, w *world) {
	names, err := w.fs.List(filepath.Join(testDir, logName))
	must(t, err)
	for _, name := range names {
		must(t, w.fs.Remove(filepath.Join(testDir, logName, name)))
	}
}

// rewriteIdentity puts an identity into the file, as somebody who mixed up
// folders, or another version of the program, would leave it.
func rewriteIdentity(edit func(*Identity)) change {
	return func(t *testing.T, w *world) {
		id := testIdentity
		id.Version, id.Store = FormatVersion, 1
		edit(&id)
		writeFile(t, w, identityName, id.encode())
	}
}

func writeFile(t *testing.T, w *world, name string, data []byte) {
	t.Helper()
	file, err := w.fs.Open(filepath.Join(testDir, name))
	must(t, err)
	must(t, file.Truncate(0))
	_, err = file.WriteAt(data, 0)
	must(t, errors.Join(err, file.Close()))
}

// flip changes one bit of a file.
func flip(name string, at int64) change {
	return func(t *testing.T, w *world) {
		file, err := w.fs.Open(filepath.Join(testDir, name))
		must(t, err)
		b := make([]byte, 1)
		_, err = file.ReadAt(b, at)
		must(t, err)
		b[0] ^= 4
		_, err = file.WriteAt(b, at)
		must(t, errors.Join(err, file.Close()))
	}
}

func damageValue(b kv.Bucket, key []byte, damage func([]byte) []byte) change {
	return func(t *testing.T, w *world) {
		if !w.dbs.Damage(testDB, b, key, damage) {
			t.Fatalf("no key %q in %s", key, b)
		}
	}
}

func flipLast(v []byte) []byte { v[len(v)-1] ^= 1; return v }
func lose([]byte) []byte       { return nil }

// firstSegment is that of a log that was never checkpointed far.
var firstSegment = filepath.Join(logName, "0000000000000001.wal")

// young is a store with one batch in the log and no checkpoint.
func young(t *testing.T, w *world) {
	_, err := w.open(true)
	must(t, err)
	w.mark = w.store.Covered().Offset
	must(t, w.commit(vote(1, 1), pin(2)))
	must(t, w.close(nil))
}

// flipRecord changes a bit of young's first record.
func flipRecord(t *testing.T, w *world) { flip(firstSegment, w.mark+10)(t, w) }

// old is a store with several checkpoints, whose log has lost its front, and a
// batch behind the last one.
func old(t *testing.T, w *world) {
	_, err := w.open(true)
	must(t, err)
	must(t, w.busy(1))
	must(t, w.commit(vote(5, 60), vote(5, 61)))
	must(t, w.save(w.freeze(35), 50))
	must(t, w.commit(vote(5, 62)))
	must(t, w.close(nil))
}

// fresh is a store that was formatted and never used.
func fresh(t *testing.T, w *world) {
	_, err := w.open(true)
	must(t, err)
	must(t, w.close(nil))
}

// repairing leaves what a repair has in the folder when it is interrupted.
func repairing(names ...string) change {
	return func(t *testing.T, w *world) {
		must(t, w.fs.MkdirAll(filepath.Join(testDir, RepairName, RepairStoreName)))
		for _, name := range names {
			path := filepath.Join(testDir, RepairName, name)
			file, err := w.fs.Create(path)
			must(t, err)
			must(t, errors.Join(file.Close(), w.fs.SyncDir(filepath.Dir(path))))
		}
	}
}

// freshList is a store that was formatted with a list, and never used.
func freshList(t *testing.T, w *world) {
	w.head = []byte("head of an empty list")
	fresh(t, w)
}

func emptyFolder(t *testing.T, w *world) { must(t, w.fs.MkdirAll(testDir)) }

// newIdentity is that of a store that a repair has made, within the repair's folder.
var newIdentity = filepath.Join(RepairStoreName, identityName)

// TestRecoveryTable walks the table in docs/storage.md: the numbers are its rows.
func TestRecoveryTable(t *testing.T) {
	rows := []struct {
		row   string
		made  change
		then  change
		plain opened // without Init
		init  opened
		class error // of the refusals
		text  string
	}{
		{"1 no folder", nothing, nothing, refused, isNew, ErrNotFormatted, "--init"},
		{"1 empty folder", emptyFolder, nothing, refused, isNew, ErrNotFormatted, "--init"},
		{"2 half-formatted: no identity, fresh database and log", fresh, removeIdentity, refused, isNew, ErrNotFormatted, "--init"},
		{"2 half-formatted: no identity, no database, fresh log", fresh, changes(removeIdentity, removeDatabase), refused, isNew, ErrNotFormatted, "--init"},
		{"2 half-formatted: no identity, fresh database, no log", fresh, changes(removeIdentity, removeLog), refused, isNew, ErrNotFormatted, "--init"},
		{"2 half-formatted: no identity, the head of an empty list, fresh log", freshList, removeIdentity, refused, isNew, ErrNotFormatted, "--init"},
		{"2 half-formatted: no identity, the head of an empty list, no log", freshList, changes(removeIdentity, removeLog), refused, isNew, ErrNotFormatted, "--init"},
		{"3 identity lost, records in the log", young, removeIdentity, refused, refused, nil, "repair rebuild"},
		{"3 identity lost, damaged records in the log", young, changes(removeIdentity, flipRecord), refused, refused, nil, "repair rebuild"},
		{"3 identity and database lost, records in the log", young, changes(removeIdentity, removeDatabase), refused, refused, nil, "repair rebuild"},
		{"4 identity lost, checkpoint in the database", old, removeIdentity, refused, refused, nil, "repair rebuild"},
		{"4 identity and log lost, checkpoint in the database", old, changes(removeIdentity, removeLog), refused, refused, nil, "repair rebuild"},
		{"4 identity lost, database damaged", old, changes(removeIdentity, removeLog, damageValue(bucketMeta, keyState, flipLast)), refused, refused, nil, ""},
		{"5 identity damaged", old, flip(identityName, 20), refused, refused, ErrCorrupt, identityName},
		{"5 identity empty", old, func(t *testing.T, w *world) { writeFile(t, w, identityName, nil) }, refused, refused, ErrCorrupt, identityName},
		{"6 another cluster", old, rewriteIdentity(func(id *Identity) { id.Cluster = 8 }), refused, refused, ErrForeign, "cluster"},
		{"6 another role", old, rewriteIdentity(func(id *Identity) { id.Role = protocol.RoleLearner }), refused, refused, ErrForeign, "learner 1"},
		{"6 another id", old, rewriteIdentity(func(id *Identity) { id.ID = 2 }), refused, refused, ErrForeign, "acceptor 2"},
		{"6 another format", old, rewriteIdentity(func(id *Identity) { id.Version = 2 }), refused, refused, ErrForeign, "format 2"},
		{"7 database missing", old, removeDatabase, refused, refused, ErrCorrupt, databaseName},
		{"8 database of another store", old, rewriteIdentity(func(id *Identity) { id.Store = 77 }), refused, refused, ErrCorrupt, databaseName},
		{"8 database without identity", old, damageValue(bucketMeta, keyIdentity, lose), refused, refused, ErrCorrupt, databaseName},
		{"9 identity in the database damaged", old, damageValue(bucketMeta, keyIdentity, flipLast), refused, refused, ErrCorrupt, databaseName},
		{"9 state damaged", old, damageValue(bucketMeta, keyState, flipLast), refused, refused, ErrCorrupt, databaseName},
		{"9 state lost", old, damageValue(bucketMeta, keyState, lose), refused, refused, ErrCorrupt, databaseName},
		{"9 head damaged", old, damageValue(bucketMeta, keyHead, flipLast), refused, refused, ErrCorrupt, databaseName},
		{"9 head lost", old, damageValue(bucketMeta, keyHead, lose), refused, refused, ErrCorrupt, databaseName},
		{"9 vote damaged", old, damageValue(bucketVotes, numberKey(60), flipLast), refused, refused, ErrCorrupt, databaseName},
		{"9 vote lost", old, damageValue(bucketVotes, numberKey(60), lose), refused, refused, ErrCorrupt, databaseName},
		{"10 log missing, never checkpointed", young, removeLog, refused, refused, ErrCorrupt, logName},
		{"10 log missing, checkpointed", old, removeLog, refused, refused, ErrCorrupt, logName},
		{"11 log damaged before its end", young, flipRecord, refused, refused, ErrCorrupt, firstSegment},
		{"12 all there", young, nothing, isRestored, isRestored, nil, ""},
		{"12 all there, checkpointed", old, nothing, isRestored, isRestored, nil, ""},
		{"13 never used", fresh, nothing, isNew, isNew, nil, ""},
		{"19 an interrupted repair, the old store whole", old, repairing(RepairPlanName, newIdentity), refused, refused, ErrForeign, RepairName},
		{"19 an interrupted repair, no identity", old, changes(removeIdentity, repairing(RepairPlanName, newIdentity)), refused, refused, ErrForeign, RepairName},
		{"19 an interrupted repair, no store", emptyFolder, repairing(RepairPlanName, newIdentity), refused, refused, ErrForeign, RepairName},
		{"12 a repair without a plan", old, repairing(newIdentity), isRestored, isRestored, nil, ""},
		{"12 a repair that is done, but for its plan", old, repairing(RepairPlanName), isRestored, isRestored, nil, ""},
		{"13 never used, with the head of an empty list", freshList, nothing, isNew, isNew, nil, ""},
	}
	for _, row := range rows {
		t.Run(row.row, func(t *testing.T) {
			for init, want := range map[bool]opened{false: row.plain, true: row.init} {
				w := newWorld(1)
				row.made(t, w)
				w.kill()
				row.then(t, w)
				before := w.fsFaults.Count(vfs.OpChange &^ vfs.OpMkdir)
				r, err := w.open(init)
				checkOpened(t, w, init, want, r, err, row.class, row.text)
				if want == refused && w.fsFaults.Count(vfs.OpChange&^vfs.OpMkdir) != before {
					t.Errorf("init %v: refused, but the folder was changed", init)
				}
			}
		})
	}
}

func checkOpened(t *testing.T, w *world, init bool, want opened, r Restored, err, class error, text string) {
	t.Helper()
	switch {
	case want == refused && err == nil:
		t.Errorf("init %v: opened", init)
	case want == refused:
		if class != nil && !errors.Is(err, class) || class == nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotFormatted) {
			t.Errorf("init %v: an error of another class: %v", init, err)
		}
		if !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), testDir) {
			t.Errorf("init %v: the error does not name %q: %v", init, text, err)
		}
	case err != nil:
		t.Errorf("init %v: %v", init, err)
	case want == isNew:
		w.twin = twin{chunks: map[uint64][]byte{}, checkpoint: Checkpoint{Head: w.head}}
		must(t, w.settle(r))
	default:
		must(t, w.settle(r))
	}
}

func TestATornLastBatchIsCutAndTheRestIsThere(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	must(t, w.commit(vote(1, 1)))
	end := w.store.Covered()
	w.fsFaults.Arm(vfs.Fault{Kinds: vfs.OpWrite, N: 1, Short: true, Err: errBoom})
	if err := w.commit(vote(1, 2), vote(1, 3)); !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	w.kill()
	r, err := w.open(false)
	must(t, err)
	if !r.Log.Torn || r.Log.End != end {
		t.Errorf("report %+v, want a torn tail behind %v", r.Log, end)
	}
	must(t, w.settle(r))
}

// The damage of the newer meta page makes bbolt fall back to the checkpoint
// before. If the log was dropped up to the newer one, that must not go unnoticed.
func TestACheckpointOlderThanTheLogIsFoundOut(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	older := w.dbs.Crash()
	must(t, w.busy(1))
	must(t, w.close(nil))
	w.kill()
	w.dbs = older
	w.plug(vfs.Fault{}, kv.Fault{})
	if _, err := w.open(false); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), logName) {
		t.Errorf("opened with an older database: %v", err)
	}
}

func TestTwoProcessesCannotShareAStore(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	if _, _, err := Open(w.options(false)); !errors.Is(err, ErrLocked) {
		t.Errorf("second: %v", err)
	}
}

func TestWithoutInitAnEmptyFolderIsNotTouched(t *testing.T) {
	w := newWorld(1)
	if _, err := w.open(false); !errors.Is(err, ErrNotFormatted) {
		t.Fatal(err)
	}
	if _, err := w.fs.List(testDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestInitOnAStoreChangesNothingAboutIt(t *testing.T) {
	w := newWorld(1)
	old(t, w)
	first := w.store.Identity()
	r, err := w.open(true)
	must(t, err)
	must(t, w.settle(r))
	if w.store.Identity() != first || first.Store == 0 {
		t.Errorf("identity %v, was %v", w.store.Identity(), first)
	}
}

func TestOptionsThatNameNobodyAreRefused(t *testing.T) {
	for _, o := range []Options{
		{Want: testIdentity},
		{Dir: testDir, Want: Identity{Role: protocol.RoleAcceptor}},
		{Dir: testDir, Want: Identity{ID: 1}},
	} {
		if _, _, err := Open(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestAnIdentityReadsBackAndNothingElseDoes(t *testing.T) {
	for role := protocol.RoleClient; role.Valid(); role++ {
		id := Identity{Cluster: 1 << 63, Role: role, ID: 3, Store: 5, Version: FormatVersion}
		text := id.encode()
		if got, err := decodeIdentity(text); got != id || err != nil {
			t.Errorf("%v: %v, %v", id, got, err)
		}
		for at := range text {
			text[at] ^= 1
			if got, err := decodeIdentity(text); err == nil {
				t.Errorf("byte %d changed: %v", at, got)
			}
			text[at] ^= 1
		}
		if _, err := decodeIdentity(append(text, ' ')); err == nil {
			t.Error("a longer text was accepted")
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	st := newState(Position{Segment: 1, Offset: 2})
	st.pins = []protocol.Pin{pin(1).Pin, pin(2).Pin}
	f.Add(st.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := decodeState(data)
		if err != nil {
			return
		}
		if again, err := decodeState(st.encode()); err != nil || len(again.pins) != len(st.pins) {
			t.Errorf("%x: %v", data, err)
		}
	})
}

func FuzzDecodeIdentity(f *testing.F) {
	f.Add(Identity{Cluster: 1, Role: protocol.RoleServer, ID: 3, Store: 5, Version: 1}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if id, err := decodeIdentity(data); err == nil && string(id.encode()) != string(data) {
			t.Errorf("%q was read as %v", data, id)
		}
	})
}
