package storage

import (
	"errors"
	"fmt"
	"path/filepath"

	"paxos/protocol"
	"paxos/storage/kv"
)

// Contents are what a store that is made by [Create] begins with: a list, and
// nothing that could vote. There is no place in it for a promise, a round, a vote
// or a pin, so none can be carried over by mistake (rules 2, 3 and 10).
type Contents struct {
	// Applied is the instance that the list stands for.
	Applied protocol.Instance
	// Head is the head of the list at Applied, not nil.
	Head []byte
	// ChunkCount says that the head needs the chunks 0 to ChunkCount-1.
	ChunkCount uint64
	// Chunk returns chunk n; it is asked for each, in ascending order. What it
	// returns must be whole and stay as it is until the next call: Create does not
	// look into it.
	Chunk func(number uint64) ([]byte, error)
}

// Create makes a store of Options.Want in an empty or missing folder, and returns
// its identity, with a store id that was never used. The identity file is written
// last: a Create that was interrupted leaves no store, but a folder that Open
// refuses (row 4 of the table in docs/storage.md). Who has it as a learner lets it
// vote by a decided change only (rule 13).
func Create(o Options, c Contents) (Identity, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Identity{}, err
	}
	id, err := create(o, c)
	if err != nil {
		return Identity{}, fmt.Errorf("make a store in %s: %w", o.Dir, full(classify(err), o.Dir))
	}
	return id, nil
}

func create(o Options, c Contents) (id Identity, err error) {
	if err := o.FS.MkdirAll(o.Dir); err != nil {
		return id, err
	}
	lock, err := o.FS.Lock(filepath.Join(o.Dir, lockName))
	if err != nil {
		return id, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if found, err := readIdentityFile(o); !errors.Is(err, ErrNotFormatted) {
		return id, errors.Join(fmt.Errorf("%w: the folder holds one already: %s", ErrForeign, found), err)
	}
	if err := refuseStored(o); err != nil {
		return id, err
	}
	id = o.Want
	id.Store = o.RandomStore()
	covers, err := formatLog(o, id)
	if err != nil {
		return id, fmt.Errorf("format the log: %w", err)
	}
	if err := formatDatabase(o, id, covers, nil); err != nil {
		return id, fmt.Errorf("format the database: %w", err)
	}
	if err := fill(o, covers, c); err != nil {
		return id, fmt.Errorf("fill the database: %w", err)
	}
	return id, writeIdentityFile(o, id)
}

// fill makes the first checkpoint: chunks in transactions of their own, the head
// and the state in the last one.
func fill(o Options, covers Position, c Contents) (err error) {
	s := &Store{dir: o.Dir, dbPath: filepath.Join(o.Dir, databaseName)}
	if s.db, err = o.OpenDB(s.dbPath, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if err := s.fillChunks(c); err != nil {
		return err
	}
	first := Checkpoint{Covers: covers, Applied: c.Applied, Head: c.Head, ChunkCount: c.ChunkCount}
	st, _ := first.state()
	return s.update(func(tx kv.Tx) error { return first.write(tx, &st, nil, Images{}) })
}

func (s *Store) fillChunks(c Contents) error {
	for n := uint64(0); n < c.ChunkCount; {
		err := s.update(func(tx kv.Tx) error {
			for size := 0; n < c.ChunkCount && size < transactionBytes; n++ {
				data, err := c.Chunk(n)
				if err != nil {
					return err
				}
				if err := put(tx, bucketChunks, numberKey(n), data); err != nil {
					return err
				}
				size += len(data)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
