package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// A file is a header and frames: one with the head of the list, one for each
// chunk in ascending order, and the end. All integers are little endian.
//
// Where an image of a program's state stands for the front of the list (storage/image.go)
// the version is 2: behind the head come a frame that says what the image is, and one for each
// of its pieces in ascending order; and the chunks that it stands for are left out.
//
//	header             0  8  magic "\x89PXBACK\n"
//	                   8  4  format version: 1; with an image 2
//	                  12  4  bytes of the header, 64
//	                  16  8  cluster that the list comes from
//	                  24  8  applied instance
//	                  32  8  entries of the list
//	                  40  8  chunks
//	                  48  8  when it was made: milliseconds since 1970
//	                  56  1  role whose list it is (protocol.Role); 0: a list server or a
//	                         program's node
//	                  57  3  zeros
//	                  60  4  CRC-32C of bytes 0 to 59
//	frame              0  4  kind: 1 head, 2 chunk, 3 end, 4 image, 5 piece
//	                   4  4  bytes of the payload
//	                   8  8  number: of the chunk or piece; chunks of the list for the end
//	                  16  n  payload
//	                16+n  4  CRC-32C of bytes 0 to 15+n, begun with the checksum
//	                         of the frame before (of the header, for the first)
//
// The payload of the head is one zstd frame with the head as package list
// encodes it; that of a chunk is the chunk as the list encodes it, compressed by
// itself; that of the end is the SHA-256 of all before the end frame. Nothing
// follows the end. The payload of the image is its index (8 bytes), how many pieces
// it has (4), their bytes before they were encoded (8), and the sum over them (8), as the
// store has them; that of a piece is the piece as the list encodes it.
const (
	magic        = "\x89PXBACK\n"
	listVersion  = 1
	imageVersion = 2
	headerBytes  = 64
	frameBytes   = 16
	sumBytes     = 4
	imageBytes   = 28

	kindHead  = 1
	kindChunk = 2
	kindEnd   = 3
	kindImage = 4
	kindPiece = 5
)

// What bounds a frame's payload, in bytes.
const (
	// maxHead is far more than a head can be: 1,024 sessions of some 10 KiB and
	// less than a chunk of entries.
	maxHead  = 64 << 20
	maxChunk = list.MaxRawChunk + 64
	maxPiece = list.MaxRawPiece + 64
)

// ErrCorrupt is the class of errors that say: this is no backup, or not the whole
// of one, or it was changed. They name the offset.
var ErrCorrupt = errors.New("backup is damaged")

// Header is what a backup says of itself.
type Header struct {
	Role    protocol.Role      // whose list it is: the entries of a server are values, those of the others lines of clients
	Cluster protocol.ClusterID // that the list comes from
	Applied protocol.Instance  // that the list stands for
	Length  uint64             // entries
	Chunks  uint64             // Length / protocol.ChunkEntries
	Made    time.Time          // in milliseconds
	// Image stands for the front of the list; its Index is 0 if the list is whole. It may
	// stand for more than the list has. Its Generation is 0.
	Image storage.Image
}

// First is the number of the first chunk that the backup has: the image stands for
// those before.
func (h Header) First() uint64 { return h.Image.Front(h.Chunks) }

func (h *Header) version() uint32 {
	if h.Image.Index > 0 {
		return imageVersion
	}
	return listVersion
}

// roleByte is 0 for a server.
func (h *Header) roleByte() byte {
	if h.Role == protocol.RoleServer {
		return 0
	}
	return byte(h.Role)
}

func decodeRole(b byte) protocol.Role {
	if b == 0 {
		return protocol.RoleServer
	}
	return protocol.Role(b)
}

// encode is the header; what it says of the image has a frame of its own.
func (h *Header) encode(version uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), version)
	b = binary.LittleEndian.AppendUint32(b, headerBytes)
	for _, field := range []uint64{uint64(h.Cluster), uint64(h.Applied), h.Length, h.Chunks, uint64(h.Made.UnixMilli())} {
		b = binary.LittleEndian.AppendUint64(b, field)
	}
	b = append(b, h.roleByte(), 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, checksum(0, b))
}

// decodeHeader accepts what encode made and nothing else.
func decodeHeader(b []byte) (h Header, version uint32, err error) {
	if string(b[:len(magic)]) != magic {
		return h, 0, errors.New("it does not begin as a backup does")
	}
	if version = binary.LittleEndian.Uint32(b[8:]); version != listVersion && version != imageVersion {
		return h, 0, fmt.Errorf("format version %d, this program knows %d and %d", version, listVersion, imageVersion)
	}
	field := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	h = Header{
		Role:    decodeRole(b[56]),
		Cluster: protocol.ClusterID(field(16)), Applied: protocol.Instance(field(24)), Length: field(32), Chunks: field(40),
		Made: time.UnixMilli(int64(field(48))),
	}
	if string(h.encode(version)) != string(b) {
		return h, 0, errors.New("the header has a wrong checksum")
	}
	if h.Role != protocol.RoleServer && h.Role != protocol.RoleAcceptor && h.Role != protocol.RoleLearner {
		return h, 0, fmt.Errorf("the list of a %s, which has none", h.Role)
	}
	if h.Chunks != h.Length/protocol.ChunkEntries {
		return h, 0, fmt.Errorf("%d chunks for %d entries", h.Chunks, h.Length)
	}
	return h, version, nil
}

func encodeImage(i storage.Image) []byte {
	b := binary.LittleEndian.AppendUint64(nil, i.Index)
	b = binary.LittleEndian.AppendUint32(b, i.Pieces)
	b = binary.LittleEndian.AppendUint64(b, i.Bytes)
	return binary.LittleEndian.AppendUint64(b, i.Sum)
}

// decodeImage believes nothing that cannot be.
func decodeImage(b []byte) (i storage.Image, err error) {
	if len(b) != imageBytes {
		return i, fmt.Errorf("an image's frame of %d bytes", len(b))
	}
	i.Index, i.Pieces = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
	i.Bytes, i.Sum = binary.LittleEndian.Uint64(b[12:]), binary.LittleEndian.Uint64(b[20:])
	if pieces := uint64(i.Pieces); i.Index == 0 || i.Index > storage.MaxImageIndex || i.Bytes < pieces || i.Bytes > pieces*list.MaxRawPiece {
		return i, fmt.Errorf("an impossible image: %+v", i)
	}
	return i, nil
}

func checksum(before uint32, b []byte) uint32 { return crc32.Update(before, protocol.Castagnoli, b) }
