package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"paxos/protocol"
	"paxos/storage/kv"
)

// An image is what a program's state machine wrote down of itself, in pieces: it
// stands for the list's entries below its index. The store keeps the newest one and
// the one before, and may then drop the chunks below the older of them.
//
// What must hold at every moment, also after a crash at any step:
//
//  1. An image that is named has all its pieces: it is named in a transaction after
//     those that wrote them.
//  2. There is no gap: the chunks from Kept on are there, as far as the head needs
//     them, and where Kept is not 0, the newest image stands for all before them.
//  3. Kept and the newest index only go up.
//  4. Nothing is deleted but chunks below Kept, and pieces of images that are neither
//     named nor being written; and of these nothing that a Hold keeps.
//
// So deleting comes last, in as many transactions as it likes, and what a crash
// leaves behind is deleted next time.

// MaxImageIndex bounds what an image can stand for: a list has 2^53-1 entries at most, and
// an index is rounded up to a border of chunks where the list goes on behind it.
const MaxImageIndex = 1<<53 - protocol.ChunkEntries

// Image names an image of the store. The zero Image is none.
type Image struct {
	Index      uint64 // of the first entry of the list that it does not stand for
	Generation uint32 // tells the images of a store apart; from 1 on
	Pieces     uint32
	Bytes      uint64 // of the pieces, before they were encoded
	Sum        uint64 // over the pieces, in any order; see pieceSum
}

// Add counts a piece into what i says of its pieces, in any order.
func (i *Image) Add(p Piece) {
	i.Pieces++
	i.Bytes += uint64(p.Bytes)
	i.Sum += pieceSum(p)
}

// SamePieces reports whether two images say the same of their pieces.
func (i Image) SamePieces(other Image) bool {
	return i.Pieces == other.Pieces && i.Bytes == other.Bytes && i.Sum == other.Sum
}

// Front is how many of the chunks of a list of so many i stands for.
func (i Image) Front(chunks uint64) uint64 { return min(i.Index/protocol.ChunkEntries, chunks) }

// Images are the named images.
type Images struct {
	Newest, Before Image
	Kept           uint64 // chunks below this number are dropped, or may be
}

// Piece is a part of an image, as it is stored and sent.
type Piece struct {
	Number uint32
	Data   []byte // not empty
	Bytes  int    // before it was encoded
}

// pieceKey is big-endian, so that keys are in the order of generations and pieces.
func pieceKey(generation, number uint32) []byte {
	return numberKey(uint64(generation)<<32 | uint64(number))
}

// pieceSum is what a piece adds to Image.Sum. Since sums may be added in any order,
// the pieces of a fetched image need not be read again to check it. It is not CRC-32C:
// an encoded piece ends with its own, and over both another one is the same for all
// pieces of a length.
func pieceSum(p Piece) uint64 {
	number := binary.BigEndian.AppendUint32(nil, p.Number)
	return uint64(crc32.Update(crc32.ChecksumIEEE(number), crc32.IEEETable, p.Data)) + 1
}

// Images returns the named images.
func (s *Store) Images() Images { return *s.images.Load() }

// ImagePiece returns a piece of an image, nil if that is not named any more.
func (s *Store) ImagePiece(generation, number uint32) (data []byte, err error) {
	err = s.view(fmt.Sprintf("read piece %d of image %d", number, generation), func(tx kv.Tx) error {
		found, err := s.get(tx, bucketImages, pieceKey(generation, number))
		if found == nil && err == nil {
			return s.mayLackPiece(tx, generation, number)
		}
		data = append(data, found...)
		return err
	})
	return data, err
}

// mayLackPiece returns an error if a piece that is not there ought to be.
func (s *Store) mayLackPiece(tx kv.Tx, generation, number uint32) error {
	named, err := s.readImages(tx)
	if err != nil {
		return err
	}
	for _, i := range []Image{named.Newest, named.Before} {
		if i.Generation == generation && number < i.Pieces {
			return s.damaged("piece %d of image %d is missing, it has %d", number, generation, i.Pieces)
		}
	}
	return nil
}

// ImageWriter writes an image. It is used by one goroutine, beside checkpoints, and
// ends with Finish, Abort, or the checkpoint that installs it.
type ImageWriter struct {
	store   *Store
	image   Image
	pending []Piece // not written yet
	size    int     // bytes of these
}

