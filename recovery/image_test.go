package recovery

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"paxos/inspect"
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// addImages writes images of a machine that has applied so many entries; what is in them
// follows from that, and from who wrote them.
func addImages(t testing.TB, dir string, id protocol.NodeID, of ...uint64) {
	t.Helper()
	s, _, err := open(dir, identity(id), false)
	must(t, err)
	for _, index := range of {
		w, err := s.BeginImage()
		must(t, err)
		for n, text := range []string{fmt.Sprint(index), fmt.Sprintf(" by server %d", id)} {
			must(t, w.Put(storage.Piece{Number: uint32(n), Data: list.EncodePiece(nil, []byte(text)), Bytes: len(text)}))
		}
		must(t, w.Finish(index))
	}
	must(t, s.Close(nil))
}

// machine restores a machine as a program does: from the newest image, and from the
// entries behind its index. It returns how many entries the machine has, and who wrote
// the image; and complains about an entry that is missing or there twice.
func machine(t testing.TB, dir string) (count uint64, by string) {
	t.Helper()
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	image := s.Images().Newest
	text := ""
	for n := range image.Pieces {
		p, err := s.piece(image, n)
		must(t, err)
		raw, err := list.DecodePiece(nil, p.Data)
		must(t, err)
		text += string(raw)
	}
	if image.Index > 0 {
		var number string
		number, by, _ = strings.Cut(text, " ")
		count, err = strconv.ParseUint(number, 10, 64)
		must(t, err)
	}
	if image.Index > s.Length() {
		t.Errorf("the image is of %d entries, the list has %d: the next one would be skipped", image.Index, s.Length())
	}
	must(t, s.read(image.Index, func(index uint64, payload []byte) error {
		if string(payload) != fmt.Sprint(count) {
			t.Fatalf("entry %d is %s, the machine has %d", index, payload, count)
		}
		count++
		return nil
	}))
	return count, by
}

func TestANewClusterGoesOnFromAnImageAndWhatComesNext(t *testing.T) {
	const saved = 32 // 3,100 entries, 3 chunks
	for _, c := range []struct {
		what   string
		images []uint64
		votes  []protocol.Instance
		drop   bool
		image  uint64 // index in the new store
		count  uint64
		now    protocol.Instance // applied
		lost   string
	}{
		{"an image within the list", []uint64{1500, 2500}, nil, false, 2500, 3100, 32, ""},
		{"with votes", []uint64{1500, 2500}, []protocol.Instance{33, 34}, false, 2500, 3300, 34, ""},
		{"ahead of the list, the votes go further", []uint64{2500, 3150}, []protocol.Instance{33, 34}, false, 3150, 3300, 34, "around entry 3,150"},
		{"ahead of the list, which is there from its first entry on", []uint64{3150}, []protocol.Instance{33}, false, 3150, 3200, 33, "around entry 3,150"},
		{"both are ahead of the list, the votes go further", []uint64{3120, 3150}, []protocol.Instance{33, 34}, false, 3150, 3300, 34, "around entry 3,150"},
		{"ahead of everything", []uint64{3150}, nil, false, 4096, 3150, 33, ""},
		{"ahead of everything, with an older one", []uint64{2500, 3150}, nil, false, 4096, 3150, 33, ""},
		{"ahead of votes that are dropped", []uint64{2500, 3150}, []protocol.Instance{33, 34}, true, 4096, 3150, 33, "as you wish"},
		{"ahead of the votes, which have a gap", []uint64{2500, 3250}, []protocol.Instance{33, 35}, false, 4096, 3250, 34, "on 1 instances behind instance 34"},
		{"at a border of chunks", []uint64{2500, 4096}, nil, false, 4096, 4096, 33, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var votes []protocol.Vote
			for _, i := range c.votes {
				votes = append(votes, vote(3, i))
			}
			makeStore(t, dir, 2, saved, votes...)
			addImages(t, dir, 2, c.images...)
			p, where := found(t, !c.drop, dir)
			if count, _ := machine(t, where); count != c.count {
				t.Errorf("the machine has %d entries, want %d", count, c.count)
			}
			mustBeFounded(t, where, c.image, c.now)
			if old := strings.Contains(p.text(), "sessions are those of the first"); old != (c.image == 4096) {
				t.Errorf("the plan says of the sessions:\n%s", p.text())
			}
			if c.what == "ahead of everything" { // once, for it takes long
				mustVerify(t, where)
			}
			if got := strings.Join(p.Lost, "\n"); c.lost == "" && got != "" || !strings.Contains(got, c.lost) {
				t.Errorf("lost: %q, want %q", got, c.lost)
			}
		})
	}
}

// neverDecided is a value like valueOf's, with other commands.
func neverDecided(i protocol.Instance) protocol.Value {
	run := protocol.Run{Session: 1, First: protocol.Seq((i-2)*100 + 1)}
	for range 100 {
		run.Count++
		run.Block = protocol.AppendPayload(run.Block, []byte("never decided"))
	}
	return protocol.Value(nil).AppendRun(run)
}

