package recovery

import (
	"errors"
	"strings"
	"testing"

	"paxos/protocol"
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
		count   uint64
	}{
		{"within the list", []uint64{1500}, []uint64{2500}, 1500, 3100},
		{"ahead of it", []uint64{1500}, []uint64{3150}, 1500, 3100},
		{"the first one", nil, []uint64{2500}, 0, 3100},
		{"both", nil, []uint64{1000, 2500}, 0, 3100}, // no chunk is dropped yet
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			makeStore(t, dir, 2, 32)
			addImages(t, dir, 2, c.images...)
			for _, index := range c.damaged {
				addDamaged(t, dir, 2, index)
			}
			p, where := found(t, true, dir)
			if count, _ := machine(t, where); count != c.count {
				t.Errorf("%d entries, want %d", count, c.count)
			}
			mustBeFounded(t, where, c.image, 32)
			if got := strings.Join(p.Lost, "\n"); !strings.Contains(got, "is damaged") || !strings.Contains(got, "piece 0") {
				t.Errorf("lost: %q", got)
			}
		})
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
