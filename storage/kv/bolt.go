package kv

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

const (
	// boltPageBytes is fixed, so that a file can move between machines and the
	// inspection before opening knows where things are.
	boltPageBytes = 4096
	// boltGrowBytes is the step in which the file grows; the new part is a hole
	// until it is written, and each step costs one fsync more.
	boltGrowBytes = 16 << 20
)

// boltMapBytes of addresses are mapped at once. It costs no memory, and spares
// readers the remapping, for which bbolt makes them wait, until the file is larger
// than this. A test has less.
var boltMapBytes = 1 << 30

// boltDB is bbolt behind the port.
type boltDB struct {
	path   string
	file   *os.File // the one that bbolt has open
	db     *bbolt.DB
	broken atomic.Pointer[error] // set when bbolt panicked: its locks may be held for ever
	pins   pins

	deleted int // large values; only the transaction that writes counts
}

// OpenBolt is the Opener of bbolt databases, with bbolt's default sync settings.
func OpenBolt(path string, create bool) (DB, error) {
	switch err := inspectBolt(path); {
	case errors.Is(err, os.ErrNotExist) && create:
		if err := createBolt(path); err != nil {
			return nil, fmt.Errorf("make database %s: %w", path, err)
		}
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrAbsent, path)
	case err != nil:
		return nil, err
	}
	d := &boltDB{path: path}
	if err := d.guard("open", func() error { return d.open(os.O_RDWR) }); err != nil {
		d.letGo()
		return nil, boltError(path, "open", err)
	}
	return d, nil
}

// createBolt makes an empty database under another name and moves it into
// place, so that a crash on the way leaves nothing that looks like a database.
func createBolt(path string) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	d := &boltDB{path: temporary}
	if err := d.open(os.O_RDWR | os.O_CREATE); err != nil {
		return err
	}
	if err := d.db.Close(); err != nil {
		return err
	}
	return renameDurably(temporary, path)
}

// open opens the file with flags in place of bbolt's, which would always create it.
func (d *boltDB) open(flags int) (err error) {
	d.db, err = bbolt.Open(d.path, 0o644, &bbolt.Options{
		Timeout:         time.Nanosecond, // one attempt at the lock
		PageSize:        boltPageBytes,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: boltMapBytes,
		NoStatistics:    true,
		OpenFile: func(path string, _ int, mode os.FileMode) (*os.File, error) {
			file, err := os.OpenFile(path, flags, mode)
			d.file = file
			return file, err
		},
	})
	if err == nil {
		d.db.AllocSize = boltGrowBytes
	}
	return err
}

// guard runs a piece of bbolt and turns its panics, and faults of its memory
// map, into errors. After one of them bbolt is not entered again: it may have
// left its locks held.
func (d *boltDB) guard(doing string, do func() error) (err error) {
	if broken := d.broken.Load(); broken != nil {
		return *broken
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = corruptf(d.path, "%s: %v", doing, p)
			d.broken.Store(&err)
		}
	}()
	return do()
}

// View implements [DB].
func (d *boltDB) View(read func(Tx) error) error {
	err := d.guard("read", func() error {
		return d.db.View(func(tx *bbolt.Tx) error { return outcome(read(d.transaction(tx))) })
	})
	return boltError(d.path, "read", err)
}

// Update implements [DB].
func (d *boltDB) Update(change func(Tx) error) error {
	defer d.yield()()
	err := d.guard("write", func() error {
		return d.db.Update(func(tx *bbolt.Tx) error {
			d.unmapped(tx)
			return outcome(change(d.transaction(tx)))
		})
	})
	return boltError(d.path, "write", err)
}

// unmapped takes what was read through the memory map out of the process's memory. It stays in
// the system's cache, from where it comes back when it is read again. Otherwise all that
// was ever read, and its neighbours, would count as memory of this process, however long the
// list is. During a change the map stays where it is; others may read from it.
func (d *boltDB) unmapped(tx *bbolt.Tx) {
	// It is only a hint: should the system not take it, nothing else changes.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, d.db.Info().Data, uintptr(tx.Size()), unix.MADV_DONTNEED)
}

// Size implements [DB]. The holes in the file do not count.
func (d *boltDB) Size() (int64, error) {
	var stat unix.Stat_t
	if err := unix.Stat(d.path, &stat); err != nil {
		return 0, fmt.Errorf("size of database %s: %w", d.path, err)
	}
	return stat.Blocks * 512, nil
}

// Close implements [DB].
func (d *boltDB) Close() error {
	d.pins.release(everyPin) // bbolt would wait for them
	if d.broken.Load() != nil {
		d.letGo()
		return nil
	}
	err := d.guard("close", d.db.Close)
	return boltError(d.path, "close", err)
}

// letGo lets the file and its lock go without entering bbolt. The memory map
// stays (somebody may still be reading it), and would keep the lock alive if
// that were not let go by itself.
func (d *boltDB) letGo() {
	if d.file != nil {
		_ = unix.Flock(int(d.file.Fd()), unix.LOCK_UN) // it ends with the process if not now
		_ = d.file.Close()                             // nothing is pending: bbolt syncs or fails
	}
}

// callerError marks what the function inside a transaction returned, which goes
// out as it is.
type callerError struct{ error }

func outcome(err error) error {
	if err == nil {
		return nil
	}
	return callerError{err}
}

// boltError gives an error of bbolt its class, and names the file.
func boltError(path, doing string, err error) error {
	var caller callerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &caller):
		return caller.error
	case errors.Is(err, ErrCorrupt):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %s", ErrLocked, path)
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return fmt.Errorf("%w: %s", ErrClosed, path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return corruptf(path, "%s: %v", doing, err)
	case strings.HasPrefix(err.Error(), "file size too small"): // for the page size that its first page names
		return corruptf(path, "%s: %v", doing, err)
	}
	return fmt.Errorf("%s database %s: %w", doing, path, withErrno(err))
}

// withErrno gives back the error number that bbolt drops where it formats the
// cause of a failed growth as text.
func withErrno(err error) error {
	for _, errno := range []unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.EFBIG, unix.EIO} {
		if !errors.Is(err, errno) && strings.HasSuffix(err.Error(), errno.Error()) {
			return fmt.Errorf("%w (%w)", err, errno)
		}
	}
	return err
}