// A server learns what was decided without a vote for it. The vote that it has is for
// something else then, and its image has what was decided.
func TestWhatAnImageHasIsNotGivenUpForAVote(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 32, protocol.Vote{Ballot: ballot(1), Instance: 33, Value: neverDecided(33)}, vote(3, 34))
	addImages(t, dir, 2, 2500, 3150)
	p, where := found(t, true, dir)
	mustBeFounded(t, where, 3150, 34)
	if got := strings.Join(p.Lost, "\n"); !strings.Contains(got, "around entry 3,150") {
		t.Errorf("lost: %q", got)
	}
}

// mustVerify looks for damage of any kind.
func mustVerify(t *testing.T, dir string) {
	t.Helper()
	folder, err := inspect.Open(dir, inspect.Options{})
	must(t, err)
	defer folder.Close()
	_, err = folder.Verify(t.Context(), func(f inspect.Finding) {
		if !f.Note {
			t.Errorf("damage: %s", f)
		}
	})
	must(t, err)
}

// mustBeFounded holds a store to the invariants of images, and to what the first
// member of a new cluster may have. It goes on with the list, as that member does.
func mustBeFounded(t testing.TB, dir string, image uint64, applied protocol.Instance) {
	t.Helper()
	s, r, err := open(dir, storage.Identity{Cluster: newCluster, Role: protocol.RoleServer, ID: 1}, false)
	must(t, err)
	defer s.Close(nil)
	if !r.Promised.IsZero() || len(r.Votes)+len(r.Pins) != 0 || r.Round != 0 {
		t.Errorf("promise %s, round %d, %d votes, %d pins", r.Promised, r.Round, len(r.Votes), len(r.Pins))
	}
	if r.Applied != applied { // one more where entries were skipped: no other list is of this instance
		t.Errorf("applied %s, want %s", r.Applied, applied)
	}
	state, err := list.RestoreState(r.Head, list.Options{})
	must(t, err)
	named, chunks := s.Images(), state.Length()/protocol.ChunkEntries
	if named.Newest.Index != image || named.Kept != image/protocol.ChunkEntries || named.Before != (storage.Image{}) {
		t.Errorf("images %+v, want one of index %d", named, image)
	}
	for n := named.Kept; n < chunks; n++ {
		if data, err := s.Chunk(n); err != nil || len(data) == 0 {
			t.Errorf("chunk %d: %v", n, err)
		}
	}
	if m := state.Members(); len(m.Voters) != 1 || m.Voters[0].ID != 1 || m.Changing() || len(m.Learners) != 0 {
		t.Errorf("members %+v", m)
	}
	last, ok := state.Session(1)
	run := protocol.Run{Session: 1, First: last + 1}
	for range protocol.ChunkEntries {
		run.Count++
		run.Block = protocol.AppendPayload(run.Block, []byte("1"))
	}
	length := state.Length()
	state.Apply(r.Applied+1, protocol.Value(nil).AppendRun(run), &protocol.Effects{})
	if closed := state.TakeClosed(); !ok || state.Length() != length+protocol.ChunkEntries || len(closed) != 1 || closed[0].Number != chunks {
		t.Errorf("it goes on from %d entries to %d, with %d chunks", length, state.Length(), len(closed))
	}
}

// Each survivor's image is another one, of another moment.
func TestImageAndChunksAreOfOneSurvivor(t *testing.T) {
	for _, c := range []struct {
		what             string
		applied          [2]protocol.Instance
		first, second    []uint64
		votes            []protocol.Vote // of the first
		by               string
		count            uint64
		cannotBeCompared bool
		drop             bool
		lost             string
	}{
		{"the longer list", [2]protocol.Instance{32, 33}, []uint64{2000, 3000}, []uint64{1500, 2500}, nil, "by server 2", 3200, false, false, ""},
		{"votes of the other one", [2]protocol.Instance{32, 31}, []uint64{2000, 2500}, []uint64{1500, 2600}, []protocol.Vote{vote(3, 33)}, "by server 1", 3200, false, false, ""},
		{"the image that is ahead of all lists", [2]protocol.Instance{33, 32}, []uint64{2000, 3000}, []uint64{2500, 3450}, nil, "by server 2", 3450, false, false, ""},
		{"not the one that is ahead of a list only", [2]protocol.Instance{33, 32}, []uint64{2000, 3000}, []uint64{2500, 3250}, []protocol.Vote{vote(3, 34)}, "by server 1", 3300, false, false, "entries 3,200 to 3,249"},
		{"nor where none knows more", [2]protocol.Instance{33, 32}, []uint64{2000, 3250}, []uint64{2500, 3250}, []protocol.Vote{vote(3, 34)}, "by server 1", 3300, false, false, "around"},
		{"but if the votes are dropped", [2]protocol.Instance{33, 32}, []uint64{2000, 3000}, []uint64{2500, 3250}, []protocol.Vote{vote(3, 34)}, "by server 2", 3250, false, true, "as you wish"},
		{"a chunk to compare is dropped", [2]protocol.Instance{42, 30}, []uint64{4000, 4050}, []uint64{1500, 2500}, nil, "by server 1", 4100, true, false, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			a, b := t.TempDir(), t.TempDir()
			makeStore(t, a, 1, c.applied[0], c.votes...)
			makeStore(t, b, 2, c.applied[1])
			addImages(t, a, 1, c.first...)
			addImages(t, b, 2, c.second...)
			for _, dirs := range [][]string{{a, b}, {b, a}} {
				p, err := lookAt(t, dirs...)
				must(t, err)
				if got := strings.Contains(p.text(), "cannot be compared"); got != c.cannotBeCompared {
					t.Errorf("the plan says:\n%s", p.text())
				}
			}
			p, where := found(t, !c.drop, a, b)
			if got := strings.Join(p.Lost, "\n"); c.lost == "" && got != "" || !strings.Contains(got, c.lost) {
				t.Errorf("lost: %q, want %q", got, c.lost)
			}
			count, by := machine(t, where)
			if by != c.by || count != c.count {
				t.Errorf("%d entries with an image %s, want %d %s", count, by, c.count, c.by)
			}
		})
	}
}

