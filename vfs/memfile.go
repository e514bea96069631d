package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// memFile is the content of a file: the bytes that programs see, the bytes on
// the disk, and the writes that lead from these to those.
type memFile struct {
	live    []byte
	durable []byte
	pending []fileChange
	written []byte // what pending's writes hold, the latest of it: memory that is used again
}

// keepWritten bounds the memory that a file keeps for writes to come, in bytes.
const keepWritten = 64 << 10

// fileChange is a write of data at off, or, where data is nil, a change of the
// size to off.
type fileChange struct {
	off  int64
	data []byte
}

// sizeAfter returns the size of a file of size bytes after c.
func (c fileChange) sizeAfter(size int64) int64 {
	if c.data == nil {
		return c.off
	}
	return max(size, c.off+int64(len(c.data)))
}

func (c fileChange) apply(content []byte) []byte {
	content = resize(content, c.sizeAfter(int64(len(content))))
	copy(content[c.off:], c.data)
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

func (f *memFile) change(c fileChange) {
	f.live = c.apply(f.live)
	f.pending = append(f.pending, c)
}

// write notes a write of a copy of p. Earlier copies stay where they are when
// there is no more room behind them.
func (f *memFile) write(off int64, p []byte) {
	start := len(f.written)
	f.written = append(f.written, p...)
	f.change(fileChange{off: off, data: f.written[start:len(f.written):len(f.written)]})
}

func (f *memFile) sync() {
	for _, c := range f.pending {
		f.durable = c.apply(f.durable)
	}
	f.settled()
}

// settled is called when nothing is pending any more.
func (f *memFile) settled() {
	clear(f.pending)
	f.pending, f.written = f.pending[:0], f.written[:0]
	if cap(f.written) > keepWritten {
		f.pending, f.written = nil, nil
	}
}

// failWriteback keeps the size, which is metadata.
func (f *memFile) failWriteback() {
	f.durable = resize(f.durable, int64(len(f.live)))
	f.settled()
}

// memHandle is an open file.
type memHandle struct {
	fs       *Mem
	path     string
	file     *memFile
	writable bool
	life     int
	closed   bool
}

func (m *Mem) handle(path string, file *memFile, writable bool) *memHandle {
	return &memHandle{fs: m, path: path, file: file, writable: writable, life: m.life}
}

// enter takes the file system's lock and checks that the handle may be used.
func (h *memHandle) enter(op string, writes bool) error {
	h.fs.mu.Lock()
	switch {
	case h.closed || h.life != h.fs.life:
		return pathError(op, h.path, fs.ErrClosed)
	case writes && !h.writable:
		return pathError(op, h.path, fs.ErrPermission)
	}
	return nil
}

func (h *memHandle) leave() { h.fs.mu.Unlock() }

func (h *memHandle) ReadAt(p []byte, off int64) (int, error) {
	defer h.leave()
	if err := h.enter("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("read", h.path, fmt.Errorf("offset %d: %w", off, fs.ErrInvalid))
	}
	if off >= int64(len(h.file.live)) {
		return 0, io.EOF
	}
	n := copy(p, h.file.live[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *memHandle) WriteAt(p []byte, off int64) (int, error) {
	defer h.leave()
	if err := h.enter("write", true); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("write", h.path, fmt.Errorf("offset %d: %w", off, fs.ErrInvalid))
	}
	if len(p) > 0 {
		h.file.write(off, p)
	}
	return len(p), nil
}

func (h *memHandle) Sync() error {
	defer h.leave()
	if err := h.enter("sync", false); err != nil {
		return err
	}
	h.file.sync()
	return nil
}

func (h *memHandle) Truncate(size int64) error {
	defer h.leave()
	if err := h.enter("truncate", true); err != nil {
		return err
	}
	if size < 0 {
		return pathError("truncate", h.path, errors.New("negative size"))
	}
	h.file.change(fileChange{off: size})
	return nil
}

func (h *memHandle) Size() (int64, error) {
	defer h.leave()
	if err := h.enter("stat", false); err != nil {
		return 0, err
	}
	return int64(len(h.file.live)), nil
}

func (h *memHandle) Close() error {
	defer h.leave()
	if err := h.enter("close", false); err != nil {
		return err
	}
	h.closed = true
	return nil
}
