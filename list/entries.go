package list

import (
	"fmt"
	"slices"

	"paxos/protocol"
)

// Chunk is protocol.ChunkEntries consecutive entries, the Number-th such: it
// holds the indexes from Number*ChunkEntries on. Raw is their block, as in
// protocol.Run, and never changes.
type Chunk struct {
	Number uint64
	Raw    []byte
}

// MaxRawChunk is the longest block of a chunk, in bytes: every payload is as
// long as can be, and its length takes 3 bytes.
const MaxRawChunk = protocol.ChunkEntries * (3 + protocol.MaxPayload)

// entries are the entries in memory: closed chunks from number first on, then
// the tail. Bytes once written are never changed and slices never reordered in
// place, so that a View stays true while the list grows.
type entries struct {
	first  uint64  // number of the oldest chunk in memory, or of the tail if there is none
	chunks []Chunk // closed, not checkpointed
	taken  int     // how many of chunks TakeClosed returned
	tail   []byte  // block of the entries after the last chunk
	count  int     // entries in tail, less than ChunkEntries
	last   int     // bytes of the last chunk that was closed: the next is likely about as long

	viewed     uint64   // chunks below this number may be in somebody's View
	spare      [][]byte // buffers that came back, for tails to come
	spareBytes int
}

// maxSpare bounds the buffers kept for tails to come, in bytes.
const maxSpare = 4 << 20

// append appends count payloads in a block that was checked.
func (t *entries) append(count int, block []byte) {
	for room := protocol.ChunkEntries - t.count; count >= room; room = protocol.ChunkEntries {
		rest, err := protocol.SkipPayloads(block, room)
		if err != nil {
			panic(fmt.Sprintf("list: only checked runs are applied: %v", err))
		}
		t.extend(room, block[:len(block)-len(rest)])
		t.closeChunk()
		count, block = count-room, rest
	}
	if count > 0 {
		t.extend(count, block)
	}
}

func (t *entries) extend(count int, block []byte) {
	if t.tail == nil {
		t.tail = t.newTail(len(block))
	}
	t.tail = append(t.tail, block...)
	t.count += count
}

// newTail returns an empty buffer for a block of at least so many bytes, one that
// came back if it is large enough. Those that are not, from when entries were
// shorter, are let go: each would grow step by step, copied every time, and while
// they fill the spare room no longer one would be kept.
func (t *entries) newTail(least int) []byte {
	for n := len(t.spare); n > 0; n = len(t.spare) {
		b := t.spare[n-1]
		t.spare[n-1] = nil
		t.spare, t.spareBytes = t.spare[:n-1], t.spareBytes-cap(b)
		if cap(b) >= max(t.last, least) {
			return b
		}
	}
	return make([]byte, 0, max(t.last+t.last/32, least))
}

// closeChunk hands the full tail over, without a copy.
func (t *entries) closeChunk() {
	t.last = len(t.tail)
	t.chunks = append(t.chunks, Chunk{Number: t.first + uint64(len(t.chunks)), Raw: t.tail})
	t.tail, t.count = nil, 0
}

// TakeClosed returns the chunks that were closed since the last call, in
// order. They stay readable through the State until Checkpointed. The caller
// must not change them.
func (s *State) TakeClosed() []Chunk {
	t := &s.entries
	closed := t.chunks[t.taken:len(t.chunks):len(t.chunks)]
	t.taken = len(t.chunks)
	return closed
}

// Checkpointed tells the State that all chunks with numbers below chunks are
// durable elsewhere, and drops them from memory. They need not have been taken:
// a snapshot that the log overtook while it was written brought chunks that
// were closed here, too. To vouch for chunks that are not closed is a bug.
func (s *State) Checkpointed(chunks uint64) {
	t := &s.entries
	if s.options.SessionsOnly || chunks <= t.first {
		return
	}
	n := chunks - t.first
	if n > uint64(len(t.chunks)) {
		panic(fmt.Sprintf("list: only closed chunks are checkpointed: %d, of %d closed from %d on", chunks, len(t.chunks), t.first))
	}
	t.chunks = slices.Clone(t.chunks[n:]) // not in place: views may hold the old slice
	t.first, t.taken = chunks, max(t.taken-int(n), 0)
}

// Recycle gives back the buffers of chunks that were taken and checkpointed,
// and that the caller has no more use for: they will be overwritten. It spares
// the collector one buffer a chunk; not to call it is always right. Chunks that
// a View may hold are left alone.
func (s *State) Recycle(chunks []Chunk) {
	t := &s.entries
	for _, c := range chunks {
		if c.Number >= t.first {
			panic(fmt.Sprintf("list: only checkpointed chunks are recycled: %d, checkpointed are those below %d", c.Number, t.first))
		}
		if c.Number >= t.viewed && t.spareBytes+cap(c.Raw) <= maxSpare {
			t.spare, t.spareBytes = append(t.spare, c.Raw[:0]), t.spareBytes+cap(c.Raw)
		}
	}
}
