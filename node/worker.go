package node

import (
	"fmt"

	"paxos/list"
	"paxos/storage"
)

// worker writes checkpoints and fetched snapshots to the database, one after
// the other, in the background.
type worker struct {
	store   *storage.Store
	list    list.Options // of the list that heads are checked against
	failure *failure
	wake    func() // tells the loop that there are results
	jobs    chan job
	results chan result
	bad     uint64 // the transfer that brought something useless
}

// job is one piece of background work: chunks to store, or a checkpoint.
type job struct {
	transfer uint64 // of the snapshot that it belongs to; 0: none
	chunks   []storage.Chunk
	frozen   *Frozen
	install  bool // frozen holds a fetched head
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
		store: store, list: o, failure: f, wake: wake,
		jobs: make(chan job, workerDepth), results: make(chan result, workerDepth+2),
	}
}

// run works until jobs is closed, or something failed.
func (w *worker) run() {
	for j := range w.jobs {
		useless, err := w.do(j)
		if err != nil {
			w.failure.fail(err)
			return
		}
		w.results <- result{j, useless}
		w.wake()
	}
}

func (w *worker) do(j job) (useless, err error) {
	switch {
	case j.frozen == nil:
		if useless = w.checkChunks(j); useless != nil {
			w.bad = j.transfer
			return useless, nil
		}
		return nil, w.store.PutChunks(j.chunks)
	case j.install:
		if useless = w.checkHead(j); useless != nil {
			return useless, nil
		}
	}
	return nil, w.store.Checkpoint(j.frozen.finish())
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
	if _, err := list.RestoreState(j.frozen.Checkpoint.Head, w.list); err != nil {
		return fmt.Errorf("fetched head: %w", err)
	}
	return nil
}

// finish compresses the closed chunks: the slow part of a checkpoint, kept
// out of the loop.
func (f *Frozen) finish() storage.Checkpoint {
	c := f.Checkpoint
	for _, closed := range f.Closed {
		c.Chunks = append(c.Chunks, storage.Chunk{Number: closed.Number, Data: list.EncodeChunk(nil, closed.Raw)})
	}
	return c
}
