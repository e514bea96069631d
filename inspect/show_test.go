package inspect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/wal"
)

func open(t testing.TB, dir string) *Folder {
	t.Helper()
	f, err := Open(dir, Options{Report: func(x Finding) { t.Error(x) }})
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// everyEntry is the list of a folder from an index on.
func everyEntry(t *testing.T, f *Folder, from uint64) (all []string) {
	t.Helper()
	must(t, f.Entries(from, func(i uint64, payload []byte) error {
		if i != from+uint64(len(all)) {
			t.Fatalf("entry %d in the place of %d", i, from+uint64(len(all)))
		}
		all = append(all, string(payload))
		return nil
	}))
	return all
}

func TestEntriesAreThoseOfTheListFromAnyIndexOn(t *testing.T) {
	dir := t.TempDir()
	m := smallStore(t, dir)
	f := open(t, dir)
	all := everyEntry(t, f, 0)
	if uint64(len(all)) != m.list.Length() {
		t.Fatalf("%d entries, want %d", len(all), m.list.Length())
	}
	for _, from := range []uint64{1, 1023, 1024, 3071, 3072, 3299, 3300} {
		if got := everyEntry(t, f, from); fmt.Sprint(got) != fmt.Sprint(all[from:]) {
			t.Errorf("from %d on: %d entries, others than in the whole list", from, len(got))
		}
	}
	sessions := 0
	must(t, f.Sessions(func(s list.SessionInfo) error {
		if sessions++; s.ID != m.ses || s.Last != protocol.Seq(m.list.Length()) {
			t.Errorf("session %+v", s)
		}
		return nil
	}))
	if sessions != 1 {
		t.Errorf("%d sessions", sessions)
	}
}

// A store has its identity three times. Without the file it is a damaged store, and what
// is in it is shown.
func TestAStoreWithoutItsIdentityIsShown(t *testing.T) {
	for _, c := range []struct {
		name string
		lost []string
		from string
	}{
		{"the file", []string{storage.IdentityName}, storage.DatabaseName},
		{"the file and the database", []string{storage.IdentityName, storage.DatabaseName}, storage.LogName},
		{"the file and the log", []string{storage.IdentityName, storage.LogName}, storage.DatabaseName},
	} {
		top := t.TempDir()
		m := newMaker(t, filepath.Join(top, "2"), 64<<10)
		m.decide(m.values(3))
		m.checkpoint()
		want := m.store.Identity()
		m.close()
		for _, name := range c.lost {
			must(t, os.RemoveAll(filepath.Join(m.dir, name)))
		}
		if stores := Stores(top); len(stores) != 1 || stores[0] != m.dir {
			t.Errorf("%s: the stores in the folder above: %q", c.name, stores)
		}
		var found []Finding
		f, err := Open(m.dir, Options{Report: func(x Finding) { found = append(found, x) }})
		must(t, err)
		if id, ok := f.Identity(); !ok || id != want || f.Found() != c.from {
			t.Errorf("%s: %s, %v from %q", c.name, id, ok, f.Found())
		}
		f.State()
		if path := filepath.Join(m.dir, storage.IdentityName); len(found) == 0 || found[0].File != path {
			t.Errorf("%s: not said that %s is missing: %v", c.name, path, found)
		}
		must(t, f.Close())
	}
}

// A folder with stores in it is not one itself; what a repair has put aside in a store is
// none that counts.
func TestStoresAreTheFolderItselfOrThoseInIt(t *testing.T) {
	top := t.TempDir()
	one := filepath.Join(top, "1")
	smallStore(t, one)
	smallStore(t, filepath.Join(one, "before-1"))
	must(t, os.MkdirAll(filepath.Join(top, "2", "log"), 0o700))
	for _, dir := range []string{top, one} {
		if stores := Stores(dir); len(stores) != 1 || stores[0] != one {
			t.Errorf("%s: %q", dir, stores)
		}
	}
}

// Two nodes at one instance show by the head's sum whether they have the same list.
func TestDifferentHeadsHaveDifferentSums(t *testing.T) {
	top := t.TempDir()
	sum := func(name string, values int) string {
		m := newMaker(t, filepath.Join(top, name), 64<<10)
		m.decide(m.values(values))
		m.checkpoint()
		m.close()
		return open(t, m.dir).Head().Sum
	}
	if a, b, again := sum("a", 3), sum("b", 4), sum("c", 3); a == b || a != again {
		t.Errorf("different heads: %s and %s; equal ones: %s and %s", a, b, a, again)
	}
}

func TestVotesAreThoseAboveTheCheckpoint(t *testing.T) {
	dir := t.TempDir()
	m := smallStore(t, dir)
	f := open(t, dir)
	n := 0
	must(t, f.Votes(func(v Vote) error {
		if v.Instance != m.open[n].Instance || string(v.Value) != string(m.open[n].Value) {
			t.Errorf("vote for %s in the place of that for %s", v.Instance, m.open[n].Instance)
		}
		n++
		return nil
	}))
	if n != len(m.open) {
		t.Errorf("%d votes, want %d", n, len(m.open))
	}
	var in []string
	must(t, f.VotesFor(m.open[0].Instance, func(v Vote) error { in = append(in, v.In); return nil }))
	if len(in) == 0 || in[0] != "checkpoint" {
		t.Errorf("the votes for an instance in the checkpoint stand in %q", in)
	}
	next := protocol.Instance(1)
	must(t, f.Decided(0, 0, func(d Decided) error {
		if d.First != next || d.Last < d.First {
			t.Errorf("instances %s to %s, want those from %s on", d.First, d.Last, next)
		}
		next = d.Last + 1
		return nil
	}))
	if next != m.list.Applied()+1 {
		t.Errorf("decided up to %s, want %s", next-1, m.list.Applied())
	}
}

func TestStatsCountEverything(t *testing.T) {
	dir := t.TempDir()
	m := smallStore(t, dir)
	s, err := open(t, dir).Stats()
	must(t, err)
	counts := map[string]uint64{}
	for _, d := range s.Distributions {
		counts[d.Name+" "+d.Unit] = d.Count
	}
	if s.Chunks != 3 || s.Ratio < 0.5 || counts["entry of the list bytes"] != m.list.Length() || s.UsedPages == 0 || s.BytesUsed == 0 {
		t.Errorf("%+v", s)
	}
}

// Two nodes that were fed the same values agree, wherever they are; one value
// changed, and it is found.
func TestDiffFindsTheFirstDifference(t *testing.T) {
	top := t.TempDir()
	build := func(name string, values, spoilt int) *Folder {
		m := newMaker(t, filepath.Join(top, name), 64<<10)
		for n := range values {
			v := m.values(100)
			if n == spoilt {
				v[len(v)-1] ^= 1 // the last byte of its last command
			}
			m.decide(v)
		}
		m.checkpoint()
		m.close()
		return open(t, m.dir)
	}
	a, behind, other, late := build("a", 40, -1), build("b", 15, -1), build("c", 40, 12), build("d", 40, 39)
	for _, c := range []struct {
		name  string
		x, y  *Folder
		index int64 // of the first difference; -1: none
	}{{"equal", a, build("e", 40, -1), -1}, {"one behind", a, behind, -1}, {"in a chunk", a, other, 1299}, {"in the tail", a, late, 3999}, {"behind the difference", behind, late, -1}} {
		d, err := Diff([]*Folder{c.x, c.y})
		must(t, err)
		got := int64(-1)
		if d.Lists != nil {
			got = int64(d.Lists.Index)
		}
		if got != c.index || (d.Result == Agree) != (c.index < 0) {
			t.Errorf("%s: first difference at %d, want %d: %+v", c.name, got, c.index, d)
		}
	}
	if d, err := Diff([]*Folder{a, behind}); err != nil || *d.Nodes[1].Behind != 25 || *d.Nodes[0].Behind != 0 {
		t.Errorf("who is behind: %+v, %v", d.Nodes, err)
	}
}

// One ballot has one value for an instance.
func TestDiffFindsABallotWithTwoValues(t *testing.T) {
	top := t.TempDir()
	a, b := newMaker(t, filepath.Join(top, "a"), 64<<10), newMaker(t, filepath.Join(top, "b"), 64<<10)
	for _, m := range []*maker{a, b} {
		m.vote(m.values(2))
	}
	a.vote(a.values(3))
	b.vote(b.values(4))
	a.close()
	b.close()
	d, err := Diff([]*Folder{open(t, a.dir), open(t, b.dir)})
	must(t, err)
	if d.Result != DoNotAgree || len(d.Votes) != 1 || d.Votes[0].Instance != a.open[1].Instance {
		t.Errorf("%+v", d)
	}
}

// Who follows a log sees every batch once, while it is written, over segments that
// end and begin.
func TestFollowShowsEveryBatchOnce(t *testing.T) {
	m := newMaker(t, t.TempDir(), 4<<10)
	f := open(t, m.dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const last = 40
	go func() {
		for range last {
			m.batch.Reset()
			m.batch.Add(&protocol.Round{Round: 9})
			m.batch.Add(&protocol.Voted{Vote: protocol.Vote{Ballot: testBallot, Instance: 7, Value: m.values(30)}})
			_ = m.store.Commit(&m.batch) // that it failed would show
		}
	}()
	seen, votes := uint64(0), 0
	must(t, f.Follow(ctx, wal.Position{}, func(e *LogEntry) error {
		switch e.Kind {
		case wal.KindCommit, wal.KindClose:
			if e.Batch != seen+1 {
				t.Errorf("batch %d after batch %d", e.Batch, seen)
			}
			seen = e.Batch
		case wal.KindRecord:
			if v, ok := e.Record.(*protocol.Voted); ok && v.Vote.Instance == 7 {
				votes++
			}
		}
		if votes == last && e.Kind == wal.KindCommit {
			cancel()
		}
		return nil
	}))
	m.close()
}
