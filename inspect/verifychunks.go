package inspect

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv/pages"
)

// chunks checks all chunks of the list: read one after the other, decoded by all
// processors.
func (v *verifier) chunks(w *pages.Walk, tree pages.Tree, s *State) error {
	d := newDecoding()
	order := chunkOrder{v: v, saved: &s.Saved, kept: s.Images.Kept, at: s.at.state}
	err := w.Values(tree, nil, func(e *pages.Element) error {
		n, err := storage.DecodeNumberKey(e.Key)
		if err != nil {
			v.reportValue(e, "bucket chunks: %v", err)
			return v.ctx.Err()
		}
		order.next(n, e.At)
		if err := d.read(e, n); err != nil {
			v.reportValue(e, "chunk %d: %v", n, err)
		}
		d.report(v)
		return v.ctx.Err()
	})
	d.wait()
	d.report(v)
	order.end()
	return err
}

// chunkOrder finds chunks that the head needs and that are not there.
type chunkOrder struct {
	v     *verifier
	saved *storage.StateRecord
	kept  uint64 // those below may be missing: an image stands for them
	due   uint64
	at    int64 // of the last one
}

func (o *chunkOrder) next(n uint64, at int64) {
	if n > o.due {
		o.missing(min(n, o.saved.ChunkCount), at)
	}
	o.due, o.at = n+1, at
	o.v.sum.Chunks++
	o.v.sum.Entries += protocol.ChunkEntries
}

func (o *chunkOrder) end() { o.missing(o.saved.ChunkCount, o.at) }

func (o *chunkOrder) missing(until uint64, at int64) {
	if o.due = max(o.due, o.kept); o.due < until {
		o.v.Folder.report(Finding{
			File: o.v.path(storage.DatabaseName), Offset: at,
			Detail: fmt.Sprintf("chunks %d to %d are missing here, the head of the list needs %d", o.due, until-1, o.saved.ChunkCount),
		})
	}
}

// largeBytes is what one of several decoders may hold of a chunk. Larger ones, of
// values of 2 KiB and more, are decoded one at a time, so that memory stays bounded.
const largeBytes = 2 << 20

// decoding checks chunks with several goroutines.
type decoding struct {
	jobs    chan chunkJob
	free    chan []byte
	workers sync.WaitGroup

	mu    sync.Mutex
	wrong []wrongChunk

	large sync.Mutex // held by whoever has a large chunk in memory
	raw   []byte     // of that one
}

type chunkJob struct {
	number    uint64
	at, entry int64 // where in the file it is, and its entry
	sealed    []byte
}

type wrongChunk struct {
	at, entry int64
	detail    string
}

func newDecoding() *decoding {
	n := runtime.GOMAXPROCS(0)
	d := &decoding{jobs: make(chan chunkJob, n), free: make(chan []byte, 2*n)}
	for range cap(d.free) {
		d.free <- nil
	}
	for range n {
		d.workers.Go(d.work)
	}
	return d
}

// read reads a chunk and has it decoded.
func (d *decoding) read(e *pages.Element, number uint64) error {
	switch {
	case e.Bucket:
		return errors.New("it is a bucket, not a value")
	case e.Bytes > list.MaxRawChunk+1024:
		return fmt.Errorf("%d bytes are too many", e.Bytes)
	case e.Bytes > largeBytes:
		return d.readLarge(e, number)
	}
	buf := <-d.free
	sealed, err := e.Value(buf)
	if err != nil {
		d.free <- buf
		return err
	}
	d.jobs <- chunkJob{number, e.At, e.Entry, sealed}
	return nil
}

// readLarge reads and decodes a chunk on the spot.
func (d *decoding) readLarge(e *pages.Element, number uint64) error {
	d.large.Lock()
	sealed, err := e.Value(nil)
	d.large.Unlock()
	if err == nil {
		d.check(chunkJob{number, e.At, e.Entry, sealed}, nil)
	}
	return err
}

func (d *decoding) work() {
	var raw []byte
	for job := range d.jobs {
		raw = d.check(job, raw)
		d.free <- job.sealed
	}
}

// check decodes a chunk into raw, or, if it is large, into memory that all share.
func (d *decoding) check(job chunkJob, raw []byte) []byte {
	data, err := storage.Unseal(storage.BucketChunks, storage.NumberKey(job.number), job.sealed)
	var info list.ChunkInfo
	if err == nil {
		info, err = list.PeekChunk(data)
	}
	switch {
	case err != nil:
	case info.RawBytes > largeBytes:
		d.large.Lock()
		d.raw, err = list.DecodeChunk(d.raw[:0], data)
		d.large.Unlock()
	default:
		raw, err = list.DecodeChunk(raw[:0], data)
	}
	if err != nil {
		d.mu.Lock()
		d.wrong = append(d.wrong, wrongChunk{job.at, job.entry, fmt.Sprintf("chunk %d: %v", job.number, err)})
		d.mu.Unlock()
	}
	return raw
}

// wait waits until all is decoded.
func (d *decoding) wait() {
	close(d.jobs)
	d.workers.Wait()
}

// report hands over what was found wrong, in the caller's goroutine.
func (d *decoding) report(v *verifier) {
	d.mu.Lock()
	wrong := d.wrong
	d.wrong = nil
	d.mu.Unlock()
	for _, x := range wrong {
		v.Folder.report(v.ofValue(x.at, x.entry, x.detail))
	}
}
