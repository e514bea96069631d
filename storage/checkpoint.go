package storage

import (
	"cmp"
	"fmt"
	"slices"

	"paxos/protocol"
	"paxos/storage/kv"
)

// Checkpoint is a state of the process that replaces a part of the log.
type Checkpoint struct {
	// Covers is what Store.Covered was when the state was frozen: the state
	// reflects all records before it (and, perhaps, some behind it).
	Covers   Position
	Promised protocol.Ballot
	Round    uint64
	Pins     []protocol.Pin
	// Votes are those above Applied, in ascending order; others are left out.
	Votes   []protocol.Vote
	Applied protocol.Instance
	// Head is the head of the list at Applied; nil if there is none to keep.
	Head []byte
	// Chunks are those that were closed since the last checkpoint.
	Chunks []Chunk
	// ChunkCount says that the head needs the chunks 0 to ChunkCount-1, which are
	// stored before, or in Chunks: if one of them is not there, it got lost. With an
	// image, it may be one of those that it stands for.
	ChunkCount uint64
	// Image, if not nil, has the pieces of an image, which is named by this
	// checkpoint: the list's entries below ImageIndex need not be there.
	Image      *ImageWriter
	ImageIndex uint64
}

// Chunk is an immutable part of the list, as it is stored and sent.
type Chunk struct {
	Number uint64
	Data   []byte // not empty
	// Room says that the memory behind Data, up to its capacity, is nobody's: the
	// checksum is written there, if it fits, and Data need not be copied.
	Room bool
}

// Checkpoint makes c durable in one transaction of the database (chunks may go
// ahead of it), and then drops what it covers from the log and prepares the log's
// next segment. Commit goes on meanwhile. An error is the store's end (rule 9). It
// panics if c takes back anything that the last checkpoint says.
func (s *Store) Checkpoint(c Checkpoint) error {
	if err := s.checkpoint(c); err != nil || c.Image == nil {
		return err
	}
	return s.dropUnneeded()
}

func (s *Store) checkpoint(c Checkpoint) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return err
	}
	next, votes := c.state()
	next.mustFollow(&s.last)
	if end := s.log.End(); end.Less(next.Covers) {
		panic(fmt.Sprintf("storage: rule 7: a checkpoint covers the log up to %v, but it is durable up to %v only", next.Covers, end))
	}
	size := c.bytes(votes)
	named := s.Images()
	if c.Image != nil {
		named = c.Image.install(c.ImageIndex, named, c.ChunkCount)
	}
	last, err := s.writeAhead(c.Chunks)
	if err == nil {
		c.Chunks = last
		err = s.update(func(tx kv.Tx) error { return c.write(tx, &next, votes, named) })
	}
	if err != nil {
		return s.fail(fmt.Sprintf("write the checkpoint at instance %s", c.Applied), err)
	}
	s.last = next
	s.installed(c.Image, named)
	s.count(func(st *Stats) { st.Checkpoints, st.SavedBytes = st.Checkpoints+1, st.SavedBytes+size })
	return s.dropFront(next.Covers)
}

// installed notes that a checkpoint with an image is durable.
func (s *Store) installed(w *ImageWriter, named Images) {
	if w != nil {
		delete(s.writing, w.image.Generation)
		s.images.Store(&named)
		s.installs++
	}
}

// dropFront is called when the checkpoint that covers it is durable, never before
// (rule 7).
func (s *Store) dropFront(covers Position) error {
	if err := s.log.DropBefore(covers); err != nil {
		return s.fail(fmt.Sprintf("drop the log before %v", covers), err)
	}
	if err := s.log.Prepare(); err != nil {
		return s.fail("prepare the log's next segment", err)
	}
	return nil
}

// bytes is what c has beside the few bytes of its state.
func (c *Checkpoint) bytes(votes []protocol.Vote) uint64 {
	n := len(c.Head)
	for _, v := range votes {
		n += len(v.Value)
	}
	return uint64(n) + chunkBytes(c.Chunks)
}

func chunkBytes(chunks []Chunk) (n uint64) {
	for _, c := range chunks {
		n += uint64(len(c.Data))
	}
	return n
}

// newState is the state that says nothing yet.
func newState(covers Position) state {
	st := state{stateFixed: stateFixed{Covers: covers}}
	st.setHead(nil)
	return st
}

