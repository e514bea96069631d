package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
	"paxos/wal"
)

// Options say where a store is and whose.
type Options struct {
	// Dir is the store's folder.
	Dir string
	// Want is who opens it; Store is 0.
	Want Identity
	// Init formats the folder if it holds no store yet. On a folder that holds one
	// it changes nothing: it never wipes anything.
	Init bool
	// Head is the head of the empty list with which a new store begins; nil: none. It
	// says who the first members are (rule 13), and is there as soon as the store is:
	// no later start has to guess them. A store that is there keeps its own.
	Head []byte
	// FS is the file system; vfs.OS if nil.
	FS vfs.FS
	// OpenDB opens the database; kv.OpenBolt if nil.
	OpenDB kv.Opener
	// SegmentBytes is the size of the log's segments, as wal.Options has it.
	SegmentBytes int64
	// TransactionBytes bounds the chunks, and the pieces of an image, in one transaction,
	// but for what the last of them has beyond; 1 MiB if 0.
	TransactionBytes int
	// RandomStore draws the id of a new store; from a cryptographic source if nil.
	RandomStore func() protocol.StoreID
	// Sync, if not nil, syncs the log's files, as wal.Options has it.
	Sync func(vfs.File) error
	// OnEnd, if not nil, is called once, with what ended the store (rule 9): whoever
	// runs the process must stop it, whichever of its readers or writers met the end.
	// It must not wait, nor call the store. What Open returns is not told.
	OnEnd func(reason error)
}

// The names in a store's folder.
const (
	identityName = "identity"
	databaseName = "checkpoint.db"
	logName      = "log"
	lockName     = "lock"
)

func (o Options) withDefaults() (Options, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.OpenDB == nil {
		o.OpenDB = kv.OpenBolt
	}
	if o.RandomStore == nil {
		o.RandomStore = randomStore
	}
	if o.Want.Version == 0 {
		o.Want.Version = FormatVersion
	}
	if o.Dir == "" || !o.Want.Role.Valid() || !o.Want.ID.Valid() {
		return o, fmt.Errorf("open a store in folder %q as %s %s: want a folder, a role and an id", o.Dir, o.Want.Role, o.Want.ID)
	}
	return o, nil
}

// randomStore draws from a generator that the runtime seeds from the system.
func randomStore() protocol.StoreID {
	for {
		if id := protocol.StoreID(rand.Uint64()); id != 0 {
			return id
		}
	}
}

// Open opens the store in a folder, or formats it first if Options.Init is set,
// and returns what was durable in it. Errors of the classes ErrNotFormatted,
// ErrForeign, ErrLocked, ErrCorrupt and fs.ErrPermission leave the folder as it was; the table in
// docs/storage.md has all cases.
func Open(o Options) (*Store, Restored, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, Restored{}, err
	}
	s := &Store{dir: o.Dir, dbPath: filepath.Join(o.Dir, databaseName), transaction: o.TransactionBytes}
	s.ending.told = o.OnEnd
	restored, err := s.open(o)
	if err != nil {
		s.release()
		return nil, Restored{}, fmt.Errorf("open store %s: %w", o.Dir, Denied(full(classify(err), o.Dir), o.Dir))
	}
	return s, restored, nil
}

// open follows the table: first the folder and its identity, then the database,
// then the log.
func (s *Store) open(o Options) (Restored, error) {
	if err := refuseInterrupted(o); err != nil {
		return Restored{}, err // and nothing was touched
	}
	if _, err := readIdentityFile(o); errors.Is(err, ErrNotFormatted) && !o.Init {
		return Restored{}, err // nor here
	}
	if err := o.FS.MkdirAll(o.Dir); err != nil {
		return Restored{}, err
	}
	var err error
	if s.lock, err = o.FS.Lock(filepath.Join(o.Dir, lockName)); err != nil {
		return Restored{}, err
	}
	if err := refuseInterrupted(o); err != nil { // a repair may have ended before we had the lock
		return Restored{}, err
	}
	s.identity, err = readIdentityFile(o)
	if errors.Is(err, ErrNotFormatted) && o.Init {
		s.identity, err = format(o)
	}
	if err != nil {
		return Restored{}, err
	}
	if err := s.identity.check(o.Want, o.Dir); err != nil {
		return Restored{}, err
	}
	return s.restore(o)
}

