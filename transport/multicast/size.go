package multicast

import "math/bits"

// What the kernel charges a receive buffer for a datagram is not its length but
// the memory that holds it (skb->truesize): the descriptor, and a block for
// headers, payload and bookkeeping that is a power of two up to 16 KiB, and pages
// above. So a datagram one byte too long for a block costs twice as much: 12
// datagrams of 8,192 bytes fill a default buffer of 212,992 bytes, but it takes
// 25 of 7,680. Measured on lo, kernel 6.18, as granted bytes / datagrams held:
//
//	payload   100   600  1,472  3,584  7,680  8,192  15,872  32,256
//	charge    832 1,280  2,304  4,352  8,448 16,640  16,640  33,097
const (
	descriptorCharge = 256      // struct sk_buff
	blockOverhead    = 64 + 320 // headers and their alignment, struct skb_shared_info
	smallBlock       = 576      // the smallest block that a datagram gets
	largestBlock     = 16 << 10 // above, the payload lies in pages
	pagedOverhead    = 1024     // all that is not payload in a datagram in pages
	headroom         = 512      // what we leave of a block, so that a longer header does no harm
	headerBytes      = 20 + 8   // IPv4 and UDP
	fewestInBuffer   = 24       // datagrams of MaxDatagram bytes that a receive buffer shall hold
)

// Charge returns how many bytes of a receive buffer a datagram takes, for a
// payload of 0 to 65,507 bytes. It is what loopback was seen to take, or a little
// more; a network card's driver may take up to twice as much.
func Charge(payload int) int {
	block := payload + blockOverhead
	switch {
	case block <= smallBlock:
		return descriptorCharge + smallBlock
	case block <= largestBlock:
		return descriptorCharge + 1<<bits.Len(uint(block-1))
	}
	return payload + pagedOverhead
}

// datagramBytes chooses the largest payload of a datagram: it must fit the MTU,
// so that nothing is fragmented, and leave room for a good number of its like in
// the receive buffer, so that one late reader does not lose everything.
func datagramBytes(mtu, receiveBuffer int) int {
	size := MaxDatagram
	for size > minDatagram && Charge(size)*fewestInBuffer > receiveBuffer {
		size = (size+headroom)/2 - headroom // the next smaller block
	}
	return max(minDatagram, min(size, mtu-headerBytes))
}

// windowBytes returns the payload, in datagrams of that size, that half of the
// receive buffer holds. The other half is the margin: the kernel gives back the
// memory of datagrams already read only when that makes a quarter of the buffer
// or the queue runs empty, and the rest is for other senders to the same group.
func windowBytes(datagram, receiveBuffer int) int {
	return max(1, receiveBuffer/2/Charge(datagram)) * datagram
}
