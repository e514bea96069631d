package node

import (
	"errors"
	"fmt"

	"paxos/list"
)

// The worker's part in fetching an image.

// takePieces looks into fetched pieces (rule 11) and writes them. They count only
// when a head is installed with them.
func (w *worker) takePieces(j job) (useless, err error) {
	if len(j.pieces) == 0 {
		return nil, nil
	}
	if err := w.beginImage(j.transfer); err != nil {
		return nil, err
	}
	for _, p := range j.pieces {
		if w.raw, err = list.DecodePiece(w.raw[:0], p.Data); err != nil {
			w.bad = j.transfer
			return fmt.Errorf("fetched piece %d of an image: %w", p.Number, err), nil
		}
		p.Bytes = len(w.raw)
		if err := w.image.Put(p); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// beginImage makes sure that there is a writer for a transfer's image.
func (w *worker) beginImage(transfer uint64) (err error) {
	if w.image != nil && w.imageOf == transfer {
		return nil
	}
	if err := w.dropImage(); err != nil {
		return err
	}
	w.image, err = w.store.BeginImage()
	w.imageOf = transfer
	return err
}

// dropImage gives up the image of a transfer that came to nothing.
func (w *worker) dropImage() error {
	image := w.image
	if w.image = nil; image == nil {
		return nil
	}
	return image.Abort()
}

// checkImage makes sure that the image which a fetched head needs is here, whole.
func (w *worker) checkImage(j job) error {
	want := j.frozen.image
	if want == nil {
		return nil
	}
	if want.Pieces == 0 { // a state of which there is nothing to say
		if err := w.beginImage(j.transfer); err != nil {
			return err
		}
	}
	if w.image == nil || w.imageOf != j.transfer || !w.image.Matches(*want) {
		return errors.New("the pieces of the fetched image are not those that were announced")
	}
	return nil
}
