package sim

import (
	"bytes"
	"errors"
	"time"

	"paxos/list"
	"paxos/storage"
)

// backup reads a state as engine.Backup does: an image that is held, and then the
// entries behind it, as they stood at one moment. It takes its time, and meanwhile
// newer images are named and what they stand for is dropped: but nothing that is held.
type backup struct {
	h     *host
	era   int32
	hold  *storage.Hold
	view  list.View
	state []byte // the pieces read so far
	next  uint32 // piece
}

// backupEvery is how often somebody begins a backup, about.
const backupEvery = time.Second

// backUp begins a backup of a server now and then.
func (w *world) backUp() {
	r := w.random("backup", uint64(w.events))
	servers := w.hosts
	if h := servers[r.IntN(len(servers))]; h.up() && h.follower != nil && h.process.Images().Newest.Index > 0 {
		b := &backup{h: h, era: h.era}
		b.begin()
	}
	if !w.healed {
		w.later(backupEvery/2+time.Duration(r.Int64N(int64(backupEvery))), w.backUp)
	}
}

// begin begins, also anew.
func (b *backup) begin() {
	b.hold = b.h.process.HoldImage()
	b.later()
}

// take takes the list that goes on behind the image. Where a peer's image has come in
// between, it begins anew.
func (b *backup) take() {
	view := b.h.process.View()
	switch {
	case view.Length() < b.hold.Image().Index: // later
	case b.hold.Whole():
		b.view = view
	default:
		b.h.w.count("backups begun anew", 1)
		b.hold.Release()
		b.hold = b.h.process.HoldImage()
	}
}

// later goes on after a while.
func (b *backup) later() {
	b.h.w.later(b.h.latency(b.h.w.plan.images.pace), b.step)
}

// step reads the next piece, or in the end what is behind the image.
func (b *backup) step() {
	image := b.hold.Image()
	switch {
	case b.era != b.h.era: // the process has ended
		return
	case b.view.Length() == 0:
		b.take()
	case b.next < image.Pieces:
		b.piece(image)
	default:
		b.entries(image)
		b.hold.Release()
		b.h.w.count("backups", 1)
		return
	}
	b.later()
}

func (b *backup) piece(image storage.Image) {
	encoded, err := b.h.process.ImagePiece(image.Generation, b.next)
	if err == nil && encoded != nil {
		b.state, err = list.DecodePiece(b.state, encoded)
	}
	if encoded == nil || err != nil {
		b.lost(err)
	}
	b.next++
}

// lost ends a run in which something is gone that is held, unless its disk is rotten.
func (b *backup) lost(err error) {
	if b.h.trouble.rotten && errors.Is(err, storage.ErrCorrupt) {
		b.era = -1 // the backup has failed
		b.hold.Release()
		return
	}
	b.h.w.fail(checkImages, "%v lacks something that is held for a backup from the image of %d entries on: %v", b.h, b.hold.Image().Index, err)
}

// entries checks the image, and reads what is behind it.
func (b *backup) entries(image storage.Image) {
	w := b.h.w
	sum, _ := w.judge.sumAt(image.Index)
	if !bytes.Equal(b.state, w.plan.images.stateOf(image.Index, sum)) {
		w.fail(checkImages, "a backup of %v has another state of %d entries than was decided", b.h, image.Index)
	}
	next := image.Index
	err := b.view.Read(next, b.h.process, func(first uint64, _ int, block []byte) error {
		next = b.compare(next, first, block)
		return nil
	})
	if err != nil {
		b.lost(err)
		return
	}
	b.ends(next)
}

// compare checks the entries of a block, and returns the index behind them.
func (b *backup) compare(next, first uint64, block []byte) uint64 {
	book := &b.h.w.judge.book
	for index, payload := range list.Entries(first, block) {
		if index != next || index >= book.length() || book.entries[index].hash != hashOf(payload) {
			b.h.w.fail(checkImages, "a backup of %v has another entry %d than was decided", b.h, index)
		}
		next++
	}
	return next
}

// ends checks that nothing is missing at the end, or too much.
func (b *backup) ends(next uint64) {
	if next != b.view.Length() {
		b.h.w.fail(checkImages, "a backup of %v ends before entry %d, and the list that it reads has %d", b.h, next, b.view.Length())
	}
}
