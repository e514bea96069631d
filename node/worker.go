package node

import (
	"fmt"

	"paxos/internal/scratch"
	"paxos/list"
	"paxos/storage"
)

// worker writes checkpoints and fetched snapshots to the database, one after
// the other, in the background.
type worker struct {
	store   *storage.Store
	list    list.Options                 // of the list that heads are checked against
	encode  func(dst, raw []byte) []byte // a closed chunk
	failure *failure
	wake    func() // tells the loop that there are results
	jobs    chan job
	results chan result
	buffer  []byte         // compressed chunks, one behind the other
	keeper  scratch.Keeper // of buffer
	bad     uint64         // the transfer that brought something useless
	meter   *meter

	image   *storage.ImageWriter // takes the pieces of a peer's image; nil: there is none
	imageOf uint64               // the transfer that brings it
	raw     []byte
}

// job is one piece of background work: chunks to store, or a checkpoint.
type job struct {
	transfer uint64 // of the snapshot that it belongs to; 0: none
	chunks   []storage.Chunk
	pieces   []storage.Piece
	frozen   *Frozen
	install  bool // frozen holds a fetched head
	alone    bool // no transfer was under way
}

type result struct {
	job
	useless error // what the peer sent is not what it should be; nothing of it was installed
}

// workerDepth bounds the fetched chunks that wait to be written; the fetcher
// stops asking while the loop waits.
const workerDepth = 2

func newWorker(store *storage.Store, o list.Options, f *failure, wake func()) *worker {
	return &worker{
		store: store, list: o, encode: list.EncodeChunk, failure: f, wake: wake,
		jobs: make(chan job, workerDepth), results: make(chan result, workerDepth+2),
	}
}

// run works until jobs is closed, or something failed.
func (w *worker) run() {
	for j := range w.jobs {
		if !w.work(j) {
			return
		}
	}
}

// waits reports whether there is a job to do.
func (w *worker) waits() bool { return len(w.jobs) > 0 }

// one does the first job that waits, if there is one, in place of the goroutine.
func (w *worker) one() {
	select {
	case j := <-w.jobs:
		w.work(j)
	default:
	}
}

// work does a job and leaves its result for the loop. It reports whether to go on.
func (w *worker) work(j job) bool {
	useless, err := w.do(j)
	if err != nil {
		w.failure.fail(err)
		return false
	}
	w.results <- result{j, useless}
	w.wake()
	return true
}

func (w *worker) do(j job) (useless, err error) {
	switch {
	case j.frozen == nil:
		if useless = w.checkChunks(j); useless != nil {
			w.bad = j.transfer
			return useless, nil
		}
		if useless, err = w.takePieces(j); useless != nil || err != nil {
			return useless, err
		}
		return nil, w.store.PutChunks(j.chunks)
	case j.install:
		if useless = w.checkHead(j); useless != nil {
			return useless, w.dropImage()
		}
	case j.alone:
		if err := w.dropImage(); err != nil {
			return nil, err
		}
	}
	defer w.meter.checkpointed(w.meter.begin())
	c, err := w.finish(j.frozen)
	if err != nil {
		return nil, err
	}
	if j.install && j.frozen.image != nil {
		c.Image, c.ImageIndex = w.image, j.frozen.image.Index
		w.image = nil
	}
	return nil, w.store.Checkpoint(c)
}

// checkChunks looks into fetched chunks before they are written: they are never
// written again (rule 11).
func (w *worker) checkChunks(j job) error {
	var raw []byte
	for _, c := range j.chunks {
		var err error
		if raw, err = list.DecodeChunk(raw[:0], c.Data); err != nil {
			return fmt.Errorf("fetched chunk %d: %w", c.Number, err)
		}
	}
	return nil
}

// checkHead looks into a fetched head before it replaces ours.
func (w *worker) checkHead(j job) error {
	if w.bad == j.transfer {
		return fmt.Errorf("a chunk that the fetched head needs was useless")
	}
	if err := w.checkImage(j); err != nil {
		return err
	}
	if _, err := list.RestoreState(j.frozen.Checkpoint.Head, w.list); err != nil {
		return fmt.Errorf("fetched head: %w", err)
	}
	return nil
}

// aheadBytes of compressed chunks are held before they are written, ahead of the
// checkpoint whose head needs them: they never change, so that is harmless.
const aheadBytes = 1 << 20

// finish compresses the closed chunks, the slow part of a checkpoint that is
// kept out of the loop, and writes them ahead but for the last few.
func (w *worker) finish(f *Frozen) (storage.Checkpoint, error) {
	c := f.Checkpoint
	w.emptied()
	for _, closed := range f.Closed {
		c.Chunks = append(c.Chunks, w.encoded(closed))
		if len(w.buffer) < aheadBytes {
			continue
		}
		if err := w.store.PutChunks(c.Chunks); err != nil {
			return c, err
		}
		c.Chunks = c.Chunks[:0]
		w.emptied()
	}
	return c, nil
}

// encoded is a closed chunk, compressed into the buffer.
func (w *worker) encoded(closed list.Chunk) storage.Chunk {
	start := len(w.buffer)
	w.buffer = w.encode(w.buffer, closed.Raw)
	end := len(w.buffer)
	w.buffer = append(w.buffer, make([]byte, storage.ChunkRoom)...)
	return storage.Chunk{Number: closed.Number, Data: w.buffer[start:end:len(w.buffer)], Room: true}
}

// emptied empties the buffer, whose chunks the database has.
func (w *worker) emptied() { w.buffer = w.keeper.Emptied(w.buffer) }
