package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"paxos/protocol"
	"paxos/storage/kv"
)

// Saved is the last checkpoint of a stopped store, for tools that copy a list out
// of it. It changes nothing. What is damaged is an error of the class ErrCorrupt,
// and so nothing that is handed out is.
type Saved struct {
	store    *Store
	identity Identity
	st       state
	head     []byte
	images   Images
	votes    []protocol.Vote
	pins     []protocol.Pin
}

// ErrImages says that a list cannot be copied: its front is an image of the state of
// a program with a state machine (package engine). Let the node join again instead,
// or copy the whole folder of the stopped process to the same node's new disk.
var ErrImages = errors.New("the list is not whole")

// OpenSaved reads the checkpoint of the store in Options.Dir, whoever's it is:
// Options.Want does not count. The log is not looked at. Whoever calls it sees to it
// that no process has the store; if one has, the error is ErrLocked.
func OpenSaved(o Options) (*Saved, error) {
	o.Want = Identity{Role: protocol.RoleServer, ID: 1}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := openSaved(o)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint in %s: %w", o.Dir, classify(err))
	}
	return s, nil
}

func openSaved(o Options) (*Saved, error) {
	s := &Saved{store: &Store{dir: o.Dir, dbPath: filepath.Join(o.Dir, databaseName)}}
	var err error
	if s.identity, err = readIdentityFile(o); err != nil {
		return nil, err
	}
	s.store.identity = s.identity
	if s.store.db, err = o.OpenDB(s.store.dbPath, false); errors.Is(err, kv.ErrAbsent) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, s.store.dbPath)
	} else if err != nil {
		return nil, err
	}
	r := newRestoring()
	err = s.store.db.View(func(tx kv.Tx) error {
		err := s.store.readCheckpoint(tx, r)
		if err == nil {
			s.images, err = s.store.readImages(tx)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.store.db.Close())
	}
	restored := r.done(r.Log)
	s.st, s.head, s.votes, s.pins = s.store.last, r.Head, restored.Votes, restored.Pins
	if n := s.store.Images().Newest.Index; n > 0 {
		return nil, errors.Join(fmt.Errorf("%w: %s: an image of a program's state stands for the list's first %d entries", ErrImages, o.Dir, n), s.store.db.Close())
	}
	return s, nil
}

// Identity is who the store belongs to.
func (s *Saved) Identity() Identity { return s.identity }

// Applied is the instance that the list stands for.
func (s *Saved) Applied() protocol.Instance { return s.st.Applied }

// Head is the head of the list; nil if there never was a list.
func (s *Saved) Head() []byte { return s.head }

// ChunkCount says that the head needs the chunks 0 to ChunkCount-1.
func (s *Saved) ChunkCount() uint64 { return s.st.ChunkCount }

// Dropped is how many of the first entries of the list an image of a program's own
// state stands for, so that they may be gone.
func (s *Saved) Dropped() uint64 { return s.images.Newest.Index }

// Covers is the place in the log at which replay begins.
func (s *Saved) Covers() Position { return s.st.Covers }

// Votes are those of the checkpoint, above Applied, in ascending order. There may
// be more in the log.
func (s *Saved) Votes() []protocol.Vote { return s.votes }

// Pins are those of the checkpoint, ascending by acceptor. There may be more in the log.
func (s *Saved) Pins() []protocol.Pin { return s.pins }

// Chunk returns a chunk that the head needs.
func (s *Saved) Chunk(n uint64) ([]byte, error) {
	data, err := s.store.Chunk(n)
	if err == nil && data == nil {
		err = fmt.Errorf("chunk %d of the store in %s: the head needs %d only", n, s.store.dir, s.st.ChunkCount)
	}
	return data, err
}

// Close lets the database go.
func (s *Saved) Close() error { return s.store.db.Close() }