// restore reads the checkpoint and replays the log on top of it.
func (s *Store) restore(o Options) (Restored, error) {
	var err error
	if s.db, err = o.OpenDB(s.dbPath, false); errors.Is(err, kv.ErrAbsent) {
		return Restored{}, fmt.Errorf("%w: %s is missing", ErrCorrupt, s.dbPath)
	} else if err != nil {
		return Restored{}, err
	}
	r := newRestoring()
	if err := s.db.View(func(tx kv.Tx) error { return s.readCheckpoint(tx, r) }); err != nil {
		return Restored{}, err
	}
	var report wal.Report
	log := logOptions(o, s.identity)
	log.Sync = o.Sync
	s.log, report, err = wal.Open(log, s.last.Covers, r.record)
	if err != nil {
		return Restored{}, err
	}
	return r.done(report), nil
}

// readCheckpoint reads the database, which must belong to this very store.
func (s *Store) readCheckpoint(tx kv.Tx, r *restoring) error {
	switch id, found, err := s.readIdentity(tx); {
	case err != nil:
		return err
	case !found:
		return s.damaged("the identity is missing")
	case id != s.identity:
		return s.damaged("it belongs to another store, %s: put the right one back", id)
	}
	st, head, err := s.readState(tx)
	if err != nil {
		return err
	}
	s.last = st
	if err := s.openImages(tx, &st); err != nil {
		return err
	}
	r.checkpoint(st, head)
	return s.readVotes(tx, &st, r.vote)
}

// readIdentityFile reads the file whose presence makes a folder a store.
func readIdentityFile(o Options) (Identity, error) {
	path := filepath.Join(o.Dir, identityName)
	file, err := o.FS.OpenRead(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, notFormatted(o)
	}
	if errors.Is(err, unix.ENOTDIR) {
		return Identity{}, noFolder(o)
	}
	if err != nil {
		return Identity{}, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return Identity{}, err
	}
	if size > maxIdentityBytes {
		return Identity{}, fmt.Errorf("%w: %s: %d bytes are no identity", ErrCorrupt, path, size)
	}
	data := make([]byte, size)
	if _, err := file.ReadAt(data, 0); err != nil && size > 0 {
		return Identity{}, fmt.Errorf("read %s: %w", path, err)
	}
	id, err := decodeIdentity(data)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
	}
	return id, nil
}

// maxIdentityBytes is far more than any identity takes.
const maxIdentityBytes = 1 << 10

// noFolder is for a file that was named in the place of a folder.
func noFolder(o Options) error {
	return fmt.Errorf("%w in %s: it is a file, not a folder", ErrNotFormatted, o.Dir)
}

func isFile(o Options) bool {
	_, err := o.FS.List(o.Dir)
	return errors.Is(err, unix.ENOTDIR)
}

// notFormatted says what to do. A folder that has a part of a store holds a damaged one, or
// one whose first start was interrupted: with Init only the second is made anew.
func notFormatted(o Options) error {
	names, err := o.FS.List(o.Dir)
	if err != nil || len(names) == 0 {
		return fmt.Errorf("%w in %s: the folder is empty or missing: name the right folder, or start once with --init (Options.Init) to make a new store there",
			ErrNotFormatted, o.Dir)
	}
	for _, part := range []string{databaseName, logName} {
		if slices.Contains(names, part) {
			return fmt.Errorf("%w in %s: there is a %q, but the file %q is missing: if there ever was a store it is damaged, %s; if its first start was interrupted, start it with --init, which refuses where anything is stored",
				ErrNotFormatted, o.Dir, part, identityName, whatIsLeft)
		}
	}
	return fmt.Errorf("%w in %s: the folder has no file %q: name the right folder, or start once with --init (Options.Init) to make a new store there",
		ErrNotFormatted, o.Dir, identityName)
}

// whatIsLeft says what to do about a store without its identity. To put the file back from
// elsewhere would be a way to vote with a store that forgot votes.
const whatIsLeft = "'paxos inspect store' shows what is left of it, and 'paxos repair rebuild' makes it anew from a peer"

func logOptions(o Options, id Identity) wal.Options {
	return wal.Options{
		FS: o.FS, Dir: filepath.Join(o.Dir, logName), LogID: uint64(id.Store), SegmentBytes: o.SegmentBytes,
	}
}
