package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"paxos/storage/kv"
	"paxos/wal"
)

// recordFormatted is the log's first record: the identity. With it a whole store
// has a log, and its first checkpoint covers a place in it, so that a log that
// got lost is noticed, however young the store is.
const recordFormatted = wal.MaxType

// format makes a store in a folder that has no identity. The identity file comes
// last, under its name in one step: before that there is no store, after it a
// whole one. What an interrupted format left behind is begun afresh.
func format(o Options) (Identity, error) {
	if err := refuseStored(o); err != nil {
		return Identity{}, err
	}
	id := o.Want
	id.Store = o.RandomStore()
	covers, err := formatLog(o, id)
	if err != nil {
		return Identity{}, fmt.Errorf("format the log: %w", err)
	}
	if err := formatDatabase(o, id, covers, o.Head); err != nil {
		return Identity{}, fmt.Errorf("format the database: %w", err)
	}
	return id, writeIdentityFile(o, id)
}

// refuseStored looks for anything that may have been stored in a folder whose
// identity file is missing: such a folder has lost a part, and is not formatted.
func refuseStored(o Options) error {
	for _, found := range []func(Options) (string, error){storedInDatabase, storedInLog} {
		what, err := found(o)
		if err != nil {
			return err
		}
		if what != "" {
			return fmt.Errorf("%w: %s: the file %q is missing, but %s: not formatted; %s",
				ErrCorrupt, o.Dir, identityName, what, whatIsLeft)
		}
	}
	return nil
}

// storedInDatabase says what is in the database beside what format puts there.
func storedInDatabase(o Options) (what string, err error) {
	s := &Store{dbPath: filepath.Join(o.Dir, databaseName)}
	db, err := o.OpenDB(s.dbPath, false)
	if errors.Is(err, kv.ErrAbsent) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	err = db.View(func(tx kv.Tx) error {
		if tx.Get(bucketMeta, keyState) == nil {
			return nil
		}
		st, _, err := s.readState(tx)
		if err == nil && !st.fresh() || hasKeys(tx, bucketChunks) || hasKeys(tx, bucketVotes) || hasKeys(tx, bucketImages) {
			what = "the database holds a checkpoint"
		}
		return err
	})
	return what, errors.Join(err, db.Close())
}

// fresh reports whether s may be the state that format writes: nothing is applied,
// and the head, if there is one, is that of an empty list.
func (s *state) fresh() bool {
	formatted := newState(s.Covers)
	formatted.HasHead, formatted.HeadLen, formatted.HeadSum = s.HasHead, s.HeadLen, s.HeadSum
	return s.stateFixed == formatted.stateFixed && len(s.pins) == 0 && s.Covers.Segment <= 1
}

func hasKeys(tx kv.Tx, b kv.Bucket) bool {
	found := errors.New("found")
	return tx.Keys(b, nil, func([]byte) error { return found }) != nil
}

// storedInLog says what is in the log beside what format puts there: the first
// batch, perhaps torn, with the identity, and the marker of a clean close.
func storedInLog(o Options) (what string, err error) {
	dir := filepath.Join(o.Dir, logName)
	if _, err := o.FS.List(dir); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	err = wal.Inspect(wal.Options{FS: o.FS, Dir: dir}, wal.Position{}, func(f wal.Found) error {
		switch {
		case f.At.Segment > 1,
			(f.Kind == wal.KindRecord || f.Kind == wal.KindTorn) && f.Type != recordFormatted,
			f.Kind == wal.KindCommit && f.Batch > 1,
			f.Kind == wal.KindDamaged && f.At.Offset == 0:
			what = fmt.Sprintf("the log holds a %s at %v", f.Kind, f.At)
		}
		return nil
	})
	return what, err
}

// formatLog begins the log, and returns the place behind its first record.
func formatLog(o Options, id Identity) (Position, error) {
	if err := clearLog(o); err != nil {
		return Position{}, err
	}
	log, _, err := wal.Open(logOptions(o, id), wal.Position{}, func(wal.Position, uint8, []byte) error { return nil })
	if err != nil {
		return Position{}, err
	}
	var b wal.Batch
	b.Add(recordFormatted, id.encode())
	covers, err := log.Commit(&b)
	return covers, errors.Join(err, log.Close())
}

// clearLog removes the log that an interrupted format began.
func clearLog(o Options) error {
	dir := filepath.Join(o.Dir, logName)
	if err := o.FS.MkdirAll(dir); err != nil {
		return err
	}
	names, err := o.FS.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.Contains(name, ".") {
			continue // the log's lock
		}
		if err := o.FS.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return o.FS.SyncDir(dir)
}

func formatDatabase(o Options, id Identity, covers Position, head []byte) error {
	db, err := o.OpenDB(filepath.Join(o.Dir, databaseName), true)
	if err != nil {
		return err
	}
	err = db.Update(func(tx kv.Tx) error {
		for _, b := range []kv.Bucket{bucketMeta, bucketVotes, bucketChunks, bucketImages} {
			if err := tx.Clear(b); err != nil {
				return err
			}
		}
		if err := put(tx, bucketMeta, keyIdentity, id.encode()); err != nil {
			return err
		}
		st := newState(covers)
		st.setHead(head)
		if err := writeHead(tx, head); err != nil {
			return err
		}
		return put(tx, bucketMeta, keyState, st.encode())
	})
	return errors.Join(err, db.Close())
}

// writeIdentityFile is the commit point of format.
func writeIdentityFile(o Options, id Identity) error {
	path := filepath.Join(o.Dir, identityName)
	temporary := path + ".new"
	if err := o.FS.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := o.FS.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(id.encode(), 0)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", temporary, err)
	}
	if err := o.FS.Rename(temporary, path); err != nil {
		return err
	}
	return o.FS.SyncDir(o.Dir)
}
