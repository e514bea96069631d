package sim

import (
	"bytes"
	"fmt"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// chunkEntries is how many entries a chunk of the list has.
const chunkEntries = protocol.ChunkEntries

// noteSum keeps the sum of the list's entries as a ledger has it that has applied them.
func (j *judge) noteSum(payload []byte) {
	if !j.w.plan.images.on {
		return
	}
	b := &j.book
	if len(b.sums) == 0 {
		b.sums = append(b.sums, 0)
	}
	b.sums = append(b.sums, addSum(b.sums[len(b.sums)-1], payload))
}

// sumAt is the sum of the first entries of the list, if there are so many.
func (j *judge) sumAt(count uint64) (sum uint64, known bool) {
	if count == 0 {
		return 0, true
	}
	if count > j.book.length() {
		return 0, false
	}
	return j.book.sums[count], true
}

// machineStands checks that a machine is in the state that the commands lead to that it
// says it has applied: whether it has applied them, or was restored.
func (j *judge) machineStands(h *host) {
	f := h.follower
	if f.doing == restoring { // nobody may look now
		return
	}
	at := f.engine.Next()
	sum, known := j.sumAt(f.machine.count)
	if !known || sum != f.machine.sum || f.machine.count != at {
		j.fail(checkImages, "the machine of %s is not in the state that the list's first %d entries lead to (it counts %d, there are %d)",
			j.of(h), at, f.machine.count, j.book.length())
	}
}

// restoresMachine is told what a machine is restored from.
func (j *judge) restoresMachine(h *host, state []byte) (count, sum uint64) {
	s, f := j.of(h), h.follower
	count, sum, err := j.w.plan.images.check(state)
	switch want, known := j.sumAt(count); {
	case err != nil:
		j.fail(checkImages, "the machine of %s is restored from an image that is none: %v", s, err)
	case !known || want != sum:
		j.fail(checkImages, "the machine of %s is restored from an image of %d commands that were not decided", s, count)
	case count <= f.engine.Next():
		j.fail(checkImages, "the machine of %s has applied %d commands, and is restored from an image of %d", s, f.engine.Next(), count)
	}
	return count, sum
}

// findsImages looks at the images that a process finds when it starts: those that were
// named before, or newer ones.
func (j *judge) findsImages(h *host) {
	s := j.of(h)
	now := h.process.Images()
	j.noneIsLost(s, now)
	s.images = now
	if h.trouble.any() {
		return
	}
	j.whole(h, now.Newest)
	j.whole(h, now.Before)
	j.noGap(h, now)
}

// looksAtImages looks whether other images are named since a process did something.
func (j *judge) looksAtImages(h *host, doing string) {
	s := j.of(h)
	now := h.process.Images()
	if now == s.images {
		return
	}
	j.noneIsLost(s, now)
	j.w.count("chunks dropped for an image", int(now.Kept-s.images.Kept))
	if now.Newest != s.images.Newest {
		j.w.note("%v has the image %+v, and keeps chunks from %d on", h, now.Newest, now.Kept)
		if doing == "machine" {
			j.w.count("images written", 1)
		} else {
			j.w.count("images installed", 1)
		}
	}
	s.images = now
	j.whole(h, now.Newest)
	if !h.trouble.rotten { // in a chunk, perhaps
		j.noGap(h, now)
	}
}

// noneIsLost checks that images are replaced by newer ones only, and stand for all that
// is dropped.
func (j *judge) noneIsLost(s *suspect, now storage.Images) {
	was := &s.images
	switch {
	case now.Newest.Index < was.Newest.Index || now.Kept < was.Kept:
		j.fail(checkImages, "%s has an image of %d entries and keeps the chunks from %d on, and had one of %d, and those from %d on",
			s, now.Newest.Index, now.Kept, was.Newest.Index, was.Kept)
	case now.Newest.Index < now.Kept*chunkEntries:
		j.fail(checkImages, "%s has dropped the chunks below %d, and its image stands for %d entries only", s, now.Kept, now.Newest.Index)
	case now.Newest.Index > j.book.length():
		j.fail(checkImages, "%s has an image of %d entries, and there are only %d", s, now.Newest.Index, j.book.length())
	}
}

// whole checks that a named image is on the disk, and is the very state that the
// entries lead to that it stands for: so no two images of any two stores contradict
// each other.
func (j *judge) whole(h *host, image storage.Image) {
	if image.Index == 0 {
		return
	}
	state, err := readImage(h.process, image)
	sum, _ := j.sumAt(image.Index)
	if want := j.w.plan.images.stateOf(image.Index, sum); err != nil || !bytes.Equal(state, want) {
		j.fail(checkImages, "the image of %s of the first %d entries is not what they lead to: %d bytes, want %d: %v",
			j.of(h), image.Index, len(state), len(want), err)
	}
}

// readImage reads all of an image.
func readImage(p *process, image storage.Image) (state []byte, err error) {
	for n := range image.Pieces {
		encoded, err := p.ImagePiece(image.Generation, n)
		if err != nil || encoded == nil {
			return state, fmt.Errorf("piece %d of %d is missing: %w", n, image.Pieces, err)
		}
		if state, err = list.DecodePiece(state, encoded); err != nil {
			return state, err
		}
	}
	return state, nil
}

// noGap checks that all chunks are there that no image stands for.
func (j *judge) noGap(h *host, images storage.Images) {
	for n := images.Kept; n < h.process.View().InMemory()/chunkEntries; n++ {
		if data, err := h.process.Chunk(n); err != nil || data == nil {
			j.fail(checkImages, "%s lacks chunk %d of its list, and keeps those from %d on: %v", j.of(h), n, images.Kept, err)
		}
	}
}
