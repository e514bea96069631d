package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"paxos/list"
	"paxos/storage"
)

// Reader takes a backup apart: header and head at once, then piece by piece of an image,
// if there is one, chunk by chunk, and the end. Errors are ErrCorrupt, or those of what it reads.
type Reader struct {
	header Header
	head   []byte

	in     io.Reader
	whole  hash.Hash     // of all before the frame that is read
	sum    uint32        // of the frame before
	offset int64         // of that frame in the file
	pieces storage.Image // what the pieces that were read add up to
	next   uint64        // chunk
	raw    []byte        // of the piece or chunk, to check it
}

// NewReader reads and checks header and head.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: in, whole: sha256.New()}
	b := make([]byte, headerBytes)
	if err := r.read(b); err != nil {
		return nil, err
	}
	var version uint32
	var err error
	if r.header, version, err = decodeHeader(b); err != nil {
		return nil, r.corrupt("%v", err)
	}
	r.sum = binary.LittleEndian.Uint32(b[headerBytes-sumBytes:])
	r.pass(b)
	f, err := r.frame(kindHead, 0, maxHead)
	if err != nil {
		return nil, err
	}
	if r.head, err = r.decodeHead(f.payload); err != nil {
		return nil, err
	}
	r.pass(f.bytes)
	if version == imageVersion {
		err = r.readImage()
	}
	r.next = r.header.First()
	return r, err
}

// readImage reads what the image is.
func (r *Reader) readImage() error {
	f, err := r.frame(kindImage, 0, imageBytes)
	if err != nil {
		return err
	}
	if r.header.Image, err = decodeImage(f.payload); err != nil {
		return r.corrupt("%v", err)
	}
	r.pass(f.bytes)
	return nil
}

// NextPiece returns the next piece of the image, checked, and io.EOF behind the last one, if they
// are those that the image was made with. It stays as it is.
func (r *Reader) NextPiece() (p storage.Piece, err error) {
	image, n := r.header.Image, r.pieces.Pieces
	if n == image.Pieces {
		if !r.pieces.SamePieces(image) {
			return p, r.corrupt("the pieces of the image are not those that it was made with")
		}
		return p, io.EOF
	}
	f, err := r.frame(kindPiece, uint64(n), maxPiece)
	if err != nil {
		return p, err
	}
	if r.raw, err = list.DecodePiece(r.raw[:0], f.payload); err != nil {
		return p, r.corrupt("piece %d of the image: %v", n, err)
	}
	p = storage.Piece{Number: n, Data: f.payload, Bytes: len(r.raw)}
	r.pieces.Add(p)
	r.pass(f.bytes)
	return p, nil
}

// passImage reads what was not read of the image.
func (r *Reader) passImage() error {
	for {
		if _, err := r.NextPiece(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Header is what the backup says of itself; it agrees with the head.
func (r *Reader) Header() Header { return r.header }

// Head is the head of the list, as package list encodes it.
func (r *Reader) Head() []byte { return r.head }

// Next returns the next chunk as the list encodes it, checked down to its entries,
// and io.EOF behind the last one. It is valid until the next call. The first one is
// Header.First; pieces that were not asked for are passed over.
func (r *Reader) Next() ([]byte, error) {
	if err := r.passImage(); err != nil {
		return nil, err
	}
	if r.next == r.header.Chunks {
		return nil, io.EOF
	}
	f, err := r.frame(kindChunk, r.next, maxChunk)
	if err != nil {
		return nil, err
	}
	if r.raw, err = list.DecodeChunk(r.raw[:0], f.payload); err != nil {
		return nil, r.corrupt("chunk %d: %v", r.next, err)
	}
	r.next++
	r.pass(f.bytes)
	return f.payload, nil
}

// End must be called behind the last chunk: it says whether the file is whole, and
// that nothing follows it.
func (r *Reader) End() error {
	want := r.whole.Sum(nil)
	f, err := r.frame(kindEnd, r.header.Chunks, sha256.Size)
	if err != nil {
		return err
	}
	if !bytes.Equal(f.payload, want) {
		return r.corrupt("the SHA-256 at the end is that of another file")
	}
	r.pass(f.bytes)
	if n, err := io.ReadFull(r.in, make([]byte, 1)); n > 0 {
		return r.corrupt("something follows the end")
	} else if err != io.EOF {
		return fmt.Errorf("read behind the end of the backup: %w", err)
	}
	return nil
}

// Verify reads a whole backup and checks all of it.
func Verify(in io.Reader) (Header, error) {
	r, err := NewReader(in)
	if err != nil {
		return Header{}, err
	}
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF {
		return r.header, err
	}
	return r.header, r.End()
}

// frame is one that is checked: its payload, and all its bytes.
type frame struct{ payload, bytes []byte }

// frame reads the frame that is due.
func (r *Reader) frame(kind uint32, number uint64, limit int) (f frame, err error) {
	b := make([]byte, frameBytes)
	if err := r.read(b); err != nil {
		return f, err
	}
	n := int(binary.LittleEndian.Uint32(b[4:]))
	switch {
	case binary.LittleEndian.Uint32(b) != kind, binary.LittleEndian.Uint64(b[8:]) != number:
		return f, r.corrupt("a frame of kind %d with number %d, want kind %d with number %d",
			binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[8:]), kind, number)
	case n > limit:
		return f, r.corrupt("a frame of %d bytes", n)
	}
	if b, err = r.more(b, n+sumBytes); err != nil {
		return f, err
	}
	sum := checksum(r.sum, b[:frameBytes+n])
	if sum != binary.LittleEndian.Uint32(b[frameBytes+n:]) {
		return f, r.corrupt("a wrong checksum")
	}
	r.sum = sum
	return frame{b[frameBytes : frameBytes+n], b}, nil
}

// more reads n bytes behind b. It does not believe n: memory grows with what is there.
func (r *Reader) more(b []byte, n int) ([]byte, error) {
	for n > 0 {
		step := min(n, 1<<20)
		at := len(b)
		b = append(b, make([]byte, step)...)
		if err := r.read(b[at:]); err != nil {
			return nil, err
		}
		n -= step
	}
	return b, nil
}

func (r *Reader) read(b []byte) error {
	_, err := io.ReadFull(r.in, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.corrupt("it is cut short")
	}
	if err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	return nil
}

// pass counts bytes that were found good.
func (r *Reader) pass(b []byte) {
	r.whole.Write(b)
	r.offset += int64(len(b))
}

func (r *Reader) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w at offset %d: %s", ErrCorrupt, r.offset, fmt.Sprintf(format, args...))
}

// decodeHead decompresses the head and compares it with the header.
func (r *Reader) decodeHead(payload []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxHead), zstd.WithDecodeAllCapLimit(false))
	if err != nil {
		panic(fmt.Sprintf("backup: zstd options are valid: %v", err))
	}
	defer d.Close()
	head, err := d.DecodeAll(payload, nil)
	if err != nil {
		return nil, r.corrupt("the head: %v", err)
	}
	state, err := list.RestoreState(head, list.Options{})
	if err != nil {
		return nil, r.corrupt("the head: %v", err)
	}
	if state.Applied() != r.header.Applied || state.Length() != r.header.Length {
		return nil, r.corrupt("the head is of instance %s with %d entries, the header says %s and %d",
			state.Applied(), state.Length(), r.header.Applied, r.header.Length)
	}
	return head, nil
}
