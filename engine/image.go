package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"paxos/list"
	"paxos/storage"
)

// An image is what Snapshot wrote, in the store, in pieces: it stands for the front
// of the list, which may then be dropped. storage/image.go has what must hold.

// imageWriter cuts what Snapshot writes into pieces.
type imageWriter struct {
	ctx   context.Context
	store *storage.ImageWriter
	most  int // bytes of a piece
	raw   []byte
	next  uint32
	bytes uint64
	err   error // the store's
}

// Write implements io.Writer. It fails where the engine is being stopped, so that
// nobody waits for a long snapshot.
func (w *imageWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if w.ctx.Err() != nil {
			return n, ErrStopped
		}
		room := min(w.most-len(w.raw), len(p))
		w.raw = append(w.raw, p[:room]...)
		p, n = p[room:], n+room
		if len(w.raw) == w.most {
			if err := w.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush hands what was written to the store.
func (w *imageWriter) flush() error {
	if len(w.raw) == 0 || w.err != nil {
		return w.err
	}
	w.err = w.store.Put(storage.Piece{Number: w.next, Data: list.EncodePiece(nil, w.raw), Bytes: len(w.raw)})
	w.next, w.bytes, w.raw = w.next+1, w.bytes+uint64(len(w.raw)), w.raw[:0]
	return w.err
}

// writeImage has the machine write its state down, which holds what the list's
// entries below index do, and names the image.
func (r *reader) writeImage(ctx context.Context, index uint64) error {
	store, err := r.node.BeginImage()
	if err != nil {
		return err
	}
	w := &imageWriter{ctx: ctx, store: store, most: r.piece}
	err = r.machine.Snapshot(w)
	if err == nil {
		err = w.flush()
	}
	switch {
	case w.err != nil:
		return w.err
	case err != nil && ctx.Err() != nil:
		return errors.Join(ErrStopped, store.Abort())
	case err != nil:
		return errors.Join(fmt.Errorf("%w: Snapshot at list index %d: %w", ErrMachine, index, err), store.Abort())
	}
	if err := store.Finish(index); err != nil {
		return err
	}
	r.images.Add(1)
	r.log.Debug("wrote an image of the state machine", "index", index, "bytes", w.bytes, "pieces", w.next)
	return nil
}

// imageReader reads what Snapshot wrote. It fails where the engine is being stopped,
// so that nobody waits for a long restore.
type imageReader struct {
	ctx   context.Context
	node  followed
	image storage.Image
	next  uint32
	rest  []byte // of the piece before next
	err   error  // not the end: why it cannot go on
}

// errReplaced says that an image was dropped while it was read: there are newer ones.
var errReplaced = errors.New("a newer image is here")

// Read implements io.Reader.
func (r *imageReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		if r.next == r.image.Pieces {
			return 0, io.EOF
		}
		r.rest, r.err = r.piece()
	}
	if r.err != nil {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *imageReader) piece() ([]byte, error) {
	if r.ctx.Err() != nil {
		return nil, ErrStopped
	}
	encoded, err := r.node.ImagePiece(r.image.Generation, r.next)
	switch {
	case err != nil:
		return nil, err
	case encoded == nil:
		return nil, errReplaced
	}
	raw, err := list.DecodePiece(nil, encoded)
	if err != nil {
		return nil, fmt.Errorf("piece %d of image %d: %w", r.next, r.image.Generation, err)
	}
	r.next++
	return raw, nil
}

// restore puts the machine into the state of the newest image, if that is ahead of it.
// It reports whether it did.
func (r *reader) restore(ctx context.Context) (done bool, err error) {
	if r.node.Images().Newest.Index <= r.next.Load() {
		return false, nil
	}
	image, err := r.restoreNewest(ctx)
	if err != nil {
		return false, err
	}
	failAll(r.results.take(nil, image.Index), errPassed)
	r.since = 0
	r.restores.Add(1)
	r.passed()
	r.log.Info("the state machine goes on from an image", "index", image.Index, "bytes", image.Bytes)
	return true, nil
}

// restoreNewest has the machine restored from the newest image while nobody looks at
// it: neither where an image is dropped half-way and a newer one must be tried, nor
// ever again where the machine cannot be restored, for nobody knows what it is then.
func (r *reader) restoreNewest(ctx context.Context) (image storage.Image, err error) {
	r.applying.Lock()
	defer r.applying.Unlock()
	for err = errReplaced; errors.Is(err, errReplaced); {
		image = r.node.Images().Newest
		err = r.restoreFrom(ctx, image)
	}
	if err != nil {
		r.torn = err
		return image, err
	}
	r.next.Store(image.Index)
	return image, nil
}

// restoreFrom has the machine read an image. A machine may overlook that it could not
// read all of it.
func (r *reader) restoreFrom(ctx context.Context, image storage.Image) error {
	from := &imageReader{ctx: ctx, node: r.node, image: image}
	err := r.machine.Restore(from)
	switch {
	case from.err != nil:
		return from.err
	case err != nil:
		return fmt.Errorf("%w: Restore of the image of the list's first %d entries: %w", ErrMachine, image.Index, err)
	}
	return nil
}

// look runs f while the machine does not change, if it is whole.
func (r *reader) look(f func()) error {
	r.looking.Add(1)
	r.applying.RLock()
	defer r.applying.RUnlock()
	r.looking.Add(-1)
	if r.torn != nil {
		return fmt.Errorf("the state machine was not restored as a whole: %w", r.torn)
	}
	f()
	return nil
}
