package node

import (
	"paxos/list"
	"paxos/storage"
)

// worker writes checkpoints and fetched snapshots to the database, one after
// the other, in the background.
type worker struct {
	store   *storage.Store
	wake    func() // tells the loop that there are results
	jobs    chan job
	results chan result
}

// job is one piece of background work: chunks to store, or a checkpoint.
type job struct {
	chunks  []storage.Chunk
	frozen  *Frozen
	install bool // frozen holds a fetched head
}

type result struct {
	job
	err error
}

// workerDepth bounds the fetched chunks that wait to be written; the fetcher
// stops asking while the loop waits.
const workerDepth = 8

func newWorker(store *storage.Store, wake func()) *worker {
	return &worker{store: store, wake: wake, jobs: make(chan job, workerDepth), results: make(chan result, workerDepth+1)}
}

// run works until jobs is closed.
func (w *worker) run() {
	for j := range w.jobs {
		w.results <- result{j, w.do(j)}
		w.wake()
	}
}

func (w *worker) do(j job) error {
	if j.frozen == nil {
		return w.store.PutChunks(j.chunks)
	}
	return w.store.Checkpoint(j.frozen.finish())
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
