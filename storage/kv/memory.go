package kv

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Memory is a disk full of databases that are kept in memory. What it does
// follows from the calls alone. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	files map[string]*memoryFile
}

// memoryFile is what of one database is committed.
type memoryFile struct {
	buckets map[Bucket]map[string][]byte
	open    *memoryDB // who has it open
}

// NewMemory returns an empty disk.
func NewMemory() *Memory { return &Memory{files: map[string]*memoryFile{}} }

// Open is an [Opener].
func (m *Memory) Open(path string, create bool) (DB, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file := m.files[path]
	switch {
	case file == nil && !create:
		return nil, fmt.Errorf("%w: %s", ErrAbsent, path)
	case file == nil:
		file = &memoryFile{buckets: map[Bucket]map[string][]byte{}}
		m.files[path] = file
	case file.open != nil:
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	file.open = &memoryDB{path: path, file: file}
	return file.open, nil
}

// Crash returns the disk as it is found after the power failed now: every
// database as of its last commit, open nowhere. The disk itself, and who has
// databases open on it, go on unaware.
func (m *Memory) Crash() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := NewMemory()
	for path, file := range m.files { // order does not matter
		after.files[path] = file.crashed()
	}
	return after
}

func (f *memoryFile) crashed() *memoryFile {
	if f.open != nil {
		f.open.mu.RLock()
		defer f.open.mu.RUnlock()
	}
	after := &memoryFile{buckets: map[Bucket]map[string][]byte{}}
	for b, keys := range f.buckets { // order does not matter
		after.buckets[b] = maps.Clone(keys)
	}
	return after
}

// Kill is what kill -9 does to the program: whoever has a database open finds
// it closed. No Update may be running.
func (m *Memory) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, file := range m.files { // order does not matter
		if file.open != nil {
			_ = file.open.Close() // it cannot fail
		}
	}
}

// Damage changes one committed value behind everybody's back, for tests. It
// reports whether the key was there; a nil result removes the key.
func (m *Memory) Damage(path string, b Bucket, key []byte, damage func(value []byte) []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	file := m.files[path]
	if file == nil {
		return false
	}
	value, found := file.buckets[b][string(key)]
	if !found {
		return false
	}
	if value = damage(slices.Clone(value)); value == nil {
		delete(file.buckets[b], string(key))
	} else {
		file.buckets[b][string(key)] = value
	}
	return true
}

// Remove deletes a database, for tests.
func (m *Memory) Remove(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, path)
}

type memoryDB struct {
	path   string
	file   *memoryFile
	mu     sync.RWMutex // held for reading by views, for writing by a commit
	writer sync.Mutex   // one Update at a time
	closed bool
}

func (d *memoryDB) View(read func(Tx) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return fmt.Errorf("%w: %s", ErrClosed, d.path)
	}
	return read(&memoryTx{file: d.file})
}

func (d *memoryDB) Update(change func(Tx) error) error {
	d.writer.Lock()
	defer d.writer.Unlock()
	tx := &memoryTx{file: d.file, changes: map[Bucket]*bucketChange{}}
	if err := d.run(change, tx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("%w: %s", ErrClosed, d.path)
	}
	for b, c := range tx.changes { // order does not matter
		c.apply(d.file, b)
	}
	return nil
}

func (d *memoryDB) run(change func(Tx) error, tx *memoryTx) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return fmt.Errorf("%w: %s", ErrClosed, d.path)
	}
	return change(tx)
}

// Size implements [DB]: the sum of what keys and values take.
func (d *memoryDB) Size() (int64, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	size := 0
	for _, keys := range d.file.buckets { // order does not matter
		for key, value := range keys {
			size += len(key) + len(value)
		}
	}
	return int64(size), nil
}

func (d *memoryDB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed, d.file.open = true, nil
	}
	return nil
}

// memoryTx sees a file through what it changed, which is committed at the end: so
// a transaction costs as much as it changes, however much the file holds.
type memoryTx struct {
	file    *memoryFile
	changes map[Bucket]*bucketChange // nil in a View
}

// bucketChange is what a transaction changed in one bucket.
type bucketChange struct {
	cleared bool              // first of all
	values  map[string][]byte // nil: deleted
}

// apply commits the change. No view is open on the file.
func (c *bucketChange) apply(file *memoryFile, b Bucket) {
	keys := file.buckets[b]
	if keys == nil {
		keys = map[string][]byte{}
		file.buckets[b] = keys
	}
	if c.cleared {
		clear(keys)
	}
	for key, value := range c.values { // order does not matter
		if value == nil {
			delete(keys, key)
		} else {
			keys[key] = value
		}
	}
}

func (t *memoryTx) changing(b Bucket) *bucketChange {
	if t.changes == nil {
		panic("kv: change in a View")
	}
	c := t.changes[b]
	if c == nil {
		c = &bucketChange{values: map[string][]byte{}}
		t.changes[b] = c
	}
	return c
}

func (t *memoryTx) Get(b Bucket, key []byte) []byte {
	if c := t.changes[b]; c != nil {
		if value, changed := c.values[string(key)]; changed || c.cleared {
			return value
		}
	}
	return t.file.buckets[b][string(key)]
}

func (t *memoryTx) Each(b Bucket, from []byte, do func(key, value []byte) error) error {
	for _, key := range t.keys(b) {
		if key < string(from) {
			continue
		}
		if err := do([]byte(key), t.Get(b, []byte(key))); err != nil {
			return err
		}
	}
	return nil
}

func (t *memoryTx) Keys(b Bucket, from []byte, do func(key []byte) error) error {
	return t.Each(b, from, func(key, _ []byte) error { return do(key) })
}

// keys are those of a bucket, ascending, as the transaction sees it.
func (t *memoryTx) keys(b Bucket) []string {
	var keys []string
	c := t.changes[b]
	if c == nil || !c.cleared {
		keys = slices.Collect(maps.Keys(t.file.buckets[b]))
	}
	if c != nil {
		keys = slices.AppendSeq(keys, maps.Keys(c.values))
		keys = slices.DeleteFunc(keys, func(key string) bool { return t.Get(b, []byte(key)) == nil })
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (t *memoryTx) Put(b Bucket, key, value []byte) error {
	t.changing(b).values[string(key)] = append([]byte{}, value...)
	return nil
}

func (t *memoryTx) Delete(b Bucket, key []byte) error {
	t.changing(b).values[string(key)] = nil
	return nil
}

func (t *memoryTx) Clear(b Bucket) error {
	c := t.changing(b)
	c.cleared = true
	clear(c.values)
	return nil
}
