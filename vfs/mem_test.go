package vfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const crashes = 200 // crashes looked at where a claim is about what may happen

func TestSyncedDataAndNamesSurviveEveryCrash(t *testing.T) {
	m := memWithDir(t, 7)
	f := create(t, m, "/d/a", "kept")
	must(t, f.Sync())
	must(t, m.SyncDir("/d"))
	write(t, f, 2000, "lost?")
	for range crashes {
		if got := content(t, m.Crash(), "/d/a"); !strings.HasPrefix(got, "kept") {
			t.Fatalf("synced data became %q", got)
		}
	}
}

func TestASyncedFileWithoutASyncedNameMayBeGone(t *testing.T) {
	m := memWithDir(t, 7)
	must(t, create(t, m, "/d/a", "x").Sync())
	seen := map[string]bool{}
	for range crashes {
		seen[fmt.Sprint(names(t, m.Crash(), "/d"))] = true
	}
	if !seen["[]"] || !seen["[a]"] || len(seen) != 2 {
		t.Errorf("folders seen after a crash: %v", seen)
	}
}

func TestAnUnsyncedRenameIsDoneWhollyOrNotAtAll(t *testing.T) {
	m := memWithDir(t, 7)
	must(t, create(t, m, "/d/a", "x").Sync())
	must(t, m.SyncDir("/d"))
	must(t, m.Rename("/d/a", "/d/b"))
	seen := map[string]bool{}
	for range crashes {
		seen[fmt.Sprint(names(t, m.Crash(), "/d"))] = true
	}
	if !seen["[a]"] || !seen["[b]"] || len(seen) != 2 {
		t.Errorf("folders seen after a crash: %v", seen)
	}
}

func TestAnUnsyncedRemoveMayComeBack(t *testing.T) {
	m := memWithDir(t, 7)
	must(t, create(t, m, "/d/a", "x").Sync())
	must(t, m.SyncDir("/d"))
	must(t, m.Remove("/d/a"))
	seen := map[int]bool{}
	for range crashes {
		seen[len(names(t, m.Crash(), "/d"))] = true
	}
	if !seen[0] || !seen[1] {
		t.Errorf("numbers of names seen after a crash: %v", seen)
	}
}

// sectorsAfterCrashes writes two sectors of 'b' over two of 'a' and returns the
// contents seen after crashes.
func sectorsAfterCrashes(t *testing.T, tear bool) map[string]bool {
	m := memWithDir(t, 7)
	m.TearSectors(tear)
	f := create(t, m, "/d/a", strings.Repeat("a", 2*sectorBytes))
	must(t, f.Sync())
	must(t, m.SyncDir("/d"))
	write(t, f, 0, strings.Repeat("b", 2*sectorBytes))
	seen := map[string]bool{}
	for range crashes {
		seen[content(t, m.Crash(), "/d/a")] = true
	}
	return seen
}

func TestAnUnsyncedWriteIsLostBySectors(t *testing.T) {
	a, b := strings.Repeat("a", sectorBytes), strings.Repeat("b", sectorBytes)
	seen := sectorsAfterCrashes(t, false)
	if len(seen) != 4 || !seen[a+a] || !seen[a+b] || !seen[b+a] || !seen[b+b] {
		t.Errorf("%d contents seen, want the 4 combinations of old and new sectors", len(seen))
	}
}

func TestASectorMayBeTornWhereAsked(t *testing.T) {
	if seen := sectorsAfterCrashes(t, true); len(seen) <= 4 {
		t.Errorf("only %d contents seen", len(seen))
	}
}

func TestAnUnsyncedSizeMayBeAnyItWentThrough(t *testing.T) {
	m := memWithDir(t, 7)
	f := create(t, m, "/d/a", "1234")
	must(t, f.Sync())
	must(t, m.SyncDir("/d"))
	write(t, f, 4, "56")
	must(t, f.Truncate(1))
	seen := map[string]bool{}
	for range crashes {
		seen[content(t, m.Crash(), "/d/a")] = true
	}
	for _, want := range []string{"1234", "123456", "1"} {
		if !seen[want] {
			t.Errorf("never saw %q, only %v", want, seen)
		}
	}
}

