package protocol

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A datagram is a header, a body and a checksum over both:
//
//	0   2  magic "PX"
//	2   1  version
//	3   1  message type
//	4   8  cluster
//	12  1  sender's role
//	13  3  zero
//	16  4  sender's id
//	20  8  sender's store
//	28  n  body
//	..  4  CRC-32C of all before
const (
	// Version is the wire format's version.
	Version = 2
	// FrameOverhead is what a datagram takes beside its body.
	FrameOverhead = headerSize + sumSize

	magic0, magic1 = 'P', 'X'
	headerSize     = 28
	sumSize        = 4
)

// Why a datagram was dropped.
var (
	ErrForeign   = errors.New("not one of our datagrams")
	ErrVersion   = errors.New("datagram of another version")
	ErrCluster   = errors.New("datagram of another cluster")
	ErrTruncated = errors.New("truncated datagram")
	ErrChecksum  = errors.New("datagram with a wrong checksum")
	ErrMalformed = errors.New("malformed message")
)

// AppendMessage appends m as a datagram from the given sender.
func AppendMessage(b []byte, cluster ClusterID, from Sender, m Message) []byte {
	start := len(b)
	b = append(b, magic0, magic1, Version, byte(m.Type()))
	b = appendU64(b, uint64(cluster))
	b = append(b, byte(from.Role), 0, 0, 0)
	b = appendU32(b, uint32(from.ID))
	b = appendU64(b, uint64(from.Store))
	b = m.appendBody(b)
	return appendU32(b, crc32.Checksum(b[start:], Castagnoli))
}

// DecodeMessage checks a datagram and decodes it. The message aliases data.
// The error is one of the Err... values above, perhaps wrapped.
func DecodeMessage(cluster ClusterID, data []byte) (Sender, Message, error) {
	from, typ, err := Peek(cluster, data)
	if err != nil {
		return Sender{}, nil, err
	}
	body := data[:len(data)-sumSize]
	if crc32.Checksum(body, Castagnoli) != binary.LittleEndian.Uint32(data[len(body):]) {
		return Sender{}, nil, ErrChecksum
	}
	m := newMessage(typ)
	if m == nil {
		return Sender{}, nil, fmt.Errorf("%w: unknown type %d", ErrMalformed, typ)
	}
	r := reader{rest: body[headerSize:]}
	m.decodeBody(&r)
	reserved := data[13] | data[14] | data[15]
	if r.failed || len(r.rest) != 0 || !m.valid() || !from.Role.Valid() || reserved != 0 {
		return Sender{}, nil, fmt.Errorf("%w: %s", ErrMalformed, typ)
	}
	return from, m, nil
}

// Peek reads a datagram's header without checking the rest: enough to drop
// other clusters' datagrams, and one's own, cheaply. Believe nothing else of it.
func Peek(cluster ClusterID, data []byte) (Sender, MessageType, error) {
	switch {
	case len(data) < 4 || data[0] != magic0 || data[1] != magic1:
		return Sender{}, 0, ErrForeign
	case data[2] != Version:
		return Sender{}, 0, fmt.Errorf("%w: %d, want %d", ErrVersion, data[2], Version)
	case len(data) < FrameOverhead:
		return Sender{}, 0, ErrTruncated
	case ClusterID(binary.LittleEndian.Uint64(data[4:])) != cluster:
		return Sender{}, 0, ErrCluster
	}
	from := Sender{
		Peer:  Peer{Role(data[12]), NodeID(binary.LittleEndian.Uint32(data[16:]))},
		Store: StoreID(binary.LittleEndian.Uint64(data[20:])),
	}
	return from, MessageType(data[3]), nil
}
