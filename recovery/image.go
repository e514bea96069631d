package recovery

import (
	"errors"
	"fmt"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// The store of a program with a state machine (package engine) may have images: of the
// program's state, in place of the list's front (storage/image.go). What must hold of a
// store that is made of one:
//
//  1. Image and chunks are those of one store. Two stores' images of the same state may
//     differ, and pieces of two make none.
//  2. The list has as many entries as the image stands for, at least: else the next
//     command would get the place of one that the image has already, and be skipped.
//  3. The entries behind the image's index are those that come next in that state. Where
//     the places between the checkpoint and the image come from votes, nobody knows
//     whether they are: the plan says so.
//
// An image is written beside checkpoints, so it may be ahead of the list in the last
// one. What it stands for was decided: nothing else is applied to a machine.

// frontOf is the image for a list that begins a new cluster, none if there is none; and
// says what that means. The checkpoint had so many entries of the list; votes may have
// been applied since. What the newest image stands for was decided: it is never given up
// for votes, which may not be. They come behind it.
func frontOf(p *Plan, image storage.Image, saved uint64, s *list.State) storage.Image {
	switch {
	case image.Index > s.Length():
		p.step("go on from the image of the program's state, which stands for %s entries of the list: more than are known otherwise. All of these were decided: "+
			"what is said of votes on them is no loss. The sessions are those of the first %s: a request of one that is sent again, and that only the image has, is taken for a new one",
			number(image.Index), number(s.Length()))
		image.Index = (image.Index + protocol.ChunkEntries - 1) / protocol.ChunkEntries * protocol.ChunkEntries
		s.SkipTo(image.Index)
	case image.Index > saved:
		p.lose("the word that each command is applied once, for those around entry %s: the image of the program's state stands for so many, all of them decided, but the checkpoint has %s only, "+
			"and the places of the others come from votes. Where something else was decided, a command there is missing, or applied twice", number(image.Index), number(saved))
	}
	if image.Index > 0 {
		p.step("take the image of the program's state, of %s bytes, for the first %s entries; they are not in the list themselves", number(image.Bytes), number(image.Index))
	}
	return image
}

// preferImage takes the store whose image stands for more than the list that was taken
// has, with all votes that are applied to it: that is known to be decided. Where only the
// votes reach as far, it says so: the image of another store has no place in this one.
func (s *Survivors) preferImage(p *Plan) error {
	most := s.best
	for i, store := range s.stores {
		if store.noFront == nil && store.Images().Newest.Index > s.stores[most].Images().Newest.Index {
			most = i
		}
	}
	best, _ := s.Best()
	index, known := s.stores[most].Images().Newest.Index, max(best.Length(), best.Images().Newest.Index)
	if index <= known {
		return nil
	}
	state, err := list.RestoreState(best.Head(), list.Options{})
	if err != nil {
		return err
	}
	s.votes.adopt(state, !s.DropVotes)
	if index > state.Length() {
		s.best = most
		return nil
	}
	p.lose("what was decided for the entries %s to %s, if the votes there are for something else: the image in %s has it, the list in %s has votes only, but more of them",
		number(known), number(index-1), s.stores[most].dir, best.dir)
	return nil
}

// describeImages says which images a store has.
func describeImages(p *Plan, s *Stopped) {
	named := s.Images()
	if named.Newest.Index == 0 {
		return
	}
	p.found("  an image of its program's state stands for the first %s entries; chunks of the list below entry %s are dropped",
		number(named.Newest.Index), number(named.Kept*protocol.ChunkEntries))
}

// mustBeList refuses a store whose list cannot be read as a list.
func (s *Stopped) mustBeList() error {
	n := s.Images().Newest.Index
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: an image of a program's state stands for the first %d entries (docs/engine.md, Images), and only that program can read it: ask a node of it for what it has, or copy the store with paxos backup",
		storage.ErrImages, s.dir, n)
}

// piece is a piece of an image that is checked.
func (s *Stopped) piece(i storage.Image, n uint32) (storage.Piece, error) {
	data, err := s.Piece(i, n)
	if err != nil {
		return storage.Piece{}, err
	}
	if s.raw, err = list.DecodePiece(s.raw[:0], data); err != nil {
		return storage.Piece{}, fmt.Errorf("%w: piece %d of image %d in %s: %w", storage.ErrCorrupt, n, i.Generation, s.dir, err)
	}
	return storage.Piece{Number: n, Data: data, Bytes: len(s.raw)}, nil
}

// isDropped reports whether an error says that an image stands for what was looked for.
func isDropped(err error) bool { return errors.Is(err, storage.ErrImages) }
