package inspect

import (
	"fmt"
	"hash/crc32"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// Chunk is a chunk of the list as it is stored.
type Chunk struct {
	Number     uint64 `json:"number"`
	First      uint64 `json:"first"` // index of its first entry
	Bytes      int    `json:"bytes"` // as it is stored
	RawBytes   int    `json:"raw_bytes"`
	Sum        string `json:"crc32c"` // of its content: equal on all nodes
	Compressed bool   `json:"compressed"`
	Ahead      bool   `json:"ahead,omitempty"` // of the checkpoint: the head does not need it yet

	info list.ChunkInfo
	data []byte
}

// Raw appends the chunk's entries to dst: a block as in protocol.Run.
func (c *Chunk) Raw(dst []byte) ([]byte, error) { return list.DecodeChunk(dst, c.data) }

// Chunks visits the chunks from number from on, in order. Their content is not
// decoded.
func (f *Folder) Chunks(from uint64, visit func(*Chunk) error) error {
	count := f.State().Saved.ChunkCount
	return f.values(storage.BucketChunks, storage.NumberKey(from), func(v stored) error {
		n, err := storage.DecodeNumberKey(v.key)
		var info list.ChunkInfo
		if err == nil {
			info, err = list.PeekChunk(v.value)
		}
		if err != nil {
			f.report(Finding{File: f.path(storage.DatabaseName), Offset: v.at, Detail: fmt.Sprintf("chunk %x: %v", v.key, err)})
			return nil
		}
		return visit(&Chunk{
			Number: n, First: n * protocol.ChunkEntries, Bytes: len(v.value), RawBytes: info.RawBytes,
			Sum: fmt.Sprintf("%08x", info.Sum), Compressed: info.Compressed, Ahead: n >= count, info: info, data: v.value,
		})
	})
}

// Entries visits the entries of the checkpoint's list from index from on, in order.
// Those of a damaged chunk are left out; the chunk is reported. A payload is valid
// during the call only.
func (f *Folder) Entries(from uint64, visit func(index uint64, payload []byte) error) error {
	s := f.State()
	if s.SessionsOnly {
		return nil
	}
	var raw []byte
	err := f.Chunks(from/protocol.ChunkEntries, func(c *Chunk) error {
		if c.Ahead {
			return errEnough
		}
		var err error
		if raw, err = c.Raw(raw[:0]); err != nil {
			f.report(Finding{File: f.path(storage.DatabaseName), Offset: -1, Detail: fmt.Sprintf("chunk %d: %v", c.Number, err)})
			return nil
		}
		return visitBlock(c.First, raw, from, visit)
	})
	if err != nil && err != errEnough {
		return err
	}
	if s.List == nil {
		return nil
	}
	tail := max(from, s.Saved.ChunkCount*protocol.ChunkEntries)
	return s.List.View().Read(tail, nil, func(first uint64, _ int, block []byte) error {
		return visitBlock(first, block, from, visit)
	})
}

func visitBlock(first uint64, block []byte, from uint64, visit func(uint64, []byte) error) error {
	for index, payload := range list.Entries(first, block) {
		if index < from {
			continue
		}
		if err := visit(index, payload); err != nil {
			return err
		}
	}
	return nil
}

// Head is the head of the checkpoint's list: everything but its chunks.
type Head struct {
	Applied protocol.Instance
	Bytes   uint64
	Sum     string // CRC-32C of all of it but its own last four bytes, which are that sum; "" without a head
	Length  uint64 // of the list
	Chunks  uint64 // that it needs
	Tail    uint64 // entries in it

	SessionsOnly bool // the entries are not kept: a proposer's
}

// Head sums the head up. Without a list all is zero.
func (f *Folder) Head() Head {
	s := f.State()
	h := Head{Applied: s.Saved.Applied, Bytes: s.Saved.HeadBytes, Chunks: s.Saved.ChunkCount}
	h.Sum = headSum(s.Restored.Head)
	if s.List != nil {
		h.Length, h.SessionsOnly = s.List.Length(), s.SessionsOnly
	}
	if !h.SessionsOnly {
		h.Tail = h.Length % protocol.ChunkEntries
	}
	return h
}

// headSum is the checksum of a head without the one that it ends with: over both, it
// would be the same constant for every head.
func headSum(head []byte) string {
	if len(head) < crc32.Size {
		return ""
	}
	return fmt.Sprintf("%08x", crc32.Checksum(head[:len(head)-crc32.Size], protocol.Castagnoli))
}

// Sessions visits the sessions of the checkpoint's list in the order of their ids.
func (f *Folder) Sessions(visit func(list.SessionInfo) error) error {
	if s := f.State(); s.List != nil {
		return s.List.EachSession(visit)
	}
	return nil
}
