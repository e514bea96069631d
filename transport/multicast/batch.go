package multicast

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

const (
	// batchDatagrams is how many datagrams one recvmmsg takes at most.
	batchDatagrams = 32
	// sharedBytes bounds an allocation that several small datagrams share, and so
	// how much memory one that is kept for long can hold back.
	sharedBytes = 4 << 10
)

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// batch is the memory that recvmmsg fills: a slot of one byte more than
// MaxDatagram for each datagram, so that a larger one is noticed. The kernel
// touches only what arrives, so mostly little of the 2 MiB is really used.
type batch struct {
	messages [batchDatagrams]message
	vectors  [batchDatagrams]unix.Iovec
	slots    [batchDatagrams][MaxDatagram + 1]byte
}

func newBatch() *batch {
	b := new(batch)
	for i := range b.messages {
		b.vectors[i].Base = &b.slots[i][0]
		b.vectors[i].SetLen(len(b.slots[i]))
		b.messages[i].header.Iov = &b.vectors[i]
		b.messages[i].header.SetIovlen(1)
	}
	return b
}

// read takes what the socket holds, up to a batch, and never waits. Its error is
// EAGAIN where there is nothing.
func (b *batch) read(fd int) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[0])),
		batchDatagrams, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// payload returns datagram i of the last read, and whether it is complete.
func (b *batch) payload(i int) ([]byte, bool) {
	m := &b.messages[i]
	n := int(m.length)
	return b.slots[i][:min(n, MaxDatagram)], n <= MaxDatagram && m.header.Flags&unix.MSG_TRUNC == 0
}

// appendCopies appends exact copies of the first n datagrams of the last read,
// and returns how many it left out because they were oversized.
func (b *batch) appendCopies(into []transport.Datagram, group protocol.Group, n int) ([]transport.Datagram, int) {
	oversized := 0
	var shared []byte
	for i := range n {
		data, whole := b.payload(i)
		if !whole {
			oversized++
			continue
		}
		if cap(shared)-len(shared) < len(data) {
			shared = make([]byte, 0, b.shareFrom(i, n))
		}
		start := len(shared)
		shared = append(shared, data...)
		// The third index keeps an append to one datagram out of its neighbour.
		into = append(into, transport.Datagram{Group: group, Data: shared[start:len(shared):len(shared)]})
	}
	return into, oversized
}

// shareFrom returns the size of an allocation for datagram i and as many after it
// as fit sharedBytes with it; a larger datagram gets its own.
func (b *batch) shareFrom(i, n int) int {
	size := 0
	for j := i; j < n; j++ {
		data, whole := b.payload(j)
		if !whole {
			continue
		}
		if size > 0 && size+len(data) > sharedBytes {
			break
		}
		size += len(data)
	}
	return size
}

// getsockoptBytes reads a socket option that is a block of bytes.
func getsockoptBytes(fd, level, option int, into []byte) (int, error) {
	length := uint32(len(into))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&into[0])), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(length), nil
}

func nativeUint32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
