package node

import (
	"fmt"
	"hash/crc32"

	"paxos/learner"
	"paxos/protocol"
	"paxos/storage"
)

// server answers requests for parts of snapshots, from the store's read
// transactions, in a goroutine of its own: a peer that catches up costs the
// loop nothing.
type server struct {
	store    *storage.Store
	out      *outbox
	failure  *failure
	requests chan FetchRequest
	window   int // bytes to answer one request with, below the receiver's buffer
	piece    int // bytes of data in one Piece
	heads    headCache
}

// serverDepth bounds waiting requests; those beyond are dropped and asked again.
const serverDepth = 16

func newServer(store *storage.Store, out *outbox, f *failure, window, piece int) *server {
	return &server{
		store: store, out: out, failure: f, requests: make(chan FetchRequest, serverDepth),
		window: window, piece: piece,
	}
}

// offer queues a request, or drops it.
func (s *server) offer(r FetchRequest) {
	select {
	case s.requests <- r:
	default:
	}
}

// run answers until requests is closed.
func (s *server) run() {
	for r := range s.requests {
		s.answer(r)
	}
}

func (s *server) answer(r FetchRequest) {
	number, data, err := s.blob(r.Fetch)
	if err != nil {
		s.failure.fail(fmt.Errorf("serve a snapshot to %s %d: %w", r.From.Role, r.From.ID, err)) // the store has ended
		return
	}
	to := protocol.GroupOf(r.From.Role)
	if data == nil {
		s.out.send([]protocol.Send{{To: to, Msg: &protocol.Piece{Kind: r.Fetch.Kind, Number: r.Fetch.Number}}})
		return
	}
	sum := crc32.Checksum(data, protocol.Castagnoli)
	var sends []protocol.Send
	for _, p := range learner.Pieces(r.Fetch.Kind, number, data, sum, r.Fetch, s.piece, s.window) {
		sends = append(sends, protocol.Send{To: to, Msg: p})
	}
	s.out.send(sends)
}

func (s *server) blob(f *protocol.Fetch) (number uint64, data []byte, err error) {
	if f.Kind == protocol.BlobChunk {
		data, err = s.store.Chunk(f.Number)
		return f.Number, data, err
	}
	return s.heads.get(s.store, f.Number)
}

// headCache keeps the heads that peers are fetching: a transfer takes many
// requests, and each must see the same head though checkpoints go on. Two of
// them bound the memory; an idle one is replaced when another is asked for.
type headCache struct {
	entries [2]cachedHead
	clock   uint64
}

type cachedHead struct {
	number uint64
	data   []byte
	used   uint64
}

// get returns the head of a certain number, or the newest one for 0.
func (c *headCache) get(store *storage.Store, number uint64) (uint64, []byte, error) {
	c.clock++
	for i := range c.entries {
		if e := &c.entries[i]; number != 0 && e.number == number {
			e.used = c.clock
			return number, e.data, nil
		}
	}
	if number != 0 {
		return number, nil, nil // gone: the peer starts again
	}
	applied, data, err := store.Head()
	if err != nil || data == nil {
		return 0, nil, err
	}
	oldest := &c.entries[0]
	if c.entries[1].used < oldest.used || c.entries[1].number == uint64(applied) {
		oldest = &c.entries[1]
	}
	*oldest = cachedHead{number: uint64(applied), data: data, used: c.clock}
	return uint64(applied), data, nil
}
