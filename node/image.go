package node

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// An image is what a caller's state machine wrote down of itself; it stands for the
// front of the list, whose chunks may then be dropped (storage/image.go). A peer
// that lacks such chunks gets the image in their place:
//
//   - behind the head that it fetches there is a trailer, which names the images of
//     the same moment. A store without images has none: all is as it always was;
//   - the image's pieces are fetched like chunks, under numbers that no chunk has.
//     Two stores' images differ, so pieces are asked of one peer only;
//   - with the head, image and remaining chunks become durable in one transaction.

// imageBit marks the number of a piece: then its generation (31 bits) and its place.
const imageBit = 1 << 63

func pieceNumber(generation, number uint32) uint64 {
	return imageBit | uint64(generation)<<32 | uint64(number)
}

func pieceOf(number uint64) (generation, piece uint32, ok bool) {
	return uint32(number >> 32 &^ (imageBit >> 32)), uint32(number), number&imageBit != 0
}

// The trailer of a head, little-endian:
//
//	0   4   magic "PXIM"
//	4   32  the newest image: index 8, generation 4, pieces 4, bytes 8, sum 8
//	36  8   chunks below this number are dropped
//	44  4   CRC-32C of all before
const (
	trailerMagic = "PXIM"
	trailerSize  = 48
)

type trailer struct {
	Image storage.Image
	Kept  uint64
}

// appendTrailer appends what a peer must know of the images, nothing if there is none.
func appendTrailer(head []byte, named storage.Images) []byte {
	if named.Newest.Index == 0 || head == nil {
		return head
	}
	start := len(head)
	head = append(head, trailerMagic...)
	head, err := binary.Append(head, binary.LittleEndian, trailer{named.Newest, named.Kept})
	if err != nil {
		panic(fmt.Sprintf("node: the trailer has a field of no fixed size: %v", err))
	}
	return binary.LittleEndian.AppendUint32(head, crc32.Checksum(head[start:], protocol.Castagnoli))
}

// splitTrailer takes the trailer off a head that arrived, if there is one.
func splitTrailer(data []byte) (head []byte, t trailer, found bool) {
	start := len(data) - trailerSize
	if start < 0 || !bytes.HasPrefix(data[start:], []byte(trailerMagic)) {
		return data, t, false
	}
	end := len(data) - 4
	if crc32.Checksum(data[start:end], protocol.Castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return data, t, false
	}
	if _, err := binary.Decode(data[start+4:end], binary.LittleEndian, &t); err != nil {
		return data, t, false
	}
	return data[:start], t, true
}

// check believes nothing that cannot be (rule 11) with a head of so many chunks.
func (t *trailer) check(chunks uint64) error {
	i, pieces := t.Image, uint64(t.Image.Pieces)
	if i.Index == 0 || i.Generation == 0 || i.Generation >= imageBit>>32 ||
		i.Bytes < pieces || i.Bytes > pieces*list.MaxRawPiece || t.Kept > i.Front(chunks) {
		return fmt.Errorf("a head with an impossible image: %+v, chunks below %d dropped of %d", i, t.Kept, chunks)
	}
	return nil
}

// mostEntries bounds the list of a peer that had length entries at the instance applied:
// nothing follows but what was decided since, and each entry takes a byte of a value.
func mostEntries(applied, decided protocol.Instance, length uint64) uint64 {
	if decided <= applied {
		return min(length, storage.MaxImageIndex)
	}
	since := min(uint64(decided-applied), storage.MaxImageIndex/protocol.MaxValue)
	return min(length+since*protocol.MaxValue, storage.MaxImageIndex)
}

// headSourceOf adds the trailer to the heads of a store.
type headSourceOf struct{ store *storage.Store }

// Head implements headSource.
func (h headSourceOf) Head() (protocol.Instance, []byte, error) {
	applied, head, named, err := h.store.HeadAndImages()
	return applied, appendTrailer(head, named), err
}

// Images returns the images of the node's store.
func (s *Server) Images() storage.Images { return s.r.store.Images() }

// ImagePiece returns a piece of an image, as list.EncodePiece made it; nil if that is
// not there any more.
func (s *Server) ImagePiece(generation, number uint32) ([]byte, error) {
	return s.r.store.ImagePiece(generation, number)
}

// HoldImage keeps the newest image, and the chunks behind it, while they are read. It
// must be released.
func (s *Server) HoldImage() *storage.Hold { return s.r.store.Hold() }

// BeginImage begins to write an image of the caller's state machine. The machine must
// have applied the list's entries below the index that is given at the end, which
// need not be durable as entries yet: they are decided.
func (s *Server) BeginImage() (*storage.ImageWriter, error) { return s.r.store.BeginImage() }

// Fail ends the server, as a failed disk does: with a reason that Stop returns.
func (s *Server) Fail(reason error) { s.r.failure.fail(reason) }
