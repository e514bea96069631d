package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"

	"paxos/storage/kv"
	"paxos/vfs"
	"paxos/wal"
)

// What callers decide on.
var (
	// ErrCorrupt is the class of errors that say: what is on the disk is not what
	// was written. They name the file.
	ErrCorrupt = errors.New("store is damaged")
	// ErrNotFormatted says that the folder holds no store.
	ErrNotFormatted = errors.New("no store")
	// ErrForeign says that the folder holds somebody else's store.
	ErrForeign = errors.New("another store")
	// ErrLocked says that another process uses the folder.
	ErrLocked = errors.New("store is in use by another process")
	// ErrDiskFull says that the store ended because there was no room.
	ErrDiskFull = errors.New("disk is full")
	// ErrTooLarge says that a batch does not fit the log. Nothing happened; the
	// store may be used on.
	ErrTooLarge = wal.ErrTooLarge
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("store is closed")
)

// classify joins an error of the layers below with the class that it has here.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrLocked):
		return err
	case errors.Is(err, wal.ErrCorrupt), errors.Is(err, kv.ErrCorrupt):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, vfs.ErrLocked), errors.Is(err, kv.ErrLocked):
		return fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return err
}

// ending keeps the first error of a store (rule 9). It is safe for concurrent use.
type ending struct {
	told func(error) // Options.OnEnd
	mu   sync.Mutex
	err  error
}

// reason is what ended the store, nil while it lives.
func (e *ending) reason() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// end makes err the end of the store, unless it has ended already, and returns
// what ended it. The first end is told.
func (e *ending) end(err error) error {
	first, was := e.note(err)
	if first && e.told != nil {
		e.told(err)
	}
	return was
}

// note keeps err if it is the first end.
func (e *ending) note(err error) (first bool, was error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if first = e.err == nil; first {
		e.err = err
	}
	return first, e.err
}

// replace sets the end aside: the store is closed, whatever came before.
func (e *ending) replace(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// full joins an error that says that there is no room with its class.
func full(err error, dir string) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: make room for %s and start again: %w", ErrDiskFull, dir, err)
	}
	return err
}

// fail ends the store because of what went wrong while doing something.
func (s *Store) fail(doing string, err error) error {
	const lasting = "nothing that was acknowledged is lost"
	err = full(classify(err), s.dir)
	switch {
	case errors.Is(err, ErrDiskFull):
		err = fmt.Errorf("%s: %w: the store has ended for good, but a restart goes on from here: %s", doing, err, lasting)
	case errors.Is(err, ErrCorrupt):
		err = fmt.Errorf("%s: %w: the store in %s has ended for good", doing, err, s.dir)
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%s: %w: the store has ended for good: %s", doing, Denied(err, s.dir), lasting)
	default:
		err = fmt.Errorf("%s: %w: the store in %s has ended for good; see to the disk and restart: %s",
			doing, err, s.dir, lasting)
	}
	return s.ending.end(err)
}
