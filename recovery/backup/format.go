package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"paxos/list"
	"paxos/protocol"
)

// A file is a header and frames: one with the head of the list, one for each
// chunk in ascending order, and the end. All integers are little endian.
//
//	header             0  8  magic "\x89PXBACK\n"
//	                   8  4  format version
//	                  12  4  bytes of the header, 64
//	                  16  8  cluster that the list comes from
//	                  24  8  applied instance
//	                  32  8  entries of the list
//	                  40  8  chunks
//	                  48  8  when it was made: milliseconds since 1970
//	                  56  4  zero
//	                  60  4  CRC-32C of bytes 0 to 59
//	frame              0  4  kind: 1 head, 2 chunk, 3 end
//	                   4  4  bytes of the payload
//	                   8  8  number: of the chunk; chunks in the file for the end
//	                  16  n  payload
//	                16+n  4  CRC-32C of bytes 0 to 15+n, begun with the checksum
//	                         of the frame before (of the header, for the first)
//
// The payload of the head is one zstd frame with the head as package list
// encodes it; that of a chunk is the chunk as the list encodes it, compressed by
// itself; that of the end is the SHA-256 of all before the end frame. Nothing
// follows the end.
const (
	magic         = "\x89PXBACK\n"
	formatVersion = 1
	headerBytes   = 64
	frameBytes    = 16
	sumBytes      = 4

	kindHead  = 1
	kindChunk = 2
	kindEnd   = 3
)

// What bounds a frame's payload, in bytes.
const (
	// maxHead is far more than a head can be: 1,024 sessions of some 10 KiB and
	// less than a chunk of entries.
	maxHead  = 64 << 20
	maxChunk = list.MaxRawChunk + 64
)

// ErrCorrupt is the class of errors that say: this is no backup, or not the whole
// of one, or it was changed. They name the offset.
var ErrCorrupt = errors.New("backup is damaged")

// Header is what a backup says of itself.
type Header struct {
	Cluster protocol.ClusterID // that the list comes from
	Applied protocol.Instance  // that the list stands for
	Length  uint64             // entries
	Chunks  uint64             // Length / protocol.ChunkEntries
	Made    time.Time          // in milliseconds
}

func (h *Header) encode() []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), formatVersion)
	b = binary.LittleEndian.AppendUint32(b, headerBytes)
	for _, field := range []uint64{uint64(h.Cluster), uint64(h.Applied), h.Length, h.Chunks, uint64(h.Made.UnixMilli())} {
		b = binary.LittleEndian.AppendUint64(b, field)
	}
	b = append(b, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, checksum(0, b))
}

// decodeHeader accepts what encode made and nothing else.
func decodeHeader(b []byte) (h Header, err error) {
	if string(b[:len(magic)]) != magic {
		return h, errors.New("it does not begin as a backup does")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return h, fmt.Errorf("format version %d, this program knows %d", v, formatVersion)
	}
	field := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	h = Header{
		Cluster: protocol.ClusterID(field(16)), Applied: protocol.Instance(field(24)), Length: field(32), Chunks: field(40),
		Made: time.UnixMilli(int64(field(48))),
	}
	if string(h.encode()) != string(b) {
		return h, errors.New("the header has a wrong checksum")
	}
	if h.Chunks != h.Length/protocol.ChunkEntries {
		return h, fmt.Errorf("%d chunks for %d entries", h.Chunks, h.Length)
	}
	return h, nil
}

func checksum(before uint32, b []byte) uint32 { return crc32.Update(before, protocol.Castagnoli, b) }
