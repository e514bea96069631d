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
func (s *Stopped) Whole(ctx context.Context) error {
	for n := s.images.Newest.Index / protocol.ChunkEntries; n < s.ChunkCount(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.whole(n); err != nil {
			return s.chunkDamage(n, err)
		}
	}
	return nil
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
