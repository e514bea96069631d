package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OS is the file system of the machine. It keeps nothing; the zero value is ready.
type OS struct{}

var _ FS = OS{}

// Create implements [FS].
func (OS) Create(path string) (File, error) {
	return openOS(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

// Open implements [FS].
func (OS) Open(path string) (File, error) { return openOS(path, os.O_RDWR) }

// OpenRead implements [FS].
func (OS) OpenRead(path string) (File, error) { return openOS(path, os.O_RDONLY) }

// Remove implements [FS].
func (OS) Remove(path string) error { return os.Remove(path) }

// Rename implements [FS].
func (OS) Rename(oldPath, newPath string) error {
	if err := sameFolder(oldPath, newPath); err != nil {
		return err
	}
	return os.Rename(oldPath, newPath)
}

// List implements [FS].
func (OS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// MkdirAll implements [FS]. Each folder is made durable in the one above it
// before anything is put into it.
func (o OS) MkdirAll(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("vfs: make folder %s: %w", dir, unix.ENOTDIR)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(dir)
	if err := o.MkdirAll(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return o.SyncDir(above)
}

// SyncDir implements [FS].
func (OS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // the sync error is the one that matters
		return err
	}
	return f.Close()
}

// Lock implements [FS] with flock(2), which the kernel lets go when the process
// ends, however it ends.
func (OS) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = retryInterrupted(func() error {
		return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	})
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("vfs: lock %s: %w", path, ErrLocked)
	}
	return nil, fmt.Errorf("vfs: lock %s: %w", path, err)
}

// Size implements [FS].
func (OS) Size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

type osFile struct {
	*os.File
	fd int // kept, so that Sync need not ask for it
}

func openOS(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	return &osFile{File: f, fd: int(f.Fd())}, nil
}

// Sync is fdatasync(2): it writes the size too if that changed, but not the
// times, which would cost a write of the inode for nothing.
func (f *osFile) Sync() error {
	err := retryInterrupted(func() error { return unix.Fdatasync(f.fd) })
	if err != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}

func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// retryInterrupted repeats a call that a signal interrupted. That is no second
// attempt at a failed sync: EINTR says that the call did not come to an end.
func retryInterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func sameFolder(oldPath, newPath string) error {
	if filepath.Dir(oldPath) == filepath.Dir(newPath) {
		return nil
	}
	return fmt.Errorf("vfs: rename %s to %s: not in the same folder", oldPath, newPath)
}
