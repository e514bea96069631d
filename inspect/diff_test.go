package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"paxos/protocol"
	"paxos/storage"
)

// openVotes makes the store of a server that voted for two instances above its checkpoint.
func openVotes(t *testing.T, dir string, id protocol.NodeID, applied int, voters ...protocol.NodeID) *Folder {
	t.Helper()
	m := newMakerOf(t, dir, id, 64<<10, voters...)
	for range applied {
		m.decide(nil)
	}
	m.checkpoint()
	for range 2 {
		m.vote(nil)
	}
	m.close()
	return open(t, dir)
}

// Rule 4: an acceptor counts once, however many folders hold its store, and a majority is
// one of the voters that the furthest list names.
func TestDiffCountsDistinctAcceptors(t *testing.T) {
	top := t.TempDir()
	dir := func(name string) string { return filepath.Join(top, name) }
	one, two := openVotes(t, dir("1"), 1, 0, 1, 2, 3), openVotes(t, dir("2"), 2, 0, 1, 2, 3)
	must(t, os.Symlink(dir("1"), dir("link")))
	must(t, os.CopyFS(dir("copy"), os.DirFS(dir("1"))))
	copied, wiped := open(t, dir("copy")), openVotes(t, dir("1 wiped"), 1, 0, 1, 2, 3)
	for _, c := range []struct {
		name            string
		folders         []*Folder
		decided, copies int
	}{
		{"a majority", []*Folder{one, two}, 2, 0},
		{"one of three", []*Folder{one}, 0, 0},
		{"a folder twice", []*Folder{one, one}, 0, 1},
		{"a link to it", []*Folder{one, open(t, dir("link"))}, 0, 1},
		{"a copy of it", []*Folder{one, copied}, 0, 1},
		{"one who does not vote", []*Folder{one, openVotes(t, dir("4"), 4, 0, 1, 2, 3)}, 0, 0},
		{"another store of its number", []*Folder{one, two, openVotes(t, dir("2 wiped"), 2, 0, 1, 2, 3)}, 0, 1},
		{"a copy of it, and another store of its number", []*Folder{one, copied, wiped, two}, 0, 2},
		{"those in another order", []*Folder{one, wiped, copied, two}, 0, 2},
		{"the other store first", []*Folder{wiped, one, copied, two}, 0, 2},
		{"fewer than vote by the furthest list", []*Folder{two, openVotes(t, dir("3"), 3, 1, 1, 2, 3, 4, 5)}, 0, 0},
		{"as many as vote by the furthest list", []*Folder{openVotes(t, dir("5"), 5, 0, 1, 2, 3, 4, 5), openVotes(t, dir("6"), 2, 1, 2)}, 2, 0},
	} {
		d, err := Diff(c.folders)
		must(t, err)
		if d.Decided != c.decided || len(d.Copies) != c.copies || d.Result != Agree {
			t.Errorf("%s: %s, %d decided, want %d: %q", c.name, d.Result, d.Decided, c.decided, d.Copies)
		}
	}
}

// What cannot be read was not compared: nobody may take that for agreement.
func TestDiffSaysThatSomethingWasNotCompared(t *testing.T) {
	top := t.TempDir()
	one, dir := openVotes(t, filepath.Join(top, "1"), 1, 3, 1, 2, 3), filepath.Join(top, "2")
	must(t, openVotes(t, dir, 2, 3, 1, 2, 3).Close())
	must(t, os.Truncate(filepath.Join(dir, storage.DatabaseName), 0))
	two, err := Open(dir, Options{})
	must(t, err)
	defer two.Close()
	d, err := Diff([]*Folder{one, two})
	must(t, err)
	if n := d.Nodes[1]; d.Result != AgreeSoFar || n.Applied != nil || n.Length != nil || n.Behind != nil || len(n.Damaged) == 0 {
		t.Errorf("%+v", d)
	}
	if d.Open != 2 {
		t.Errorf("%d instances above everybody's checkpoint, want 2", d.Open)
	}
}
