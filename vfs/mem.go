package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Mem is a file system in memory that remembers, beside what programs see, what
// a disk would hold: see [Mem.Crash]. One seed and one sequence of calls give
// one outcome, bit for bit; it looks at no clock and no map order. It is safe
// for concurrent use.
type Mem struct {
	mu          sync.Mutex
	root        *memDir
	rng         *rand.Rand
	locks       map[string]bool
	life        int // open files of an earlier life are dead, see Kill
	tearSectors bool
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system whose crashes follow from seed.
func NewMem(seed uint64) *Mem {
	return &Mem{
		root:  newMemDir(),
		rng:   rand.New(rand.NewPCG(seed, 0x6d656d66735f7631)),
		locks: map[string]bool{},
	}
}

// TearSectors chooses whether a crash may also leave a 512-byte sector half old
// and half new. Without it each sector is one or the other.
func (m *Mem) TearSectors(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tearSectors = on
}

// Kill is what kill -9 does to the program: locks are let go and open files are
// dead (they return fs.ErrClosed), but nothing is lost; what was not synced is
// still seen, and is still not durable.
func (m *Mem) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.life++
	clear(m.locks)
}

// FailWriteback is what Linux does to a file when writing it back fails: the
// unsynced bytes of all files are still seen, but are taken for written. No Sync
// will write them, unless somebody writes them again first.
func (m *Mem) FailWriteback() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.failWriteback()
}

// memNode is a folder or a file.
type memNode interface {
	crashed(c *crash) memNode
	failWriteback()
}

// Create implements [FS].
func (m *Mem) Create(path string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, name, err := m.parent("create", path)
	if err != nil {
		return nil, err
	}
	if _, taken := dir.live[name]; taken {
		return nil, pathError("create", path, fs.ErrExist)
	}
	file := &memFile{}
	dir.change(entryChange{add: name, node: file})
	return m.handle(path, file, true), nil
}

// Open implements [FS].
func (m *Mem) Open(path string) (File, error) { return m.open(path, true) }

// OpenRead implements [FS].
func (m *Mem) OpenRead(path string) (File, error) { return m.open(path, false) }

func (m *Mem) open(path string, writable bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.file("open", path)
	if err != nil {
		return nil, err
	}
	return m.handle(path, file, writable), nil
}

// Remove implements [FS].
func (m *Mem) Remove(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.file("remove", path); err != nil {
		return err
	}
	dir, name, err := m.parent("remove", path)
	if err != nil {
		return err
	}
	dir.change(entryChange{remove: name})
	return nil
}

// Rename implements [FS].
func (m *Mem) Rename(oldPath, newPath string) error {
	if err := sameFolder(oldPath, newPath); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.file("rename", oldPath)
	if err != nil {
		return err
	}
	dir, name, err := m.parent("rename", oldPath)
	if err != nil {
		return err
	}
	dir.change(entryChange{remove: name, add: filepath.Base(newPath), node: file})
	return nil
}

// List implements [FS].
func (m *Mem) List(path string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, err := m.dir("list", path)
	if err != nil {
		return nil, err
	}
	return sortedNames(dir.live), nil
}

// MkdirAll implements [FS].
func (m *Mem) MkdirAll(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir := m.root
	for _, name := range splitPath(path) {
		node, found := dir.live[name]
		if !found {
			node = newMemDir()
			dir.live[name], dir.durable[name] = node, node
		}
		next, ok := node.(*memDir)
		if !ok {
			return pathError("mkdir", path, fs.ErrExist)
		}
		dir = next
	}
	return nil
}

// SyncDir implements [FS].
func (m *Mem) SyncDir(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, err := m.dir("syncdir", path)
	if err != nil {
		return err
	}
	dir.sync()
	return nil
}

// Lock implements [FS].
func (m *Mem) Lock(path string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, name, err := m.parent("lock", path)
	if err != nil {
		return nil, err
	}
	if m.locks[path] {
		return nil, fmt.Errorf("vfs: lock %s: %w", path, ErrLocked)
	}
	if _, found := dir.live[name]; !found {
		dir.change(entryChange{add: name, node: &memFile{}})
	}
	m.locks[path] = true
	return &memLock{fs: m, path: path, life: m.life}, nil
}

// Size implements [FS].
func (m *Mem) Size(path string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := m.file("stat", path)
	if err != nil {
		return 0, err
	}
	return int64(len(file.live)), nil
}

type memLock struct {
	fs   *Mem
	path string
	life int
}

// Close lets the lock go, unless it was taken in an earlier life.
func (l *memLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	if l.life == l.fs.life {
		delete(l.fs.locks, l.path)
	}
	return nil
}

// parent finds the folder of path, and path's name in it.
func (m *Mem) parent(op, path string) (*memDir, string, error) {
	dir, err := m.dir(op, filepath.Dir(path))
	return dir, filepath.Base(path), err
}

func (m *Mem) dir(op, path string) (*memDir, error) {
	dir := m.root
	for _, name := range splitPath(path) {
		next, ok := dir.live[name].(*memDir)
		if !ok {
			return nil, pathError(op, path, fs.ErrNotExist)
		}
		dir = next
	}
	return dir, nil
}

func (m *Mem) file(op, path string) (*memFile, error) {
	dir, name, err := m.parent(op, path)
	if err != nil {
		return nil, err
	}
	file, ok := dir.live[name].(*memFile)
	if !ok {
		return nil, pathError(op, path, fs.ErrNotExist)
	}
	return file, nil
}

func splitPath(path string) []string {
	return slices.DeleteFunc(strings.Split(filepath.Clean(path), string(filepath.Separator)),
		func(name string) bool { return name == "" || name == "." })
}

func pathError(op, path string, err error) error {
	return &fs.PathError{Op: op, Path: path, Err: err}
}
