package storage

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// contents are those of a list of some chunks, larger than one transaction takes.
func contents() Contents {
	return Contents{Applied: 40, Head: []byte("head at 40"), ChunkCount: 5, Chunk: func(n uint64) ([]byte, error) {
		return bytes.Repeat([]byte{byte(n + 1)}, 400<<10), nil
	}}
}

// imageContents are contents with an image of the list's first entries, of big pieces,
// in place of the first three chunks.
func imageContents() Contents {
	c := contents()
	pieces := piecesOf(bigImage)
	for _, p := range pieces {
		c.Image.Add(p)
	}
	c.Piece = func(n uint32) (Piece, error) { return pieces[n], nil }
	c.Image.Index, c.Image.Generation = 3*protocol.ChunkEntries+bigImage, 99
	whole := c.Chunk
	c.Chunk = func(n uint64) ([]byte, error) {
		if n < 3 {
			return nil, fmt.Errorf("chunk %d is dropped", n)
		}
		return whole(n)
	}
	return c
}

func TestACreatedStoreHasTheImageInPlaceOfTheFirstChunks(t *testing.T) {
	w := newWorld(1)
	_, err := Create(w.options(false), imageContents())
	must(t, err)
	if _, err := w.open(false); err != nil {
		t.Fatal(err)
	}
	defer w.store.Close(nil)
	named := w.store.Images()
	if named.Newest.Index != imageContents().Image.Index || named.Kept != 3 || named.Before != (Image{}) || w.leftovers() != 0 {
		t.Errorf("images %+v, %d leftovers", named, w.leftovers())
	}
	for _, p := range piecesOf(bigImage) {
		if data, err := w.store.ImagePiece(named.Newest.Generation, p.Number); err != nil || !bytes.Equal(data, p.Data) {
			t.Errorf("piece %d: %d bytes, %v", p.Number, len(data), err)
		}
	}
	for n := range uint64(5) {
		if data, err := w.store.Chunk(n); err != nil || (len(data) > 0) != (n >= 3) {
			t.Errorf("chunk %d: %d bytes, %v", n, len(data), err)
		}
	}
	image, err := w.writeImage(named.Newest.Index + 1) // it goes on
	must(t, err)
	must(t, image.Finish(named.Newest.Index+1))
}

// An image that is named is whole.
func TestAnImageWhosePiecesAreOthersMakesNoStore(t *testing.T) {
	for what, change := range map[string]func(*Contents){
		"one too few": func(c *Contents) { c.Image.Pieces-- },
		"another one": func(c *Contents) { c.Piece = func(n uint32) (Piece, error) { return piecesOf(11)[n], nil } },
		"another order": func(c *Contents) {
			get := c.Piece
			c.Piece = func(n uint32) (Piece, error) { p, err := get(n); p.Number ^= 1; return p, err }
		},
	} {
		w := newWorld(1)
		c := imageContents()
		change(&c)
		if _, err := Create(w.options(false), c); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := w.open(false); !errors.Is(err, ErrNotFormatted) {
			t.Errorf("%s: there is a store: %v", what, err)
		}
	}
}

func TestACreatedStoreHasItsListAndNothingThatVotes(t *testing.T) {
	w := newWorld(1)
	id, err := Create(w.options(false), contents())
	must(t, err)
	r, err := w.open(false)
	must(t, err)
	defer w.store.Close(nil)
	if id.Store == 0 || w.store.Identity() != id {
		t.Errorf("made %s, opened %s", id, w.store.Identity())
	}
	if !r.Promised.IsZero() || r.Round != 0 || len(r.Pins)+len(r.Votes) != 0 {
		t.Errorf("a created store can vote: promise %s, round %d, pins %v, votes %v", r.Promised, r.Round, r.Pins, r.Votes)
	}
	if r.Applied != 40 || string(r.Head) != "head at 40" {
		t.Errorf("applied %s, head %q", r.Applied, r.Head)
	}
	for n := range uint64(5) {
		want, _ := contents().Chunk(n)
		if data, err := w.store.Chunk(n); err != nil || !bytes.Equal(data, want) {
			t.Errorf("chunk %d: %d bytes, %v", n, len(data), err)
		}
	}
	if _, err := w.store.Chunk(5); err != nil {
		t.Errorf("a chunk that the head does not need: %v", err)
	}
	must(t, w.store.Commit(batchOf(vote(1, 41))))
}

func batchOf(records ...protocol.Record) *Batch {
	var b Batch
	for _, r := range records {
		b.Add(r)
	}
	return &b
}

func TestCreateTouchesNoFolderWithAStore(t *testing.T) {
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	must(t, w.store.Commit(batchOf(vote(3, 1))))
	must(t, w.store.Close(nil))
	if _, err := Create(w.options(false), contents()); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "holds one already") {
		t.Errorf("onto a store: %v", err)
	}
	must(t, w.fs.Remove(testDir+"/identity"))
	if _, err := Create(w.options(false), contents()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("onto a store without its identity: %v", err)
	}
}

// Whatever fails, and wherever the power does: there is no store, or the whole one,
// and --init does not make an empty one of what is there.
func TestACreateThatWasInterruptedLeavesNoStore(t *testing.T) {
	kinds := []func(w *world, n int) func() int{
		func(w *world, n int) func() int {
			w.plug(vfs.Fault{Kinds: vfs.OpChange, N: n, Forever: true, Short: true, Err: errBoom}, kv.Fault{})
			return func() int { return w.fsFaults.Count(vfs.OpChange) }
		},
		func(w *world, n int) func() int {
			w.plug(vfs.Fault{}, kv.Fault{N: n, Err: errBoom})
			return w.dbFaults.Seen
		},
	}
	for what, c := range map[string]Contents{"list": contents(), "image": imageContents()} {
		for kind, arm := range kinds {
			whole := newWorld(1)
			seen := arm(whole, 0)
			_, err := Create(whole.options(false), c)
			must(t, err)
			for n := 1; n <= seen(); n++ {
				t.Run(fmt.Sprintf("%s/%d/%d", what, kind, n), func(t *testing.T) { interrupted(t, n, c, arm) })
			}
		}
	}
}

func interrupted(t *testing.T, n int, c Contents, arm func(w *world, n int) func() int) {
	w := newWorld(uint64(n))
	arm(w, n)
	_, failed := Create(w.options(false), c)
	w.powerCut()
	r, err := w.open(false)
	switch {
	case errors.Is(err, ErrNotFormatted) && failed != nil:
		r, err = w.open(true)
		if err == nil && r.Head == nil && w.store.last.ChunkCount == 0 {
			must(t, w.store.Close(nil)) // nothing was there yet: row 1 or 2 of the table
		} else if !errors.Is(err, ErrCorrupt) {
			t.Errorf("with --init: %v", err)
		}
	case err != nil:
		t.Errorf("after %v: %v", failed, err)
	case string(r.Head) != "head at 40" || r.Applied != 40 || w.store.Images().Newest.Index != c.Image.Index:
		t.Errorf("a part of the list: applied %s, head %q", r.Applied, r.Head)
	default:
		must(t, w.store.Close(nil))
	}
}
