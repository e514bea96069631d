package recovery

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/recovery/backup"
	"paxos/storage"
)

// addDamaged writes an image with a piece that cannot be read.
func addDamaged(t testing.TB, dir string, id protocol.NodeID, index uint64) {
	t.Helper()
	s, _, err := open(dir, identity(id), false)
	must(t, err)
	w, err := s.BeginImage()
	must(t, err)
	must(t, w.Put(storage.Piece{Data: []byte("no piece"), Bytes: 10}))
	must(t, w.Finish(index))
	must(t, s.Close(nil))
}

func TestADamagedImageIsPutAsideWhereTheListIsWholeBehindTheOneBefore(t *testing.T) {
	for _, c := range []struct {
		what    string
		images  []uint64
		damaged []uint64
		image   uint64
		lost    string
	}{
		{"within the list", []uint64{1500}, []uint64{2500}, 1500, ""},
		{"ahead of it", []uint64{1500}, []uint64{3150}, 1500, "the entries 3,100 to 3,149"},
		{"the first one", nil, []uint64{2500}, 0, ""},
		{"both", nil, []uint64{1000, 2500}, 0, ""}, // no chunk is dropped yet
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			makeStore(t, dir, 2, 32)
			addImages(t, dir, 2, c.images...)
			for _, index := range c.damaged {
				addDamaged(t, dir, 2, index)
			}
			p, where := found(t, true, dir)
			if count, _ := machine(t, where); count != 3100 {
				t.Errorf("%d entries, want 3100", count)
			}
			mustBeFounded(t, where, c.image, 32)
			saysWhatIsDamaged(t, p, c.lost)
		})
	}
}

// saysWhatIsDamaged holds a plan to it that it names the place of the damage, and what is lost.
func saysWhatIsDamaged(t *testing.T, p *Plan, lost string) {
	t.Helper()
	if got := strings.Join(p.Found, "\n"); !strings.Contains(got, "is damaged") || !strings.Contains(got, "piece 0") || !strings.Contains(got, "checkpoint.db at offset ") {
		t.Errorf("found: %q", got)
	}
	if got := strings.Join(p.Lost, "\n"); lost == "" && got != "" || !strings.Contains(got, lost) {
		t.Errorf("lost: %q, want %q", got, lost)
	}
}

// addRotten writes an image of one piece, of which the disk then changes a byte.
func addRotten(t testing.TB, dir string, id protocol.NodeID, index uint64, pieceBytes int, rot func(file []byte, value int)) {
	t.Helper()
	raw := make([]byte, pieceBytes)
	rand.NewChaCha8([32]byte{1}).Read(raw)
	piece := list.EncodePiece(nil, raw)
	s, _, err := open(dir, identity(id), false)
	must(t, err)
	w, err := s.BeginImage()
	must(t, err)
	must(t, w.Put(storage.Piece{Data: piece, Bytes: len(raw)}))
	must(t, w.Finish(index))
	must(t, s.Close(nil))
	path := filepath.Join(dir, storage.DatabaseName)
	file, err := os.ReadFile(path)
	must(t, err)
	if bytes.Count(file, piece) != 1 {
		t.Fatalf("the piece stands %d times in the file", bytes.Count(file, piece))
	}
	rot(file, bytes.Index(file, piece))
	must(t, os.WriteFile(path, file, 0o644))
}

