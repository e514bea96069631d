package kv

import (
	"errors"
	"fmt"
)

// Why a database could not be used; everything else is an error of the system.
var (
	// ErrCorrupt is the class of errors that say that a file is damaged.
	ErrCorrupt = errors.New("database is damaged")
	// ErrAbsent says that there is no database to open.
	ErrAbsent = errors.New("no database")
	// ErrLocked says that another process has the database open.
	ErrLocked = errors.New("database is open in another process")
	// ErrClosed says that the database was closed, or did not survive a crash.
	ErrClosed = errors.New("database is closed")
)

// Bucket names a set of keys within a database.
type Bucket string

// DB is an open database. One Update runs at a time; any number of Views run
// beside it and see what was committed when they began.
type DB interface {
	// View runs read with a consistent view of what is committed.
	View(read func(Tx) error) error
	// Update runs change and commits what it did: durable when Update returns
	// nil. If change returns an error nothing happens, and Update returns that
	// error. After any other error nobody knows what is on the disk; the
	// database must then be closed, and opened again before it is believed.
	Update(change func(Tx) error) error
	// Size is the room that the database takes on the disk, in bytes.
	Size() (int64, error)
	// Close lets the database go. No View and no Update may be running.
	Close() error
}

// Tx is one transaction; it ends when the function that was handed it returns.
// Put, Delete and Clear are for Update only. Slices that come out are valid, and
// slices that go in must stay as they are, until the transaction ends.
type Tx interface {
	// Get returns the value of a key, nil if there is none.
	Get(b Bucket, key []byte) []byte
	// Each calls do for every key from the given one on, in ascending order,
	// until it returns an error, which Each then returns. do must not change b.
	Each(b Bucket, from []byte, do func(key, value []byte) error) error
	// Keys is Each without the values, which are not read then.
	Keys(b Bucket, from []byte, do func(key []byte) error) error
	// Put sets the value of a key. Keys are 1 to 32,768 bytes long. Keys put in
	// ascending order are packed best.
	Put(b Bucket, key, value []byte) error
	// Delete removes a key, if it is there.
	Delete(b Bucket, key []byte) error
	// Clear removes all keys.
	Clear(b Bucket) error
}

// Opener opens the database at a path. Where there is none it makes an empty
// one if create is set, in one step: after a crash there is none, or a whole
// one. Otherwise it returns ErrAbsent.
type Opener func(path string, create bool) (DB, error)

func corruptf(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrCorrupt, path, fmt.Sprintf(format, args...))
}
