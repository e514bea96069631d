package storage

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/wal"
)

// Store is an open store. Commit is for one goroutine, Checkpoint and PutChunks
// for another one, an ImageWriter for a third; everything else, but Close, may be
// called by anybody at any time.
type Store struct {
	dir      string
	dbPath   string
	identity Identity
	lock     io.Closer
	log      *wal.Log
	db       kv.DB
	ending   ending
	looked   bool // at, by Saved: nothing is written, so damage is not the end, and the rest can be read

	saving      sync.Mutex // held by whoever writes to the database
	last        state      // of the last durable checkpoint
	transaction int        // Options.TransactionBytes

	images     atomic.Pointer[Images] // replaced with saving held
	generation uint32                 // of the last image that was begun
	installs   uint64                 // of images that came from peers, since the start; changed with saving held
	writing    map[uint32]bool        // generations that are being written
	holds      map[*Hold]bool         // what is kept for readers

	statsMu sync.Mutex
	stats   Stats
}

// Identity is who the store belongs to.
func (s *Store) Identity() Identity { return s.identity }

// Commit makes a batch durable with one fdatasync; when it returns nil, all of
// it is (rule 1). ErrTooLarge leaves the store as it was; any other error is the
// store's end (rule 9), and nobody knows whether the batch is on the disk.
func (s *Store) Commit(b *Batch) error {
	if err := s.ending.reason(); err != nil {
		return err
	}
	_, err := s.log.Commit(&b.log)
	switch {
	case errors.Is(err, ErrTooLarge):
		return err
	case err != nil:
		return s.fail(fmt.Sprintf("write %d records to the log", b.Len()), err)
	}
	return nil
}

// MaxBatchBytes is the limit for Batch.Bytes.
func (s *Store) MaxBatchBytes() int64 { return s.log.MaxBatchBytes() }

// Covered is the end of what is durable in the log. Take it at the moment at
// which the state for a checkpoint is frozen, from the goroutine that changes the
// state: the state then reflects at least that much.
func (s *Store) Covered() Position { return s.log.End() }

// Chunk returns a chunk of the list, nil if it is not there. If the head of the
// last checkpoint needs it, and no image stands for it, that is damage.
func (s *Store) Chunk(number uint64) (data []byte, err error) {
	err = s.view(fmt.Sprintf("read chunk %d", number), func(tx kv.Tx) error {
		found, err := s.get(tx, bucketChunks, numberKey(number))
		if found == nil && err == nil {
			return s.mayLack(tx, number)
		}
		data = append(data, found...)
		return err
	})
	return data, err
}

// mayLack returns an error if a chunk that is not there ought to be.
func (s *Store) mayLack(tx kv.Tx, number uint64) error {
	st, _, err := s.readState(tx)
	if err != nil {
		return err
	}
	named, err := s.readImages(tx)
	if err == nil && number < st.ChunkCount && number >= named.Kept {
		return s.damaged("chunk %d is missing, the head of the list needs %d", number, st.ChunkCount)
	}
	return err
}

// Head returns the head of the list in the last checkpoint and the instance that
// it stands for, both from one transaction; nil if that checkpoint has none.
func (s *Store) Head() (applied protocol.Instance, head []byte, err error) {
	applied, head, _, err = s.HeadAndImages()
	return applied, head, err
}

// HeadAndImages is Head, with the images that are named at the same moment.
func (s *Store) HeadAndImages() (applied protocol.Instance, head []byte, named Images, err error) {
	err = s.view("read the head of the list", func(tx kv.Tx) error {
		st, found, err := s.readState(tx)
		if found != nil {
			head = append([]byte{}, found...)
		}
		applied = st.Applied
		if err == nil {
			named, err = s.readImages(tx)
		}
		return err
	})
	return applied, head, named, err
}

// view reads in one transaction. What it cannot read ends the store: a disk that
// loses one thing is not asked for the next.
func (s *Store) view(doing string, read func(kv.Tx) error) error {
	if err := s.ending.reason(); err != nil {
		return err
	}
	err := s.db.View(read)
	switch {
	case err == nil:
		return nil
	case s.looked:
		return fmt.Errorf("%s: %w", doing, classify(err))
	}
	return s.fail(doing, err)
}

// Close ends the use of the store, after a last checkpoint unless that is nil or
// the store has ended before; the log is closed with a marker that leaves no
// doubt about its tail. It returns the store's first error. No other call may be
// running.
func (s *Store) Close(final *Checkpoint) error {
	if errors.Is(s.ending.reason(), ErrClosed) {
		return s.ending.reason()
	}
	if final != nil {
		_ = s.Checkpoint(*final) // the error is kept, and returned below
	}
	first := s.ending.reason()
	if err := s.release(); first == nil && err != nil {
		first = s.fail("close", err)
	}
	s.ending.replace(fmt.Errorf("%w: %s", ErrClosed, s.dir))
	return first
}

// release lets go whatever is held, the lock of the folder last.
func (s *Store) release() error {
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Stats are counts since Open, and sizes now.
type Stats struct {
	Log           wal.Stats // its fdatasyncs, commits, bytes, files
	Checkpoints   uint64
	Transactions  uint64 // of the database: two or three fsyncs each
	SavedBytes    uint64 // heads, votes and chunks that checkpoints and PutChunks wrote to it
	DatabaseBytes int64  // on the disk
}

// Stats returns the counts as they are now.
func (s *Store) Stats() Stats {
	s.statsMu.Lock()
	st := s.stats
	s.statsMu.Unlock()
	st.Log = s.log.Stats()
	if size, err := s.db.Size(); err == nil { // a count that cannot be had is left out
		st.DatabaseBytes = size
	}
	return st
}

func (s *Store) count(change func(*Stats)) {
	s.statsMu.Lock()
	defer s.statsMu.Unlock()
	change(&s.stats)
}