// Whatever of an image rots, the one before it is read: by a backup, for a newcomer's store,
// and for a new cluster.
func TestEveryToolFallsBackFromAnImageThatRots(t *testing.T) {
	for what, c := range map[string]struct {
		pieceBytes int
		rot        func(file []byte, value int)
	}{
		"a byte of a small piece":     {1000, func(file []byte, value int) { file[value+500] ^= 1 }},
		"a byte of a large piece":     {30000, func(file []byte, value int) { file[value+9000] ^= 1 }},
		"the page of a large piece":   {30000, func(file []byte, value int) { file[value/4096*4096+8] ^= 1 }},
		"the length of a large piece": {30000, func(file []byte, value int) { file[value/4096*4096+16+15] = 0x7f }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			makeStore(t, dir, 2, 32)
			addImages(t, dir, 2, 1500)
			addRotten(t, dir, 2, 2500, c.pieceBytes, c.rot)
			s, err := OpenStopped(dir)
			must(t, err)
			p := &Plan{}
			must(t, s.Settle(p))
			saysWhatIsDamaged(t, p, "")
			var out bytes.Buffer
			_, err = s.Backup(&out, time.UnixMilli(1), nil)
			must(t, errors.Join(err, s.Close()))
			if h, err := backup.Verify(&out); err != nil || h.Image.Index != 1500 || h.Length != 3100 {
				t.Errorf("the backup has %+v: %v", h, err)
			}
			reissued := filepath.Join(t.TempDir(), "new")
			p, err = reissue(t, dir, reissued)
			must(t, err)
			saysWhatIsDamaged(t, p, "")
			if count, _ := machine(t, reissued); count != 3100 {
				t.Errorf("the newcomer has %d entries", count)
			}
			p, where := found(t, true, dir)
			saysWhatIsDamaged(t, p, "")
			if count, _ := machine(t, where); count != 3100 {
				t.Errorf("the new cluster has %d entries", count)
			}
		})
	}
}

// reissue makes a newcomer's store of a folder.
func reissue(t *testing.T, from, dir string) (*Plan, error) {
	t.Helper()
	s, err := OpenStopped(from)
	must(t, err)
	defer s.Close()
	f := take(t, dir)
	defer f.Close()
	p := &Plan{}
	r := Reissue{Folder: f, Want: identity(9), Source: s, Now: time.UnixMilli(1)}
	if err := r.Plan(t.Context(), p); err != nil {
		return p, err
	}
	return p, p.Do(t.Context(), func(string, ...any) {})
}

// Where what was dropped stands in no whole image, each tool says where the damage is, and
// what to do instead, before it changes anything.
func TestNoToolTakesAListWhoseFrontIsGone(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 32)
	addDamaged(t, dir, 2, 1500)
	addRotten(t, dir, 2, 2500, 1000, func(file []byte, value int) { file[value] ^= 1 })
	s, err := OpenStopped(dir)
	must(t, err)
	settled := s.Settle(&Plan{})
	must(t, s.Close())
	to := filepath.Join(t.TempDir(), "new")
	_, reissued := reissue(t, dir, to)
	_, looked := lookAt(t, dir)
	for what, err := range map[string]error{"backup": settled, "rebuild": reissued, "new-cluster": looked} {
		if !errors.Is(err, storage.ErrCorrupt) || strings.Count(err.Error(), "checkpoint.db at offset ") != 2 || !strings.Contains(err.Error(), "take another node's folder") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if exists(filepath.Join(to, storage.IdentityName)) {
		t.Error("a store was made of it")
	}
}

func TestAStoreWithoutAWholeImageIsRefusedBeforeAnythingIsAgreedTo(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	makeStore(t, a, 1, 32)
	addDamaged(t, a, 1, 1500)
	addDamaged(t, a, 1, 2500)
	if _, err := lookAt(t, a); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "piece 0") {
		t.Errorf("it is taken: %v", err)
	}
	makeStore(t, b, 2, 33)    // knows more
	addDamaged(t, a, 1, 5000) // nor is it taken for what it cannot give
	for _, dirs := range [][]string{{a, b}, {b, a}} {
		if _, err := lookAt(t, dirs...); err != nil {
			t.Errorf("its votes count for another one: %v", err)
		}
	}
}

// A peer's image is installed behind chunks that are not there; the one before it is of no use then.
func TestAnImageBeforeAGapIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 32)
	addImages(t, dir, 2, 1500)
	s, r, err := open(dir, identity(2), false)
	must(t, err)
	w, err := s.BeginImage()
	must(t, err)
	must(t, w.Put(storage.Piece{Data: []byte("no piece"), Bytes: 10}))
	must(t, s.Checkpoint(storage.Checkpoint{Covers: s.Covered(), Promised: r.Promised, Round: r.Round, Pins: r.Pins,
		Applied: r.Applied, Head: r.Head, ChunkCount: 3, Image: w, ImageIndex: 2500}))
	must(t, s.Close(nil))
	if _, err := lookAt(t, dir); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("it is taken: %v", err)
	}
}
