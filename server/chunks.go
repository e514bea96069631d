package server

import (
	"container/list"
	"fmt"
	"sync"

	entrylist "paxos/list"
)

// chunks are the parts of the list that left memory, decoded. The ones used last
// are kept, up to a number of bytes, but always one. Their blocks never change.
type chunks struct {
	source func(n uint64) ([]byte, error)
	turn   chan struct{} // one place for each that may be read and decoded at a time

	mu     sync.Mutex
	limit  int // bytes
	bytes  int
	byNum  map[uint64]*list.Element
	recent *list.List // of chunk, the one used last in front
}

type chunk struct {
	number uint64
	block  []byte
}

// decoders bounds the chunks in decoding, which may take 16 MiB each.
const decoders = 2

func newChunks(source func(n uint64) ([]byte, error), limit int) *chunks {
	return &chunks{
		source: source, limit: limit, turn: make(chan struct{}, decoders),
		byNum: make(map[uint64]*list.Element), recent: list.New(),
	}
}

// block returns the payloads of chunk n, as in protocol.Run.
func (c *chunks) block(n uint64) ([]byte, error) {
	if block, ok := c.kept(n); ok {
		return block, nil
	}
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if block, ok := c.kept(n); ok { // somebody else was first
		return block, nil
	}
	encoded, err := c.source(n)
	if err != nil {
		return nil, fmt.Errorf("get list chunk %d: %w", n, err)
	}
	block, err := entrylist.DecodeChunk(nil, encoded)
	if err != nil {
		return nil, fmt.Errorf("list chunk %d: %w", n, err)
	}
	c.keep(chunk{n, block})
	return block, nil
}

func (c *chunks) kept(n uint64) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byNum[n]
	if e == nil {
		return nil, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(chunk).block, true
}

func (c *chunks) keep(ch chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byNum[ch.number] != nil {
		return
	}
	c.byNum[ch.number] = c.recent.PushFront(ch)
	c.bytes += len(ch.block)
	for c.bytes > c.limit && c.recent.Len() > 1 {
		old := c.recent.Remove(c.recent.Back()).(chunk)
		delete(c.byNum, old.number)
		c.bytes -= len(old.block)
	}
}
