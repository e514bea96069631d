package vfs

import (
	"errors"
	"io"
)

// ErrLocked is returned by [FS.Lock] where somebody else holds the lock.
var ErrLocked = errors.New("vfs: locked by another process")

// FS is a file system. Paths are as in package path/filepath. Errors satisfy
// errors.Is with fs.ErrNotExist and fs.ErrExist where that is what is wrong.
// All methods may be called from several goroutines.
type FS interface {
	// Create makes a new empty file, open for reading and writing; it is an
	// error if the name is taken. The name is durable after SyncDir.
	Create(path string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(path string) (File, error)
	// OpenRead opens an existing file for reading only.
	OpenRead(path string) (File, error)
	// Remove removes a file. Durable after SyncDir.
	Remove(path string) error
	// Rename gives a file another name in the same folder, in one step; a file
	// that had the new name is gone. Durable after SyncDir.
	Rename(oldPath, newPath string) error
	// List returns the names in a folder, sorted.
	List(dir string) ([]string, error)
	// MkdirAll makes a folder and the missing ones above it, all of them
	// durable on return. It is no error if the folder is there.
	MkdirAll(dir string) error
	// SyncDir makes the names in a folder durable as they are now.
	SyncDir(dir string) error
	// Lock takes the exclusive lock on path, making the file if need be, and
	// holds it until the Closer is closed or the process ends. It does not wait:
	// it returns ErrLocked if somebody else holds it.
	Lock(path string) (io.Closer, error)
	// Size returns the size of a file in bytes.
	Size(path string) (int64, error)
}

// File is an open file. ReadAt and WriteAt follow io.ReaderAt and io.WriterAt.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes what was written durable, and the file's size; not its name,
	// nor its times (fdatasync). After an error nobody knows what is on the disk:
	// calling it again would report success for data that is lost.
	Sync() error
	// Truncate sets the size in bytes. Durable after Sync.
	Truncate(size int64) error
	// Size returns the size in bytes.
	Size() (int64, error)
}