// The store with the newest image may know older members than another one.
func TestTheVotersAreThoseOfTheLongestListWhicheverStoreIsTaken(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	makeStore(t, a, 1, 5, vote(3, 6))
	addImages(t, a, 1, 300, 10000)
	damage(t, a)
	moved := func(i protocol.Instance) protocol.Value {
		switch {
		case i < 6:
			return valueOf(i)
		case i == 6:
			return protocol.Value(nil).AppendChange(&protocol.Change{Voters: []protocol.Member{member(1), member(4), member(5)}, Next: 6})
		}
		return nil
	}
	makeStoreOf(t, b, 4, 6+protocol.Alpha+5, moved, []protocol.Pin{{Acceptor: 3, Store: 33}})
	for _, dirs := range [][]string{{a, b}, {b, a}} {
		left := Survivors{Folders: []*Folder{take(t, dirs[0]), take(t, dirs[1])}}
		must(t, left.Look(&Plan{}))
		if best, _ := left.Best(); best.dir != a {
			t.Errorf("%s is taken", best.dir)
		}
		there, majority, err := left.StillThere(func(address string) bool { return address == member(5).Address })
		if err != nil || !majority {
			t.Errorf("servers 4 and 5 of 1, 4, 5 are there: %v, a majority: %v, %v", there, majority, err)
		}
		must(t, left.Close())
		for _, f := range left.Folders {
			f.Close()
		}
	}
}

func TestAListBehindAnImageIsNoListToRead(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 32)
	addImages(t, dir, 2, 1500, 2500)
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	err = s.Read(0, func(uint64, []byte) error { t.Fatal("an entry"); return nil })
	if !errors.Is(err, storage.ErrImages) || !strings.Contains(err.Error(), "first 2500 entries") {
		t.Errorf("read: %v", err)
	}
	if _, err := s.entry(100); !errors.Is(err, storage.ErrImages) {
		t.Errorf("an entry that was dropped: %v", err)
	}
}

// At some steps of the work the process ends (TestASwapThatIsInterruptedAnywhere has all):
// there is the old store with its images, whole, or one that no node starts on, or the new
// one; and the next run ends it.
func TestANewClusterWithAnImageThatIsInterruptedIsFinished(t *testing.T) {
	t.Parallel()
	for crash := 1; ; crash += 3 {
		dir := t.TempDir()
		makeStore(t, dir, 2, 12, vote(3, 13))
		addImages(t, dir, 2, 500, 1050)
		begin := func(step func(string) error) error {
			f := take(t, dir)
			defer f.Close()
			f.step = step
			if unfinished, err := f.Unfinished(); err != nil || unfinished {
				_, finished := f.Finish()
				return errors.Join(err, finished)
			}
			left := Survivors{Folders: []*Folder{f}}
			must(t, left.Look(&Plan{}))
			defer left.Close()
			store, _ := left.Best()
			n, p := Foundation{Folder: f, Address: "127.0.0.1:9", Cluster: newCluster, Name: "second", Source: store, Now: time.UnixMilli(1)}, &Plan{}
			must(t, n.Plan(t.Context(), p, left.Votes()))
			return p.Do(t.Context(), func(string, ...any) {})
		}
		err := begin(crashAt(crash))
		if err == nil {
			return
		}
		id, err := storage.ReadIdentity(dir)
		must(t, err)
		switch decided := exists(filepath.Join(dir, workName, planName)); {
		case id.Cluster == newCluster:
		case decided:
			if _, _, err := open(dir, identity(2), false); !errors.Is(err, storage.ErrForeign) {
				t.Errorf("step %d: the old store opens: %v", crash, err)
			}
		default:
			if count, _ := machine(t, dir); count != 1100 {
				t.Errorf("step %d: the old store has %d entries", crash, count)
			}
		}
		if id.Cluster == oldCluster || exists(filepath.Join(dir, workName, planName)) {
			must(t, begin(func(string) error { return nil }))
		}
		if count, _ := machine(t, dir); count != 1200 {
			t.Errorf("step %d: %d entries", crash, count)
		}
		mustBeFounded(t, dir, 1050, 13)
	}
}
