package sim

import (
	"encoding/binary"

	"paxos/protocol"
)

// digest gathers the logical content of all events into one number: when what
// happened to whom, what the datagrams said, what was applied. No compressed bytes
// are in it, and nothing that depends on the machine.
type digest struct{ sum uint64 }

// add mixes a number in.
func (d *digest) add(x uint64) {
	d.sum = (d.sum ^ x) * 0x9e3779b97f4a7c15
	d.sum ^= d.sum >> 29
}

func (d *digest) event(e *event) {
	d.add(uint64(e.at)<<4 | uint64(e.kind))
	switch {
	case e.host != nil:
		d.add(uint64(e.host.peer.Role)<<32 | uint64(e.host.peer.ID))
	case e.packet != nil:
		d.add(e.packet.to.key)
		d.add(content(e.packet.data))
	}
}

// content stands for what a datagram says: its type, and its checksum, unless it is
// a piece of a chunk.
func content(data []byte) uint64 {
	if len(data) < protocol.FrameOverhead {
		return 0
	}
	const typeAt = 3
	sum := binary.LittleEndian.Uint32(data[len(data)-4:])
	if data[typeAt] == uint8(protocol.TypePiece) {
		sum = 0
	}
	return uint64(data[typeAt])<<32 | uint64(sum)
}
