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
	// look into it. It is not asked for chunks that the image stands for.
	Chunk func(number uint64) ([]byte, error)
	// Image, unless its Index is 0, stands for the list's first Image.Index entries. A
	// list that is shorter is for a newcomer only, which gets the others from the
	// cluster; a list that begins a cluster would go on at a place that the image has.
	Image Image
	// Piece returns a piece of the image, as Chunk does a chunk. The pieces must be
	// those that Image counts.
	Piece func(number uint32) (Piece, error)
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
		return Identity{}, fmt.Errorf("make a store in %s: %w", o.Dir, Denied(full(classify(err), o.Dir), o.Dir))
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

// fill makes the first checkpoint: pieces and chunks in transactions of their own, the
// head, the state, and the name of the image in the last one.
func fill(o Options, covers Position, c Contents) (err error) {
	s := &Store{dir: o.Dir, dbPath: filepath.Join(o.Dir, databaseName), writing: map[uint32]bool{}}
	if s.db, err = o.OpenDB(s.dbPath, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	first := Checkpoint{Covers: covers, Applied: c.Applied, Head: c.Head, ChunkCount: c.ChunkCount}
	var named Images
	if c.Image.Index > 0 {
		if first.Image, err = s.fillImage(c); err != nil {
			return err
		}
		named = first.Image.install(c.Image.Index, Images{}, c.ChunkCount)
	}
	if err := s.fillChunks(c, named.Kept); err != nil {
		return err
	}
	st, _ := first.state()
	return s.update(func(tx kv.Tx) error { return first.write(tx, &st, nil, named) })
}

// fillImage writes the pieces of the image, all of them: it is named only then.
func (s *Store) fillImage(c Contents) (*ImageWriter, error) {
	w, err := s.BeginImage()
	for n := uint32(0); err == nil && n < c.Image.Pieces; n++ {
		var p Piece
		if p, err = c.Piece(n); err == nil {
			err = w.Put(p)
		}
	}
	if err == nil && !w.Matches(c.Image) {
		err = fmt.Errorf("%w: the pieces of the image of the list's first %d entries are not those that it was written with", ErrCorrupt, c.Image.Index)
	}
	return w, err
}

func (s *Store) fillChunks(c Contents, from uint64) error {
	for n := from; n < c.ChunkCount; {
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
