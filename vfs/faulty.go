package vfs

import (
	"io"
	"sync"
)

// Op is a set of kinds of operation.
type Op uint16

// The kinds of operation that [Faulty] counts and fails.
const (
	OpOpen Op = 1 << iota // Open and OpenRead
	OpCreate
	OpRead // ReadAt and the two Size
	OpWrite
	OpSync
	OpTruncate
	OpRemove
	OpRename
	OpSyncDir
	OpMkdir
	OpList
	OpLock
	opEnd

	OpAny    = opEnd - 1
	OpChange = OpCreate | OpWrite | OpSync | OpTruncate | OpRemove | OpRename | OpSyncDir | OpMkdir // what changes the disk
)

// Fault says which operation fails, and how.
type Fault struct {
	Kinds   Op    // of which kinds; 0 means OpAny
	N       int   // the N-th of these fails, counted from 1 since the fault was armed; 0: none
	Forever bool  // and every one of these after it, as after a power cut
	Short   bool  // a write that fails writes its first half
	Err     error // what the failing operation returns (inside a fs.PathError), say unix.EIO
}

// Faulty passes everything on to another file system, except for the operations
// that its [Fault] picks: these return the fault's error and do nothing. Close
// never fails. It is safe for concurrent use.
type Faulty struct {
	under FS
	mu    sync.Mutex
	fault Fault
	seen  int // operations of the fault's kinds since it was armed
	fired int
	done  map[Op]int
}

var _ FS = (*Faulty)(nil)

// NewFaulty returns a file system over under with a fault armed.
func NewFaulty(under FS, fault Fault) *Faulty {
	f := &Faulty{under: under, done: map[Op]int{}}
	f.Arm(fault)
	return f
}

// Arm replaces the fault, and counts afresh towards its N.
func (f *Faulty) Arm(fault Fault) {
	if fault.Kinds == 0 {
		fault.Kinds = OpAny
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.seen = fault, 0
}

// Count returns how many operations of the given kinds were asked for since the
// beginning, those that failed included.
func (f *Faulty) Count(kinds Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for op := Op(1); op < opEnd; op <<= 1 {
		if kinds&op != 0 {
			n += f.done[op]
		}
	}
	return n
}

// Fired returns how many operations were made to fail.
func (f *Faulty) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// fails counts one operation and says whether, and how, it fails.
func (f *Faulty) fails(op Op, name, path string) (short bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done[op]++
	if f.fault.Kinds&op == 0 || f.fault.N == 0 {
		return false, nil
	}
	f.seen++
	if f.seen < f.fault.N || f.seen > f.fault.N && !f.fault.Forever {
		return false, nil
	}
	f.fired++
	return f.fault.Short && f.seen == f.fault.N, pathError(name, path, f.fault.Err)
}

func (f *Faulty) check(op Op, name, path string) error {
	_, err := f.fails(op, name, path)
	return err
}

// Create implements [FS].
func (f *Faulty) Create(path string) (File, error) {
	return f.file(OpCreate, "create", path, f.under.Create)
}

// Open implements [FS].
func (f *Faulty) Open(path string) (File, error) {
	return f.file(OpOpen, "open", path, f.under.Open)
}

// OpenRead implements [FS].
func (f *Faulty) OpenRead(path string) (File, error) {
	return f.file(OpOpen, "open", path, f.under.OpenRead)
}

func (f *Faulty) file(op Op, name, path string, open func(string) (File, error)) (File, error) {
	if err := f.check(op, name, path); err != nil {
		return nil, err
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, fs: f, path: path}, nil
}

// Remove implements [FS].
func (f *Faulty) Remove(path string) error {
	if err := f.check(OpRemove, "remove", path); err != nil {
		return err
	}
	return f.under.Remove(path)
}

// Rename implements [FS].
func (f *Faulty) Rename(oldPath, newPath string) error {
	if err := f.check(OpRename, "rename", oldPath); err != nil {
		return err
	}
	return f.under.Rename(oldPath, newPath)
}

// List implements [FS].
func (f *Faulty) List(dir string) ([]string, error) {
	if err := f.check(OpList, "list", dir); err != nil {
		return nil, err
	}
	return f.under.List(dir)
}

// MkdirAll implements [FS].
func (f *Faulty) MkdirAll(dir string) error {
	if err := f.check(OpMkdir, "mkdir", dir); err != nil {
		return err
	}
	return f.under.MkdirAll(dir)
}

// SyncDir implements [FS].
func (f *Faulty) SyncDir(dir string) error {
	if err := f.check(OpSyncDir, "syncdir", dir); err != nil {
		return err
	}
	return f.under.SyncDir(dir)
}

// Lock implements [FS].
func (f *Faulty) Lock(path string) (io.Closer, error) {
	if err := f.check(OpLock, "lock", path); err != nil {
		return nil, err
	}
	return f.under.Lock(path)
}

// Size implements [FS].
func (f *Faulty) Size(path string) (int64, error) {
	if err := f.check(OpRead, "stat", path); err != nil {
		return 0, err
	}
	return f.under.Size(path)
}

type faultyFile struct {
	File
	fs   *Faulty
	path string
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.check(OpRead, "read", f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	short, err := f.fs.fails(OpWrite, "write", f.path)
	if err == nil {
		return f.File.WriteAt(p, off)
	}
	n := 0
	if short {
		n, _ = f.File.WriteAt(p[:len(p)/2], off) // it fails anyway; err says how
	}
	return n, err
}

func (f *faultyFile) Sync() error {
	if err := f.fs.check(OpSync, "sync", f.path); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.fs.check(OpTruncate, "truncate", f.path); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultyFile) Size() (int64, error) {
	if err := f.fs.check(OpRead, "stat", f.path); err != nil {
		return 0, err
	}
	return f.File.Size()
}