// state returns what c says beside its votes, and those that are worth keeping.
func (c *Checkpoint) state() (state, []protocol.Vote) {
	st := newState(c.Covers)
	st.Promised, st.Round, st.Applied, st.ChunkCount = c.Promised, c.Round, c.Applied, c.ChunkCount
	st.pins = slices.SortedFunc(slices.Values(c.Pins), func(p, q protocol.Pin) int { return cmp.Compare(p.Acceptor, q.Acceptor) })
	st.setHead(c.Head)
	votes := c.Votes
	for i, v := range votes {
		if i > 0 && v.Instance <= votes[i-1].Instance {
			panic(fmt.Sprintf("storage: votes out of order: instance %s after %s", v.Instance, votes[i-1].Instance))
		}
		if st.Promised.Less(v.Ballot) { // rule 2
			st.Promised = v.Ballot
		}
	}
	for len(votes) > 0 && votes[0].Instance <= c.Applied {
		votes = votes[1:]
	}
	return st, votes
}

// write is the transaction. Votes are noted in st before st is written.
func (c *Checkpoint) write(tx kv.Tx, st *state, votes []protocol.Vote, named Images) error {
	st.Votes, st.VotesSum = 0, 0
	if err := writeVotes(tx, st, votes); err != nil {
		return err
	}
	if err := writeChunks(tx, c.Chunks); err != nil {
		return err
	}
	if err := writeHead(tx, c.Head); err != nil {
		return err
	}
	if c.Image != nil {
		if err := c.Image.writePending(tx); err != nil {
			return err
		}
		if err := put(tx, bucketMeta, keyImages, named.encode()); err != nil {
			return err
		}
	}
	return put(tx, bucketMeta, keyState, st.encode())
}

func writeHead(tx kv.Tx, head []byte) error {
	if head == nil {
		return tx.Delete(bucketMeta, keyHead)
	}
	return put(tx, bucketMeta, keyHead, head)
}

// PutChunks makes chunks durable ahead of the checkpoint whose head needs them:
// chunks that were fetched from a peer. Chunks that are there already stay as they
// are. An error is the store's end (rule 9).
func (s *Store) PutChunks(chunks []Chunk) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	if err := s.ending.reason(); err != nil {
		return err
	}
	if len(chunks) == 0 {
		return nil
	}
	size := chunkBytes(chunks)
	last, err := s.writeAhead(chunks)
	if err == nil {
		err = s.update(func(tx kv.Tx) error { return writeChunks(tx, last) })
	}
	if err != nil {
		return s.fail(fmt.Sprintf("write %d chunks from number %d on", len(chunks), chunks[0].Number), err)
	}
	s.count(func(st *Stats) { st.SavedBytes += size })
	return nil
}

// update changes the database in one transaction. The caller has saving locked, or is
// the only one that has the store.
func (s *Store) update(change func(kv.Tx) error) error {
	if err := s.db.Update(change); err != nil {
		return err
	}
	s.count(func(st *Stats) { st.Transactions++ })
	return nil
}

// transactionBytes bounds the chunks in one transaction, but for what the last of them
// has beyond: the transaction has them in memory twice, with their checksums, and in the
// database's pages.
const transactionBytes = 1 << 20

// transactionSize is what bounds them in this store.
func (s *Store) transactionSize() int { return cmp.Or(s.transaction, transactionBytes) }

// writeAhead makes chunks durable in transactions of their own as long as there
// are too many of them for one, and returns the others. A chunk ahead of the head
// that needs it is harmless: it never changes.
func (s *Store) writeAhead(chunks []Chunk) (last []Chunk, err error) {
	for {
		n := s.oneTransaction(chunks)
		if n == len(chunks) {
			return chunks, nil
		}
		some := chunks[:n]
		if err := s.update(func(tx kv.Tx) error { return writeChunks(tx, some) }); err != nil {
			return nil, err
		}
		chunks = chunks[n:]
	}
}

// oneTransaction is how many chunks go into the next transaction: as many as it takes
// to reach transactionSize.
func (s *Store) oneTransaction(chunks []Chunk) int {
	size := 0
	for n, c := range chunks {
		if size += len(c.Data); size >= s.transactionSize() {
			return n + 1
		}
	}
	return len(chunks)
}
