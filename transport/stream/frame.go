package stream

import (
	"encoding/binary"
	"fmt"

	"paxos/protocol"
	"paxos/transport"
)

const (
	// frameHeader is what a frame takes beside the datagram: a little-endian word
	// with the length in its low 24 bits and the group in its high 8.
	frameHeader = 4
	lengthBits  = 24
	maxFrame    = frameHeader + protocol.MaxDatagram
)

// appendFrame appends d, whose size was checked, as a frame.
func appendFrame(b []byte, d transport.Datagram) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(d.Data))|uint32(d.Group)<<lengthBits)
	return append(b, d.Data...)
}

// parseHeader returns what the first frame of b, of at least frameHeader bytes,
// claims to be. Nothing may be allocated before it was checked (rule 11).
func parseHeader(b []byte) (length int, group protocol.Group, err error) {
	word := binary.LittleEndian.Uint32(b)
	length, group = int(word&(1<<lengthBits-1)), protocol.Group(word>>lengthBits)
	switch {
	case length > protocol.MaxDatagram:
		return 0, 0, fmt.Errorf("%w: of %d bytes, more than %d", errTooLarge, length, protocol.MaxDatagram)
	case length == 0:
		return 0, 0, fmt.Errorf("%w: empty", errFrame)
	case group >= protocol.Groups:
		return 0, 0, fmt.Errorf("%w: of %s", errFrame, group)
	}
	return length, group, nil
}
