package recovery

import (
	"context"
	"errors"
	"fmt"

	"paxos/inspect"
	"paxos/protocol"
	"paxos/storage"
)

// The chunks of a list are read through while a tool still makes its plan: before anybody agrees
// to anything, and before the members of a cluster are changed for a store that cannot be made.

// Whole implements Source: it reads every chunk behind the newest image.
func (s *Stopped) Whole(ctx context.Context, p *Plan) error {
	for n := s.images.Newest.Index / protocol.ChunkEntries; n < s.ChunkCount(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, damage := s.own(n)
		if damage == nil {
			continue
		}
		if _, from := s.lent(n, damage); from != nil {
			p.found("the list in %s is damaged: %v; the chunk is taken from %s, where it is whole", s.dir, s.locatedChunk(n, damage), from.dir)
			continue
		}
		return s.chunkDamage(n, damage)
	}
	return nil
}

// lent is a damaged chunk as another survivor has it. Chunks begin and end at places that
// depend on the list alone, so those of one list are equal in all stores; lenders are only
// stores whose list was held to this one's (Survivors.agree).
func (s *Stopped) lent(n uint64, damage error) (data []byte, from *Stopped) {
	if !errors.Is(damage, storage.ErrCorrupt) || s.images.Newest.Index > 0 {
		return nil, nil
	}
	for _, l := range s.lenders {
		if n >= l.ChunkCount() || l.Images().Newest.Index > 0 {
			continue
		}
		if data, err := l.own(n); err == nil {
			return data, l
		}
	}
	return nil, nil
}

// chunkDamage says where in its file a damaged chunk is, and what can be done.
func (s *Stopped) chunkDamage(n uint64, damage error) error {
	if !errors.Is(damage, storage.ErrCorrupt) {
		return damage
	}
	return fmt.Errorf("the list in %s is not whole: %w; of a part of one nothing is made: take it from running servers (paxos repair rebuild DIR --cluster FILE), "+
		"a backup or another folder, or save what is left of it as text (paxos export DIR --skip-damaged)", s.dir, s.locatedChunk(n, damage))
}

func (s *Stopped) locatedChunk(n uint64, damage error) error {
	at := s.find(func(f *inspect.Folder) (inspect.Finding, error) { return f.DamagedChunk(n) })
	if at.File == "" {
		return damage
	}
	return fmt.Errorf("%w: chunk %d: %s", storage.ErrCorrupt, n, at)
}

// Salvage is Read around damage: missing is told which entries stood in a chunk that cannot
// be read, and where the damage is.
func (s *Stopped) Salvage(from uint64, each func(index uint64, payload []byte) error, missing func(first, last uint64, damage error) error) error {
	for {
		err := s.Read(from, func(index uint64, payload []byte) error {
			from = index + 1
			return each(index, payload)
		})
		n := from / protocol.ChunkEntries
		if !errors.Is(err, storage.ErrCorrupt) || n >= s.ChunkCount() {
			return err
		}
		next := (n + 1) * protocol.ChunkEntries
		if err := missing(from, next-1, s.locatedChunk(n, err)); err != nil {
			return err
		}
		from = next
	}
}

// find looks for damage in the store's files; the zero Finding is none.
func (s *Stopped) find(look func(*inspect.Folder) (inspect.Finding, error)) inspect.Finding {
	folder, err := inspect.Open(s.dir, inspect.Options{})
	if err != nil {
		return inspect.Finding{}
	}
	defer folder.Close()
	at, err := look(folder)
	if err != nil {
		return inspect.Finding{}
	}
	return at
}