func TestWhatACrashLeavesIsDurable(t *testing.T) {
	m := memWithDir(t, 3)
	f := create(t, m, "/d/a", strings.Repeat("a", 5000))
	for range 20 {
		write(t, f, 100, "x")
		m = m.Crash()
		again := m.Crash()
		if !slices.Equal(names(t, m, "/d"), names(t, again, "/d")) {
			t.Fatal("a second crash lost a name that the first had left")
		}
		if len(names(t, m, "/d")) > 0 && content(t, m, "/d/a") != content(t, again, "/d/a") {
			t.Fatal("a second crash lost data that the first had left")
		}
	}
}

func TestKillLosesNothingAndFreesLocks(t *testing.T) {
	m := memWithDir(t, 1)
	f := create(t, m, "/d/a", "unsynced")
	lock, err := m.Lock("/d/lock")
	must(t, err)
	m.Kill()
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("write by a dead process: %v", err)
	}
	_, err = m.Lock("/d/lock")
	must(t, err)
	must(t, lock.Close()) // the dead one's: must not free the new one
	if _, err := m.Lock("/d/lock"); !errors.Is(err, ErrLocked) {
		t.Errorf("lock of the second life was lost: %v", err)
	}
	if got := content(t, m, "/d/a"); got != "unsynced" {
		t.Errorf("content %q", got)
	}
}

func TestAfterAFailedWritebackASyncIsALie(t *testing.T) {
	m := memWithDir(t, 1)
	f := create(t, m, "/d/a", "old")
	must(t, f.Sync())
	must(t, m.SyncDir("/d"))
	write(t, f, 0, "new")
	m.FailWriteback()
	must(t, f.Sync())
	if seen, kept := content(t, m, "/d/a"), content(t, m.Crash(), "/d/a"); seen != "new" || kept != "old" {
		t.Errorf("seen %q, kept %q", seen, kept)
	}
	write(t, f, 0, "new")
	must(t, f.Sync())
	if kept := content(t, m.Crash(), "/d/a"); kept != "new" {
		t.Errorf("written again and synced, but kept %q", kept)
	}
}

// A run is a random sequence of writes and syncs, crashed at its end.
func run(rt *rapid.T, seed uint64) (m *Mem, versions [][]byte) {
	m = NewMem(seed)
	f, err := m.Create("a")
	if err != nil || m.SyncDir(".") != nil {
		rt.Fatal("cannot create", err)
	}
	versions = [][]byte{nil}
	for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
		if rapid.IntRange(0, 4).Draw(rt, "sync") == 0 {
			if err := f.Sync(); err != nil {
				rt.Fatal(err)
			}
			versions = versions[len(versions)-1:]
			continue
		}
		data := bytes.Repeat([]byte{byte('A' + i)}, rapid.IntRange(1, 1500).Draw(rt, "len"))
		off := rapid.IntRange(0, 2000).Draw(rt, "off")
		if _, err := f.WriteAt(data, int64(off)); err != nil {
			rt.Fatal(err)
		}
		next := append([]byte(nil), versions[len(versions)-1]...)
		next = append(next, make([]byte, max(0, off+len(data)-len(next)))...)
		copy(next[off:], data)
		versions = append(versions, next)
	}
	return m, versions
}

func TestEachSectorIsOneOfItsVersionsSinceTheSync(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, versions := run(rt, rapid.Uint64().Draw(rt, "seed"))
		got := []byte(content(t, m.Crash(), "a"))
		for start := 0; start < len(got); start += sectorBytes {
			sector := got[start:min(start+sectorBytes, len(got))]
			if !slices.ContainsFunc(versions, func(v []byte) bool {
				v = append(append([]byte(nil), v...), make([]byte, 4096)...)
				return bytes.Equal(sector, v[start:start+len(sector)])
			}) {
				rt.Fatalf("sector at %d is no version of itself: %q", start, sector)
			}
		}
	})
}

func TestOneSeedGivesOneOutcome(t *testing.T) {
	outcome := func(seed uint64) string {
		m := memWithDir(t, seed)
		var all strings.Builder
		for i := range 30 {
			f := create(t, m, fmt.Sprintf("/d/%d", i), strings.Repeat("x", 700))
			if i%3 == 0 {
				must(t, f.Sync())
			}
			m = m.Crash()
			for _, name := range names(t, m, "/d") {
				all.WriteString(name + content(t, m, "/d/"+name))
			}
		}
		return all.String()
	}
	one, again, other := outcome(5), outcome(5), outcome(6)
	if one != again {
		t.Error("two runs of one seed differ")
	}
	if one == other {
		t.Error("the seed makes no difference")
	}
}
