package wal

import (
	"fmt"
	"hash/crc32"
	"io"

	"paxos/vfs"
)

// blockBytes is how much is read, or zeroed, in one go.
const blockBytes = 256 << 10

// reader reads the frames of one segment through a window of a block, or of one
// frame where that is longer. What it returns is valid until its next call.
type reader struct {
	file  vfs.File
	path  string
	id    uint64
	logID uint64
	size  int64 // of the segment, in bytes
	buf   []byte
	start int64                  // where in the file buf begins
	head  [frameHeaderBytes]byte // for addTo
}

// reset turns the reader to another segment and keeps its memory.
func (r *reader) reset(s *segment, logID uint64) {
	*r = reader{file: s.file, path: s.path, id: s.id, logID: logID, size: s.size, buf: r.buf[:0]}
}

// window returns the bytes from off on that are at hand, at least n of them.
// The caller makes sure that off+n is within the segment.
func (r *reader) window(off int64, n int) ([]byte, error) {
	if off >= r.start && off+int64(n) <= r.start+int64(len(r.buf)) {
		return r.buf[off-r.start:], nil
	}
	want := int(min(int64(max(n, blockBytes)), r.size-off))
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	r.buf, r.start = r.buf[:want], off
	if got, err := r.file.ReadAt(r.buf, off); got < want {
		r.buf = r.buf[:0]
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("wal: read %s at %d: %w", r.path, off, err)
	}
	return r.buf, nil
}

// frame is what stands at a place in a segment: a frame, or the reason why there
// is none.
type frame struct {
	off     int64
	bytes   int64
	typ     uint8
	payload []byte
	crc     uint32 // unmasked
	fault   string // "" for a valid frame
	empty   bool   // there are zeros, or the end of the segment: nothing was written
}

func (f frame) valid() bool { return f.fault == "" }

// frame reads the frame at off. Its length is checked before it is used.
func (r *reader) frame(off int64) (frame, error) {
	f := frame{off: off}
	if off+frameHeaderBytes > r.size {
		f.fault, f.empty = "the segment ends", true
		return f, nil
	}
	head, err := r.window(off, frameHeaderBytes)
	if err != nil {
		return f, err
	}
	word := order.Uint32(head[4:])
	f.typ = uint8(word)
	f.bytes = int64(frameBytes(int(word >> 8)))
	if f.fault, f.empty = r.headFault(f, head, int(word>>8)); f.fault != "" {
		return f, nil
	}
	all, err := r.window(off, int(f.bytes))
	if err != nil {
		return f, err
	}
	r.check(&f, all[:f.bytes])
	f.payload = all[frameHeaderBytes : frameHeaderBytes+int(word>>8)]
	return f, nil
}

// headFault says what is wrong with the header of a frame.
func (r *reader) headFault(f frame, head []byte, payload int) (fault string, empty bool) {
	marks := f.typ == typeCommit || f.typ == typeClose
	switch {
	case order.Uint64(head) == 0:
		return "nothing was written here", true
	case f.typ == 0 || f.typ > MaxType && !marks:
		return fmt.Sprintf("frame of the impossible type %d", f.typ), false
	case payload > MaxRecordBytes || marks && payload != markerPayloadBytes:
		return fmt.Sprintf("frame of type %d with the impossible length %d", f.typ, payload), false
	case f.off+f.bytes > r.size:
		return fmt.Sprintf("frame of %d bytes goes beyond the end of the segment", f.bytes), false
	}
	return "", false
}

// check compares the checksum.
func (r *reader) check(f *frame, all []byte) {
	f.crc = order.Uint32(all) ^ placeMask(r.logID, r.id, f.off)
	if f.crc != frameCRC(all) {
		f.fault = "frame with a wrong checksum"
	}
}

// addTo adds a record's frame to the sum of its batch, as Batch.Add does.
func (r *reader) addTo(sum uint32, f frame) uint32 {
	order.PutUint32(r.head[:], f.crc)
	order.PutUint32(r.head[4:], frameWord(f.typ, len(f.payload)))
	return crc32.Update(sum, castagnoli, r.head[:])
}