// BeginImage begins to write an image.
func (s *Store) BeginImage() (*ImageWriter, error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return nil, err
	}
	if s.generation == math.MaxInt32 {
		panic("storage: a store has two thousand million images in its life at most")
	}
	s.generation++
	s.writing[s.generation] = true
	return &ImageWriter{store: s, image: Image{Generation: s.generation}}, nil
}

// Put adds a piece; its Data must not be changed any more. Pieces may come in any
// order, each once. An error is the store's end (rule 9).
func (w *ImageWriter) Put(p Piece) error {
	w.image.Add(p)
	w.pending = append(w.pending, p)
	if w.size += len(p.Data); w.size < w.store.transactionSize() {
		return nil
	}
	return w.flush()
}

// Matches reports whether what was put is what another store says of the image.
func (w *ImageWriter) Matches(i Image) bool { return w.image.SamePieces(i) }

// flush makes the pieces that wait durable, in one transaction.
func (w *ImageWriter) flush() error {
	s := w.store
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return err
	}
	if err := s.update(w.writePending); err != nil {
		return s.fail(fmt.Sprintf("write pieces of image %d", w.image.Generation), err)
	}
	w.pending, w.size = nil, 0
	return nil
}

func (w *ImageWriter) writePending(tx kv.Tx) error {
	for _, p := range w.pending {
		if err := put(tx, bucketImages, pieceKey(w.image.Generation, p.Number), p.Data); err != nil {
			return err
		}
	}
	return nil
}

// Finish names the image, which stands for the entries below index, and drops what
// is not needed any more. If a newer one was named meanwhile (a peer's was
// installed), that stays. An error is the store's end (rule 9).
func (w *ImageWriter) Finish(index uint64) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.image.Index = index
	if err := w.store.nameImage(w.image); err != nil {
		return err
	}
	return w.store.dropUnneeded()
}

// nameImage is the commit point of Finish.
func (s *Store) nameImage(image Image) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return err
	}
	delete(s.writing, image.Generation)
	named := s.Images()
	if image.Index <= named.Newest.Index {
		return nil
	}
	// What the older image stands for may go, but nothing that no checkpoint has: it
	// is still to come, and would be taken for the list's (invariant 2).
	named.Kept = max(named.Kept, named.Newest.Front(s.last.ChunkCount))
	named.Newest, named.Before = image, named.Newest
	err := s.update(func(tx kv.Tx) error { return put(tx, bucketMeta, keyImages, named.encode()) })
	if err != nil {
		return s.fail(fmt.Sprintf("name the image of the list's first %d entries", image.Index), err)
	}
	s.images.Store(&named)
	return nil
}

// Abort gives the image up.
func (w *ImageWriter) Abort() error {
	w.store.saving.Lock()
	delete(w.store.writing, w.image.Generation)
	w.store.saving.Unlock()
	return w.store.dropUnneeded()
}

// install is what a checkpoint that brings an image says of the images.
func (w *ImageWriter) install(index uint64, named Images, chunks uint64) Images {
	w.image.Index = index
	if index > named.Newest.Index {
		named.Newest, named.Before = w.image, named.Newest
	}
	named.Kept = max(named.Kept, w.image.Front(chunks))
	return named
}

// dropKeys bounds the keys that one transaction deletes. Of each large value a page is
// read, through the memory map, which then counts as memory of this process, with its
// neighbours, until the next transaction.
const dropKeys = 64

