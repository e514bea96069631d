package recovery

import (
	"errors"
	"fmt"

	"paxos/inspect"
	"paxos/protocol"
	"paxos/storage"
)

// What stands for the front of a list is looked through before anybody agrees to anything:
// where the newest image is damaged, the one before it and the list behind that may be whole.

// Settle reads the images of the store, and puts a damaged one aside where the list is whole
// behind the one before, or from its first entry on. p says so, and what is lost by it. The
// error names the damage where there is nothing to put in its place.
func (s *Stopped) Settle(p *Plan) error {
	damaged := s.images.Newest
	if err := s.settle(p); err != nil {
		return err
	}
	if s.images.Newest != damaged && damaged.Index > s.length {
		p.lose("what was decided for the entries %s to %s: the list in %s does not go so far, and the image that has them is damaged",
			number(s.length), number(damaged.Index-1), s.dir)
	}
	return nil
}

// settle is Settle, where others have what is lost.
func (s *Stopped) settle(p *Plan) error {
	named := s.images
	damage := s.readImage(named.Newest)
	if !errors.Is(damage, storage.ErrCorrupt) {
		return damage
	}
	before := s.readImage(named.Before)
	instead := ""
	switch {
	case named.Before.Index > 0 && named.Before.Index/protocol.ChunkEntries >= named.Kept && before == nil:
		s.images = storage.Images{Newest: named.Before, Kept: named.Kept}
		instead = fmt.Sprintf("the image before it is taken, which stands for %s entries, and the list behind that", number(named.Before.Index))
	case named.Kept == 0:
		s.images = storage.Images{}
		instead = "the list is taken from its first entry on; it is the store of a program with a state machine all the same: start the program on it, not a list server"
	default:
		s.noFront = fmt.Errorf("the list in %s cannot be taken: no image of the program's state is whole that stands for what was dropped; "+
			"take another node's folder, ask one that runs, or take an older backup: %w", s.dir, errors.Join(damage, before))
		return s.noFront
	}
	p.found("the newest image of the program's state in %s, which stands for %s entries, is damaged: %v; %s", s.dir, number(named.Newest.Index), damage, instead)
	return nil
}

// readImage reads the pieces of an image, if there is one.
func (s *Stopped) readImage(image storage.Image) error {
	var found storage.Image
	for n := range image.Pieces {
		piece, err := s.piece(image, n)
		if err != nil {
			return s.located(err, image.Generation, n)
		}
		found.Add(piece)
	}
	if !found.SamePieces(image) {
		return fmt.Errorf("%w: the pieces of image %d in %s are not those that it was written with", storage.ErrCorrupt, image.Generation, s.dir)
	}
	return nil
}

// located says where in its file a damaged piece is, as far as it is found.
func (s *Stopped) located(damage error, generation, number uint32) error {
	if !errors.Is(damage, storage.ErrCorrupt) {
		return damage
	}
	at := s.find(func(f *inspect.Folder) (inspect.Finding, error) { return f.Piece(generation, number) })
	if at.File == "" {
		return damage
	}
	return fmt.Errorf("%w (%s)", damage, at)
}
