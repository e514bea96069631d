package server

import (
	"errors"
	"fmt"

	"paxos/list"
	"paxos/protocol"
)

// entries reads the list, from memory or from chunks.
type entries struct {
	engine Engine
	chunks *chunks
}

// errEnough ends the reading of a View.
var errEnough = errors.New("enough")

// pass hands the entries from index from on, below to, to add until that returns
// false. It returns the index after the last one. The list must have to entries.
// It holds a View, and so memory of the list, until it returns: add must not wait.
func (e *entries) pass(from, to uint64, add func(index uint64, payload []byte) bool) (next uint64, err error) {
	view, more := e.engine.View(), true
	for more && from < to && from < view.InMemory() {
		block, err := e.chunks.block(from / protocol.ChunkEntries)
		if err != nil {
			return from, err
		}
		rest, err := protocol.SkipPayloads(block, int(from%protocol.ChunkEntries))
		if err != nil {
			panic(fmt.Sprintf("server: decoded chunks hold checked blocks: %v", err))
		}
		from, more = walk(from, to, rest, add)
	}
	if !more || from >= to {
		return from, nil
	}
	err = view.Read(from, nil, func(first uint64, _ int, block []byte) error {
		if from, more = walk(first, to, block, add); !more || from >= to {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return from, err
	}
	if more && from < to {
		panic(fmt.Sprintf("server: the list only grows: it had %d entries and has %d", to, view.Length()))
	}
	return from, nil
}

// walk passes the entries of a block, from index first on and below to.
func walk(first, to uint64, block []byte, add func(uint64, []byte) bool) (next uint64, more bool) {
	for index, payload := range list.Entries(first, block) {
		if index >= to {
			return index, true
		}
		if !add(index, payload) {
			return index + 1, false
		}
		next = index + 1
	}
	return next, true
}
