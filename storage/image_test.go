package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// bigImage is the index of an image with big pieces.
const bigImage = 7

// piecesOf makes an image that stands for the entries below index: what is in it
// follows from that.
func piecesOf(index uint64) (pieces []Piece) {
	for n := range uint32(1 + index%4) {
		size := 10 + int(n)
		if index == bigImage {
			size = transactionBytes * 2 / 3 // takes a transaction of its own
		}
		pieces = append(pieces, Piece{Number: n, Data: bytes.Repeat([]byte{byte(index), byte(n)}, size/2), Bytes: 2 * size})
	}
	return pieces
}

func (w *world) writeImage(index uint64) (*ImageWriter, error) {
	image, err := w.store.BeginImage()
	if err != nil {
		return nil, err
	}
	for _, p := range piecesOf(index) {
		if err := image.Put(p); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// images is a life with images, of the own machine and of peers. It notes in *acked
// up to where an image is acknowledged, and stops at the first error.
func (w *world) images(acked *uint64) error {
	if _, err := w.open(true); err != nil {
		return err
	}
	chunks := uint64(0)
	grow := func(to uint64, image *ImageWriter, index uint64) error {
		c := w.freeze(protocol.Instance(to))
		var numbers []uint64
		for ; chunks < to; chunks++ {
			numbers = append(numbers, chunks)
		}
		c.ChunkCount, c.Chunks, c.Image, c.ImageIndex = to, chunksOf(numbers), image, index
		return w.store.Checkpoint(c)
	}
	for n := range uint64(5) {
		if err := grow(chunks+3, nil, 0); err != nil {
			return err
		}
		index := chunks*protocol.ChunkEntries - 1500 + 701*n
		if n == 3 {
			index += 5000 // ahead of what is durable of the list
		}
		image, err := w.writeImage(index)
		if err == nil {
			err = image.Finish(index)
		}
		if err != nil {
			return err
		}
		*acked = max(*acked, index)
	}
	given, err := w.writeImage(bigImage)
	if err == nil {
		err = given.Abort()
	}
	if err != nil {
		return err
	}
	// A peer's image, with the chunks behind it: those in between are not there.
	index := uint64(50*protocol.ChunkEntries + 10)
	image, err := w.writeImage(index)
	if err != nil {
		return err
	}
	chunks = 50
	if err := grow(53, image, index); err != nil {
		return err
	}
	*acked = index
	late, err := w.writeImage(30 * protocol.ChunkEntries) // the own machine's, overtaken by that
	if err == nil {
		err = late.Finish(30 * protocol.ChunkEntries)
	}
	if err != nil {
		return err
	}
	return w.store.Close(nil)
}

// checkImages holds the database to the invariants of image.go.
func (w *world) checkImages(acked uint64) error {
	named, last := w.store.Images(), w.store.last
	if named.Newest.Index < acked {
		return fmt.Errorf("the newest image is that of index %d, acknowledged was %d", named.Newest.Index, acked)
	}
	if named.Kept > named.Newest.Index/protocol.ChunkEntries || named.Kept > last.ChunkCount {
		return fmt.Errorf("chunks below %d are dropped of %d, with an image of %d", named.Kept, last.ChunkCount, named.Newest.Index)
	}
	for n := named.Kept; n < last.ChunkCount; n++ {
		if data, err := w.store.Chunk(n); err != nil || len(data) == 0 {
			return fmt.Errorf("chunk %d of %d: %w", n, last.ChunkCount, err)
		}
	}
	for n := range named.Kept {
		if _, err := w.store.Chunk(n); err != nil {
			return fmt.Errorf("dropped chunk %d: %w", n, err)
		}
	}
	for _, image := range []Image{named.Newest, named.Before} {
		if image.Index == 0 {
			continue
		}
		want := piecesOf(image.Index)
		if int(image.Pieces) != len(want) {
			return fmt.Errorf("the image of index %d has %d pieces, want %d", image.Index, image.Pieces, len(want))
		}
		for _, p := range want {
			if data, err := w.store.ImagePiece(image.Generation, p.Number); err != nil || !bytes.Equal(data, p.Data) {
				return fmt.Errorf("piece %d of the image of index %d: %d bytes, %w", p.Number, image.Index, len(data), err)
			}
		}
	}
	return nil
}

// leftovers counts keys that nothing needs.
func (w *world) leftovers() (n int) {
	_ = w.store.db.View(func(tx kv.Tx) error {
		n = len(w.store.unneededChunks(tx)) + len(w.store.unneededPieces(tx))
		return nil
	})
	return n
}

func TestImagesReplaceTheFrontOfTheList(t *testing.T) {
	w := newWorld(1)
	var acked uint64
	must(t, w.images(&acked))
	if _, err := w.open(false); err != nil {
		t.Fatal(err)
	}
	must(t, w.checkImages(acked))
	if named := w.store.Images(); named.Kept != 50 || named.Newest.Index != acked {
		t.Errorf("at the end %+v", named)
	}
	if n := w.leftovers(); n != 0 {
		t.Errorf("%d keys are left that nothing needs", n)
	}
}

func TestWhateverFailsThereIsNoGapBetweenImageAndChunks(t *testing.T) {
	var acked uint64
	whole := newWorld(1)
	must(t, whole.images(&acked))
	total := whole.dbFaults.Seen()
	if total < 40 {
		t.Fatalf("the life has only %d operations", total)
	}
	for n := 1; n <= total; n++ {
		var acked uint64
		w := newWorld(uint64(n))
		w.plug(vfs.Fault{}, kv.Fault{N: n, Err: errBoom})
		if err := w.images(&acked); err == nil {
			t.Errorf("operation %d failed, and nobody said so", n)
			continue
		}
		if n%2 == 0 {
			w.powerCut()
		} else {
			w.kill()
		}
		if _, err := w.open(true); err != nil {
			t.Fatalf("operation %d: reopened: %v", n, err)
		}
		if err := w.checkImages(acked); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		// What was left behind goes with the next image.
		index := w.store.Images().Newest.Index + 1
		image, err := w.writeImage(index)
		must(t, err)
		must(t, image.Finish(index))
		must(t, w.checkImages(index))
		if left := w.leftovers(); left != 0 {
			t.Errorf("operation %d: %d keys are left that nothing needs", n, left)
		}
		w.kill()
	}
}

func TestManyChunksAreDroppedInSmallTransactions(t *testing.T) {
	w := newWorld(1)
	if _, err := w.open(true); err != nil {
		t.Fatal(err)
	}
	const count = 3*dropKeys + 10
	var chunks []Chunk
	for n := range uint64(count) {
		chunks = append(chunks, Chunk{Number: n, Data: []byte{1}})
	}
	c := w.freeze(1)
	c.Chunks, c.ChunkCount = chunks, count
	must(t, w.store.Checkpoint(c))
	before := w.store.Stats().Transactions
	for index := range uint64(2) { // the first one keeps them all: no other image stands for them
		image, err := w.writeImage(count*protocol.ChunkEntries + index)
		must(t, err)
		must(t, image.Finish(count*protocol.ChunkEntries+index))
		if kept := w.store.Images().Kept; index == 0 && kept != 0 {
			t.Errorf("chunks below %d are dropped, and a transfer under way would lose its source", kept)
		}
	}
	if kept := w.store.Images().Kept; kept != count || w.leftovers() != 0 {
		t.Errorf("chunks below %d are dropped, %d keys are left", kept, w.leftovers())
	}
	if n := w.store.Stats().Transactions - before; n != 2+2+4 {
		t.Errorf("%d transactions: want two for each image, and four to drop the chunks", n)
	}
}

func TestAMissingPieceOfANamedImageIsDamage(t *testing.T) {
	w := newWorld(1)
	if _, err := w.open(true); err != nil {
		t.Fatal(err)
	}
	image, err := w.writeImage(2)
	must(t, err)
	must(t, image.Finish(2))
	if data, err := w.store.ImagePiece(9, 0); data != nil || err != nil {
		t.Errorf("an image that never was: %v, %v", data, err)
	}
	w.dbs.Damage(testDB, bucketImages, pieceKey(1, 1), lose)
	if _, err := w.store.ImagePiece(1, 1); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a lost piece: %v", err)
	}
	w.kill()
	w.dbs.Damage(testDB, bucketMeta, keyImages, flipLast)
	if _, err := w.open(false); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged list of images: %v", err)
	}
}

