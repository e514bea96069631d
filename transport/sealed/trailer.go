package sealed

import (
	"encoding/binary"

	"paxos/protocol"
)

// A sealed datagram is its payload, and behind it:
//
//	0   8  sender: drawn at random by the sending process
//	8   4  time: seconds since 1970 on the sender's clock, modulo 2^32
//	12  4  number: of the sender's datagrams to this group, from 0, without gaps
//	16  16 tag: AES-256-GMAC over the payload and all of the above
//
// Numbers are little-endian, as in the rest of the datagram. The nonce is
//
//	0   4  group
//	4   8  time and number, as in the trailer
const (
	// Trailer is how many bytes a sealed datagram is longer than its payload.
	Trailer = stampSize + tagSize

	stampSize = 16
	tagSize   = 16
	nonceSize = 12
)

// stamp is what a trailer says in front of its tag.
type stamp struct {
	sender uint64
	time   uint32
	number uint32
}

func (s stamp) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, s.sender)
	b = binary.LittleEndian.AppendUint32(b, s.time)
	return binary.LittleEndian.AppendUint32(b, s.number)
}

// readStamp reads the stamp that b, of stampSize bytes, is.
func readStamp(b []byte) stamp {
	return stamp{
		sender: binary.LittleEndian.Uint64(b),
		time:   binary.LittleEndian.Uint32(b[8:]),
		number: binary.LittleEndian.Uint32(b[12:]),
	}
}

// nonce is a buffer for nonces. It lives in its owner because what is handed to a
// cipher.AEAD escapes: a local one would be an allocation for each datagram.
type nonce [nonceSize]byte

// set makes n the nonce of a datagram to group with this stamp.
func (n *nonce) set(group protocol.Group, s stamp) []byte {
	binary.LittleEndian.PutUint32(n[0:], uint32(group))
	binary.LittleEndian.PutUint32(n[4:], s.time)
	binary.LittleEndian.PutUint32(n[8:], s.number)
	return n[:]
}

// after returns how many seconds time a is after time b: less than 0 where it is
// before. Times are modulo 2^32, so this holds for times within 68 years.
func after(a, b uint32) int64 { return int64(int32(a - b)) }
