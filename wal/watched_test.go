package wal

import (
	"io"

	"golang.org/x/sys/unix"

	"paxos/vfs"
)

// operation is one call of the file system that is about to be made.
type operation struct {
	kind vfs.Op
	path string
	data []byte // of a write,
	off  int64  // at off
}

// watched passes everything on to another file system and calls before ahead of each operation: the moment at which
// the power may fail. Where before returns false the operation fails; a write then writes its first half.
type watched struct {
	under  vfs.FS
	before func(operation) bool
}

func (w *watched) allow(kind vfs.Op, path string) error {
	if !w.before(operation{kind: kind, path: path}) {
		return unix.EIO
	}
	return nil
}

func (w *watched) open(kind vfs.Op, path string, open func(string) (vfs.File, error)) (vfs.File, error) {
	if err := w.allow(kind, path); err != nil {
		return nil, err
	}
	file, err := open(path)
	return &watchedFile{File: file, fs: w, path: path}, err
}

func (w *watched) Create(path string) (vfs.File, error) {
	return w.open(vfs.OpCreate, path, w.under.Create)
}

func (w *watched) Open(path string) (vfs.File, error) { return w.open(vfs.OpOpen, path, w.under.Open) }

func (w *watched) OpenRead(path string) (vfs.File, error) {
	return w.open(vfs.OpOpen, path, w.under.OpenRead)
}

func (w *watched) Remove(path string) error {
	if err := w.allow(vfs.OpRemove, path); err != nil {
		return err
	}
	return w.under.Remove(path)
}

func (w *watched) Rename(oldPath, newPath string) error {
	if err := w.allow(vfs.OpRename, oldPath); err != nil {
		return err
	}
	return w.under.Rename(oldPath, newPath)
}

func (w *watched) List(path string) ([]string, error) {
	if err := w.allow(vfs.OpList, path); err != nil {
		return nil, err
	}
	return w.under.List(path)
}

func (w *watched) MkdirAll(path string) error {
	if err := w.allow(vfs.OpMkdir, path); err != nil {
		return err
	}
	return w.under.MkdirAll(path)
}

func (w *watched) SyncDir(path string) error {
	if err := w.allow(vfs.OpSyncDir, path); err != nil {
		return err
	}
	return w.under.SyncDir(path)
}

func (w *watched) Lock(path string) (io.Closer, error) {
	if err := w.allow(vfs.OpLock, path); err != nil {
		return nil, err
	}
	return w.under.Lock(path)
}

func (w *watched) Size(path string) (int64, error) {
	if err := w.allow(vfs.OpRead, path); err != nil {
		return 0, err
	}
	return w.under.Size(path)
}

type watchedFile struct {
	vfs.File
	fs   *watched
	path string
}

func (f *watchedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.allow(vfs.OpRead, f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *watchedFile) WriteAt(p []byte, off int64) (int, error) {
	if !f.fs.before(operation{vfs.OpWrite, f.path, p, off}) {
		n, _ := f.File.WriteAt(p[:len(p)/2], off) // it fails anyway
		return n, unix.EIO
	}
	return f.File.WriteAt(p, off)
}

func (f *watchedFile) Sync() error {
	if err := f.fs.allow(vfs.OpSync, f.path); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *watchedFile) Truncate(size int64) error {
	if err := f.fs.allow(vfs.OpTruncate, f.path); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *watchedFile) Size() (int64, error) {
	if err := f.fs.allow(vfs.OpRead, f.path); err != nil {
		return 0, err
	}
	return f.File.Size()
}
