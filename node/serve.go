package node

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"sync/atomic"
	"time"

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
	answered atomic.Uint64 // requests
	dropped  atomic.Uint64 // requests
	now      func() protocol.Time
}

// serverDepth bounds waiting requests; those beyond are dropped and asked again.
const serverDepth = 16

func newServer(store *storage.Store, out *outbox, f *failure, w world, window, piece int) *server {
	return &server{
		store: store, out: out, failure: f, requests: make(chan FetchRequest, serverDepth),
		window: window, piece: piece, now: w.now,
	}
}

// offer queues a request, or drops it.
func (s *server) offer(r FetchRequest) {
	select {
	case s.requests <- r:
	default:
		s.dropped.Add(1)
	}
}

// run answers until requests is closed.
func (s *server) run() {
	for r := range s.requests {
		s.serve(r)
	}
}

// waits reports whether there is a request to answer.
func (s *server) waits() bool { return len(s.requests) > 0 }

// one answers what waits, if there is something, in place of the goroutine.
func (s *server) one() {
	select {
	case r := <-s.requests:
		s.serve(r)
	default:
	}
}

// serve answers a request and those that wait with it, for a peer asks for many
// small chunks, and each system call costs more than a chunk.
func (s *server) serve(r FetchRequest) {
	sends, bytes := s.answer(nil, r)
	for more := true; more && bytes < answerBytes; {
		select {
		case r, more = <-s.requests:
			if more {
				var n int
				sends, n = s.answer(sends, r)
				bytes += n
			}
		default:
			more = false
		}
	}
	s.out.send(sends)
}

// answerBytes of answers are sent together, or those to one request.
const answerBytes = 256 << 10

// answer adds the answer to a request, of so many bytes.
func (s *server) answer(sends []protocol.Send, r FetchRequest) ([]protocol.Send, int) {
	s.answered.Add(1)
	number, data, err := s.blob(r.Fetch)
	if err != nil {
		s.failure.fail(fmt.Errorf("serve a snapshot to %s %d: %w", r.From.Role, r.From.ID, err)) // the store has ended
		return sends, 0
	}
	send := func(p *protocol.Piece) {
		sends = append(sends, protocol.Send{To: protocol.GroupOf(r.From.Role), Only: r.From.Peer, Msg: p})
	}
	if data == nil {
		send(&protocol.Piece{Kind: r.Fetch.Kind, Number: r.Fetch.Number})
		return sends, 0
	}
	sum := crc32.Checksum(data, protocol.Castagnoli)
	for _, p := range learner.Pieces(r.Fetch.Kind, number, data, sum, r.Fetch, s.piece, s.window) {
		send(p)
	}
	return sends, len(data)
}

func (s *server) blob(f *protocol.Fetch) (number uint64, data []byte, err error) {
	if generation, piece, ok := pieceOf(f.Number); ok && f.Kind == protocol.BlobChunk {
		data, err = s.store.ImagePiece(generation, piece)
		return f.Number, data, err
	}
	if f.Kind == protocol.BlobChunk {
		data, err = s.store.Chunk(f.Number)
		return f.Number, data, err
	}
	return s.heads.get(headSourceOf{s.store}, f.Number, s.now())
}

// headCache keeps the heads that peers are fetching: a transfer takes many
// requests, and each must see the same head though checkpoints go on. Two of
// them bound the memory. While both are in use, whoever else begins a transfer
// gets the newer of them: a head that is a few checkpoints old is a snapshot as
// good as any, and to take a head away from a peer would make it begin again,
// and take somebody else's away.
type headCache struct{ entries [2]cachedHead }

type cachedHead struct {
	number      uint64 // 0: empty
	data        []byte
	since, used protocol.Time
}

const (
	// headIdle is how long after its last request a head is still in use: a
	// peer that hears nothing for so long gives the transfer up.
	headIdle = 2 * time.Second
	// headAge is how long a head may be kept from making room, so that peers
	// to whom it is of no use any more cannot keep it for ever.
	headAge = 10 * time.Second
)

func (e *cachedHead) busy(now protocol.Time) bool {
	return e.number != 0 && now.Sub(e.used) < headIdle && now.Sub(e.since) < headAge
}

// headSource has the newest head, as a peer gets it.
type headSource interface {
	Head() (protocol.Instance, []byte, error)
}

// get returns the head of a certain number, no data if it is gone and the peer
// must start again; or for 0 the newest one, as far as there is room. A head may
// change though its number does not: images are named without a checkpoint, and
// those that the old trailer names may be dropped. Whoever is fetching the old head
// sees another checksum, and begins again.
func (c *headCache) get(source headSource, number uint64, now protocol.Time) (uint64, []byte, error) {
	e := c.find(number)
	if number == 0 {
		applied, data, err := source.Head()
		if err != nil || data == nil || applied == 0 {
			return 0, nil, err
		}
		head := cachedHead{number: uint64(applied), data: data, since: now}
		if e = c.find(head.number); e == nil {
			e = c.admit(head, now)
		} else if !bytes.Equal(e.data, data) {
			*e = head
		}
	}
	if e == nil {
		return number, nil, nil
	}
	e.used = now
	return e.number, e.data, nil
}

func (c *headCache) find(number uint64) *cachedHead {
	for i := range c.entries {
		if c.entries[i].number == number {
			return &c.entries[i]
		}
	}
	return nil
}

// admit puts a head in the place of one that is not in use. Where all are it
// returns the newest of them instead.
func (c *headCache) admit(head cachedHead, now protocol.Time) *cachedHead {
	older, newer := &c.entries[0], &c.entries[1]
	if newer.used < older.used {
		older, newer = newer, older
	}
	switch {
	case !older.busy(now):
		*older = head
		return older
	case !newer.busy(now):
		*newer = head
		return newer
	case older.number > newer.number:
		return older
	}
	return newer
}
