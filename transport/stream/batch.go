package stream

import (
	"bytes"
	"sort"

	"paxos/internal/scratch"
	"paxos/protocol"
	"paxos/transport"
)

const (
	// sendBytes bounds the frames that are encoded at a time.
	sendBytes = 256 << 10
	// sendDatagrams bounds their number.
	sendDatagrams = 4096
)

// batch is some datagrams of one Send, and the frames that they are for one peer.
// The frames lie in memory that the next peer's overwrite: what must wait is
// copied, once for all peers.
type batch struct {
	out    []transport.Datagram
	fit    []int    // which of out may be sent at all
	mixed  bool     // some of them are for one peer only
	copies [][]byte // of out: frames that wait for peers; nil until the first does

	frames  []byte
	keeper  scratch.Keeper // of frames
	ends    []int          // where each frame ends
	index   []int          // which of out it is
	encoded bool           // frames are good for every peer
}

// fill takes the first datagrams of out, as many as are encoded at a time, and
// returns how many that is. Those that are not sendable it leaves out.
func (b *batch) fill(out []transport.Datagram, sendable func(transport.Datagram) bool) int {
	b.fit, b.mixed, b.encoded = b.fit[:0], false, false
	size, n := 0, 0
	for n < min(len(out), sendDatagrams) && size < sendBytes {
		if sendable(out[n]) {
			b.fit = append(b.fit, n)
			b.mixed = b.mixed || out[n].Only != protocol.Peer{}
			size += frameHeader + len(out[n].Data)
		}
		n++
	}
	b.out = out[:n]
	clear(b.copies)
	if cap(b.copies) < n {
		b.copies = make([][]byte, n)
	}
	b.copies = b.copies[:n]
	return n
}

// encode makes the frames for one peer and reports whether there are any.
func (b *batch) encode(to protocol.NodeID) bool {
	if b.encoded {
		return len(b.ends) > 0
	}
	b.frames, b.ends, b.index = b.keeper.Emptied(b.frames), b.ends[:0], b.index[:0]
	for _, i := range b.fit {
		d := b.out[i]
		if d.Only != (protocol.Peer{}) && d.Only.ID != to {
			continue
		}
		b.frames = appendFrame(b.frames, d)
		b.ends = append(b.ends, len(b.frames))
		b.index = append(b.index, i)
	}
	b.encoded = !b.mixed
	return len(b.ends) > 0
}

// payload is how many bytes the peer's datagrams have together.
func (b *batch) payload() int { return len(b.frames) - frameHeader*len(b.ends) }

// from returns the frame that byte n of the frames belongs to, and where in it.
func (b *batch) from(n int) (frame, offset int) {
	frame = sort.SearchInts(b.ends, n+1)
	return frame, n - b.start(frame)
}

func (b *batch) start(frame int) int {
	if frame == 0 {
		return 0
	}
	return b.ends[frame-1]
}

// copy returns a frame that nobody will ever change.
func (b *batch) copy(frame int) []byte {
	i := b.index[frame]
	if b.copies[i] == nil {
		b.copies[i] = bytes.Clone(b.frames[b.start(frame):b.ends[frame]])
	}
	return b.copies[i]
}

// release lets go of the caller's data, and of what is in the queues.
func (b *batch) release() {
	b.out = nil
	clear(b.copies)
}
