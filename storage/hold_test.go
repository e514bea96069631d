package storage

import (
	"testing"

	"paxos/protocol"
)

// chunkThere reports whether a chunk is there.
func (w *world) chunkThere(t *testing.T, n uint64) bool {
	t.Helper()
	data, err := w.store.Chunk(n)
	must(t, err)
	return data != nil
}

// finishImage writes and names an image.
func (w *world) finishImage(t *testing.T, index uint64) Image {
	t.Helper()
	image, err := w.writeImage(index)
	must(t, err)
	must(t, image.Finish(index))
	return w.store.Images().Newest
}

func TestWhatIsHeldIsThereUntilTheFirstImageAfterItsRelease(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	before := w.store.Hold() // there is no image yet: all chunks
	c := w.freeze(12)
	c.ChunkCount, c.Chunks = 12, chunksOf([]uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	must(t, w.store.Checkpoint(c))
	first := w.finishImage(t, 3*protocol.ChunkEntries)
	held := w.store.Hold()
	if held.Image() != first || before.Image() != (Image{}) {
		t.Errorf("held are %+v and %+v, want %+v and none", held.Image(), before.Image(), first)
	}
	for index := uint64(4); index < 8; index++ {
		w.finishImage(t, index*protocol.ChunkEntries)
	}
	piece := func() []byte {
		data, err := w.store.ImagePiece(first.Generation, 0)
		must(t, err)
		return data
	}
	if kept := w.store.Images().Kept; kept != 6 {
		t.Fatalf("chunks below %d are to be dropped, want 6: nothing is shown", kept)
	}
	if !w.chunkThere(t, 0) || piece() == nil {
		t.Error("what is held was deleted")
	}
	before.Release()
	w.finishImage(t, 8*protocol.ChunkEntries)
	if w.chunkThere(t, 2) || !w.chunkThere(t, 3) || piece() == nil {
		t.Error("an image stands for the chunks below 3, and the others are held with it")
	}
	held.Release()
	w.finishImage(t, 9*protocol.ChunkEntries)
	if w.chunkThere(t, 7) || piece() != nil {
		t.Error("what nobody holds was kept")
	}
	must(t, w.checkImages(9*protocol.ChunkEntries))
	must(t, w.store.Close(nil))
}

func TestAnImageOfAPeerIsNoticedByWhoHoldsAnother(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	c := w.freeze(12)
	c.ChunkCount, c.Chunks = 4, chunksOf([]uint64{0, 1, 2, 3})
	must(t, w.store.Checkpoint(c))
	hold := w.store.Hold()
	w.finishImage(t, 3*protocol.ChunkEntries)
	if !hold.Whole() {
		t.Error("an own image does not interrupt the list")
	}
	image, err := w.writeImage(9 * protocol.ChunkEntries)
	must(t, err)
	c = w.freeze(20)
	c.ChunkCount, c.Image, c.ImageIndex = 9, image, 9*protocol.ChunkEntries
	must(t, w.store.Checkpoint(c))
	if hold.Whole() {
		t.Error("there are no chunks 4 to 8, and who holds the chunks from 0 on is not told")
	}
	if !w.store.Hold().Whole() {
		t.Error("who holds the peer's image has all that is behind it")
	}
	must(t, w.store.Close(nil))
}