// dropUnneeded deletes what no image needs any more (invariant 4), in bounded
// transactions, so that checkpoints do not wait.
func (s *Store) dropUnneeded() error {
	for more := true; more; {
		var err error
		if more, err = s.dropSome(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) dropSome() (more bool, err error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return false, err
	}
	var chunks, pieces [][]byte
	err = s.db.View(func(tx kv.Tx) error {
		chunks, pieces = s.unneededChunks(tx), s.unneededPieces(tx)
		return nil
	})
	if err == nil && len(chunks)+len(pieces) > 0 {
		err = s.update(func(tx kv.Tx) error {
			return errors.Join(deleteAll(tx, bucketChunks, chunks), deleteAll(tx, bucketImages, pieces))
		})
	}
	if err != nil {
		return false, s.fail("drop what images stand for", err)
	}
	return len(chunks) == dropKeys || len(pieces) == dropKeys, nil
}

func deleteAll(tx kv.Tx, b kv.Bucket, keys [][]byte) error {
	for _, key := range keys {
		if err := tx.Delete(b, key); err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends a walk over keys.
var errEnough = errors.New("enough")

// unneededChunks are the keys of some chunks below Kept that nobody holds.
func (s *Store) unneededChunks(tx kv.Tx) (keys [][]byte) {
	kept := s.held(s.Images().Kept)
	_ = tx.Keys(bucketChunks, nil, func(key []byte) error {
		if len(keys) == dropKeys || binary.BigEndian.Uint64(key) >= kept {
			return errEnough
		}
		keys = append(keys, append([]byte(nil), key...))
		return nil
	})
	return keys
}

// unneededPieces are the keys of some pieces of images that are neither named, nor
// held, nor being written.
func (s *Store) unneededPieces(tx kv.Tx) (keys [][]byte) {
	named := s.Images()
	for _, g := range generations(tx) {
		if g == named.Newest.Generation || g == named.Before.Generation || s.writing[g] || s.holding(g) {
			continue
		}
		_ = tx.Keys(bucketImages, pieceKey(g, 0), func(key []byte) error {
			if len(keys) == dropKeys || binary.BigEndian.Uint32(key) != g {
				return errEnough
			}
			keys = append(keys, append([]byte(nil), key...))
			return nil
		})
	}
	return keys
}

// generations are those of whom there are pieces, in ascending order.
func generations(tx kv.Tx) (all []uint32) {
	for from := uint32(0); ; {
		found := false
		_ = tx.Keys(bucketImages, pieceKey(from, 0), func(key []byte) error {
			all, found = append(all, binary.BigEndian.Uint32(key)), true
			return errEnough
		})
		if !found {
			return all
		}
		from = all[len(all)-1] + 1
	}
}

// encode is the value of the key images, little-endian; docs/storage.md has the table.
func (i Images) encode() []byte {
	b, err := binary.Append(nil, binary.LittleEndian, i)
	if err != nil {
		panic(fmt.Sprintf("storage: the images have a field of no fixed size: %v", err))
	}
	return b
}

func decodeImages(data []byte) (i Images, err error) {
	if n, err := binary.Decode(data, binary.LittleEndian, &i); err != nil || n != len(data) {
		return Images{}, fmt.Errorf("images of %d bytes", len(data))
	}
	return i, nil
}

// readImages reads the named images and checks them against the state.
func (s *Store) readImages(tx kv.Tx) (Images, error) {
	data, err := s.get(tx, bucketMeta, keyImages)
	if err != nil || data == nil {
		return Images{}, err
	}
	named, err := decodeImages(data)
	if err != nil {
		return Images{}, s.damaged("%v", err)
	}
	if err := named.check(); err != nil {
		return Images{}, s.damaged("%v", err)
	}
	return named, nil
}

// check says what cannot be.
func (i *Images) check() error {
	if i.Newest.Index > MaxImageIndex {
		return fmt.Errorf("an image of the first %d entries, a list has fewer", i.Newest.Index)
	}
	if i.Kept > i.Newest.Index/protocol.ChunkEntries || i.Before.Index > i.Newest.Index {
		return fmt.Errorf("images of the first %d and %d entries, but the chunks below %d are dropped",
			i.Before.Index, i.Newest.Index, i.Kept)
	}
	return nil
}

// openImages takes in what is named, and above which generation to go on.
func (s *Store) openImages(tx kv.Tx, st *state) error {
	named, err := s.readImages(tx)
	if err != nil {
		return err
	}
	if named.Kept > st.ChunkCount {
		return s.damaged("chunks below %d are dropped, but the list has %d only", named.Kept, st.ChunkCount)
	}
	s.images.Store(&named)
	s.writing, s.holds = make(map[uint32]bool), make(map[*Hold]bool)
	s.generation = max(named.Newest.Generation, named.Before.Generation)
	for _, g := range generations(tx) {
		s.generation = max(s.generation, g)
	}
	return nil
}
