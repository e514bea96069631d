package backup

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// Source is a list of one moment.
type Source interface {
	// Head is the head of the list, with its entries behind the last chunk.
	Head() []byte
	// Chunk returns chunk n as list.EncodeChunk makes it; the bytes must stay as
	// they are until the next call.
	Chunk(n uint64) ([]byte, error)
}

// Imaged is a Source whose list has an image of a program's state in place of its front,
// if Image says so. Chunk is not asked for chunks that it stands for.
type Imaged interface {
	Source
	// Image is what the image is; its Index is 0 if there is none.
	Image() storage.Image
	// Piece returns a piece of it, as Chunk does a chunk.
	Piece(n uint32) (storage.Piece, error)
}

// Of is the list of a View, with the head of the same moment. Chunks that the View
// does not hold any more come from older.
func Of(head []byte, view list.View, older list.ChunkSource) Source {
	return &viewed{head: head, view: view, older: older}
}

type viewed struct {
	head   []byte
	view   list.View
	older  list.ChunkSource
	buffer []byte // for chunks that are compressed here
}

func (v *viewed) Head() []byte { return v.head }

func (v *viewed) Chunk(n uint64) (data []byte, err error) {
	if n >= v.view.InMemory()/protocol.ChunkEntries {
		v.buffer, err = v.view.EncodedChunk(v.buffer[:0], n)
		return v.buffer, err
	}
	return v.older.Chunk(n)
}

// Write writes a backup of the list of a role of a cluster. Memory does not grow with the
// list. done, if not nil, is told after each chunk how many are written.
func Write(out io.Writer, role protocol.Role, cluster protocol.ClusterID, made time.Time, s Source, done func(chunks, of uint64)) (Header, error) {
	head := s.Head()
	applied, length, err := list.PeekHead(head)
	if err != nil {
		return Header{}, fmt.Errorf("back up a list: %w", err)
	}
	h := Header{Role: role, Cluster: cluster, Applied: applied, Length: length, Chunks: length / protocol.ChunkEntries, Made: time.UnixMilli(made.UnixMilli())}
	imaged, _ := s.(Imaged)
	if imaged != nil {
		h.Image = imaged.Image()
		h.Image.Generation = 0
	}
	w := newWriter(out)
	w.begin(&h)
	w.frame(kindHead, 0, compress(head))
	if h.Image.Index > 0 {
		if err := w.image(h.Image, imaged); err != nil {
			return h, err
		}
	}
	for n := h.First(); n < h.Chunks && w.err == nil; n++ {
		data, err := s.Chunk(n)
		if err != nil {
			return h, fmt.Errorf("back up chunk %d of %d: %w", n, h.Chunks, err)
		}
		w.frame(kindChunk, n, data)
		if done != nil {
			done(n+1, h.Chunks)
		}
	}
	w.frame(kindEnd, h.Chunks, w.whole.Sum(nil))
	return h, w.err
}

// image writes the frames of an image.
func (w *writer) image(i storage.Image, s Imaged) error {
	w.frame(kindImage, 0, encodeImage(i))
	for n := uint32(0); n < i.Pieces && w.err == nil; n++ {
		p, err := s.Piece(n)
		if err != nil {
			return fmt.Errorf("back up piece %d of %d of an image: %w", n, i.Pieces, err)
		}
		w.frame(kindPiece, uint64(n), p.Data)
	}
	return nil
}

// writer keeps the first error and writes nothing after it.
type writer struct {
	out   io.Writer
	whole interface {
		io.Writer
		Sum([]byte) []byte
	}
	sum uint32 // of the frame before
	err error
}

func newWriter(out io.Writer) *writer { return &writer{out: out, whole: sha256.New()} }

func (w *writer) begin(h *Header) {
	b := h.encode(h.version())
	w.sum = binary.LittleEndian.Uint32(b[headerBytes-sumBytes:])
	w.write(b)
}

func (w *writer) frame(kind uint32, number uint64, payload []byte) {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, frameBytes), kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint64(b, number)
	w.sum = checksum(checksum(w.sum, b), payload)
	w.write(b)
	w.write(payload)
	w.write(binary.LittleEndian.AppendUint32(nil, w.sum))
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	w.whole.Write(b)
	if _, err := w.out.Write(b); err != nil {
		w.err = fmt.Errorf("write the backup: %w", err)
	}
}

// compress makes one zstd frame that says how long its content is.
func compress(raw []byte) []byte {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(fmt.Sprintf("backup: zstd options are valid: %v", err))
	}
	defer e.Close()
	return e.EncodeAll(raw, nil)
}
