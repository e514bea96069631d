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
	open     kv.Opener
	store    *Store
	identity Identity
	st       state
	head     []byte
	votes    []protocol.Vote
	pins     []protocol.Pin
}

// ErrImages says that a list cannot be copied as a list: its front is an image of the
// state of a program with a state machine (package engine).
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
		return nil, fmt.Errorf("read the checkpoint in %s: %w", o.Dir, Denied(classify(err), o.Dir))
	}
	return s, nil
}

func openSaved(o Options) (*Saved, error) {
	s := &Saved{open: o.OpenDB, store: &Store{dir: o.Dir, dbPath: filepath.Join(o.Dir, databaseName), looked: true}}
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
	if err := s.store.db.View(func(tx kv.Tx) error { return s.store.readCheckpoint(tx, r) }); err != nil {
		return nil, errors.Join(err, s.store.db.Close())
	}
	restored := r.done(r.Log)
	s.st, s.head, s.votes, s.pins = s.store.last, r.Head, restored.Votes, restored.Pins
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

// Images are those of a program's own state that stand for the front of the list. One
// may stand for more of it than the head does: it is written beside checkpoints.
func (s *Saved) Images() Images { return s.store.Images() }

// Piece returns a piece of a named image.
func (s *Saved) Piece(i Image, number uint32) ([]byte, error) {
	data, err := s.store.ImagePiece(i.Generation, number)
	if err == nil && data == nil {
		err = fmt.Errorf("piece %d of image %d of the store in %s: there is none", number, i.Generation, s.store.dir)
	}
	return data, s.goOn(err)
}

// goOn opens a database anew that has met damage, and may not be entered again: somewhere
// else it may be whole.
func (s *Saved) goOn(damage error) error {
	if !errors.Is(damage, ErrCorrupt) {
		return damage
	}
	closed := s.store.db.Close()
	db, err := s.open(s.store.dbPath, false)
	if err == nil {
		s.store.db = db
	}
	return errors.Join(damage, closed, err)
}

// Covers is the place in the log at which replay begins.
func (s *Saved) Covers() Position { return s.st.Covers }

// Votes are those of the checkpoint, above Applied, in ascending order. There may
// be more in the log.
func (s *Saved) Votes() []protocol.Vote { return s.votes }

// Pins are those of the checkpoint, ascending by acceptor. There may be more in the log.
func (s *Saved) Pins() []protocol.Pin { return s.pins }

// Chunk returns a chunk that the head needs. The error is ErrImages where an image
// stands for it, and it was dropped.
func (s *Saved) Chunk(n uint64) ([]byte, error) {
	data, err := s.store.Chunk(n)
	if err == nil && data == nil && n < s.Images().Kept {
		return nil, fmt.Errorf("%w: chunk %d of the store in %s was dropped: an image of a program's state stands for it", ErrImages, n, s.store.dir)
	}
	if err == nil && data == nil {
		err = fmt.Errorf("chunk %d of the store in %s: the head needs %d only", n, s.store.dir, s.st.ChunkCount)
	}
	return data, s.goOn(err)
}

// Close lets the database go.
func (s *Saved) Close() error { return s.store.db.Close() }
