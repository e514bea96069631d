package list

import (
	"fmt"
	"iter"

	"paxos/protocol"
)

// View is the list as it stood when State.View was called. It never changes
// and may be read by any goroutine, while the State goes on. It keeps the
// chunks that it holds in memory: don't hold on to it.
type View struct {
	length uint64
	first  uint64 // number of the oldest chunk in memory
	chunks []Chunk
	tail   []byte
	count  int
}

// ChunkSource has the chunks that left memory.
type ChunkSource interface {
	// Chunk returns chunk number n as EncodeChunk made it. The bytes must stay
	// as they are until the next call.
	Chunk(n uint64) ([]byte, error)
}

// View returns the list as it stands. It copies no entries. A list that keeps
// sessions only has nothing to view.
func (s *State) View() View {
	t := &s.entries
	if s.options.SessionsOnly {
		return View{}
	}
	t.viewed = t.first + uint64(len(t.chunks)) + 1 // the tail's bytes, too
	return View{length: s.length, first: t.first, chunks: t.chunks, tail: t.tail, count: t.count}
}

// Length is the number of entries of the whole list.
func (v View) Length() uint64 { return v.length }

// InMemory is the index of the first entry that a View holds itself. What is
// before comes from a ChunkSource.
func (v View) InMemory() uint64 { return v.first * protocol.ChunkEntries }

// Read passes the entries from index from on to each, in order, at most one
// chunk at a time: count payloads from index first on, in a block that is only
// valid during the call. Entries that are not in memory come from older, one
// chunk after the other, so that memory does not grow with the list. The first
// error, of each or of older, ends the reading.
func (v View) Read(from uint64, older ChunkSource, each func(first uint64, count int, block []byte) error) error {
	var raw []byte
	for n := from / protocol.ChunkEntries; from < v.length; n++ {
		block, count := v.tail, v.count
		switch {
		case n < v.first:
			var err error
			if raw, err = readChunk(older, n, raw[:0]); err != nil {
				return err
			}
			block, count = raw, protocol.ChunkEntries
		case n-v.first < uint64(len(v.chunks)):
			block, count = v.chunks[n-v.first].Raw, protocol.ChunkEntries
		}
		skip := int(from % protocol.ChunkEntries)
		rest, err := protocol.SkipPayloads(block, skip)
		if err != nil {
			panic(fmt.Sprintf("list: chunks in memory hold checked blocks: %v", err))
		}
		if err := each(from, count-skip, rest); err != nil {
			return err
		}
		from += uint64(count - skip)
	}
	return nil
}

func readChunk(older ChunkSource, n uint64, dst []byte) ([]byte, error) {
	if older == nil {
		return nil, fmt.Errorf("list chunk %d is not in memory, and there is no source for it", n)
	}
	encoded, err := older.Chunk(n)
	if err != nil {
		return nil, fmt.Errorf("get list chunk %d: %w", n, err)
	}
	raw, err := DecodeChunk(dst, encoded)
	if err != nil {
		return nil, fmt.Errorf("list chunk %d: %w", n, err)
	}
	return raw, nil
}

// EncodedChunk appends closed chunk n, one of those that the View holds itself, to
// dst as EncodeChunk makes it.
func (v View) EncodedChunk(dst []byte, n uint64) ([]byte, error) {
	if n < v.first || n-v.first >= uint64(len(v.chunks)) {
		return dst, fmt.Errorf("list chunk %d is not among the closed ones in memory, %d to before %d", n, v.first, v.first+uint64(len(v.chunks)))
	}
	return EncodeChunk(dst, v.chunks[n-v.first].Raw), nil
}

// Entries iterates over the payloads of a block, as Read and Options.OnAppend
// give it, with their indexes from first on.
func Entries(first uint64, block []byte) iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		for index := first; len(block) > 0; index++ {
			payload, rest, err := protocol.NextPayload(block)
			if err != nil {
				panic(fmt.Sprintf("list: blocks of the list are well-formed: entry %d: %v", index, err))
			}
			if !yield(index, payload) {
				return
			}
			block = rest
		}
	}
}