func TestAnImageOfMoreEntriesThanAListHasIsDamage(t *testing.T) {
	for index, possible := range map[uint64]bool{MaxImageIndex: true, MaxImageIndex + 1: false, 1 << 60: false, 1<<64 - 6: false} {
		w := newWorld(1)
		_, err := w.open(true)
		must(t, err)
		image, err := w.writeImage(5)
		must(t, err)
		must(t, image.Finish(index))
		must(t, w.close(nil))
		_, err = w.open(false)
		if possible && err != nil || !possible && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), testDB)) {
			t.Errorf("an image of %d entries: %v", index, err)
		}
		w.kill()
	}
}

func TestASavedStoreHandsOutItsImagesAndTheChunksBehind(t *testing.T) {
	w := newWorld(1)
	var acked uint64
	must(t, w.images(&acked))
	s, err := OpenSaved(w.options(false))
	must(t, err)
	defer s.Close()
	named := s.Images()
	if named.Newest.Index != acked || named.Kept != 50 || s.ChunkCount() != 53 {
		t.Errorf("%+v of %d chunks", named, s.ChunkCount())
	}
	for _, p := range piecesOf(acked) {
		if data, err := s.Piece(named.Newest, p.Number); err != nil || !bytes.Equal(data, p.Data) {
			t.Errorf("piece %d: %v", p.Number, err)
		}
	}
	if _, err := s.Piece(Image{Generation: 77}, 0); err == nil {
		t.Error("a piece of an image that never was")
	}
	for n, want := range map[uint64]error{49: ErrImages, 50: nil, 52: nil} {
		if _, err := s.Chunk(n); !errors.Is(err, want) {
			t.Errorf("chunk %d: %v", n, err)
		}
	}
}

// An encoded piece ends with its own CRC-32C.
func TestTheSumOfAnImageTellsPiecesOfOneLengthApart(t *testing.T) {
	encoded := func(text string) Piece {
		data := []byte(text)
		return Piece{Data: binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, protocol.Castagnoli)), Bytes: len(text)}
	}
	var a, b Image
	a.Add(encoded("one state of the machine......"))
	b.Add(encoded("another state of that machine."))
	if a.SamePieces(b) {
		t.Errorf("pieces with other content have the same sum, %d", a.Sum)
	}
}
