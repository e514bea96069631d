package wal

import (
	"fmt"
	"io"
	"path/filepath"

	"paxos/vfs"
)

// segment is an open segment file.
type segment struct {
	id   uint64
	path string
	file vfs.File
	size int64
}

// hasRoom reports whether a batch whose records take so many bytes fits in at
// off, with its marker and, behind it, the marker of a clean close.
func (s *segment) hasRoom(off int64, records int) bool {
	return off+int64(records)+2*markerBytes <= s.size
}

// zeros is what new segments are filled with, piece by piece.
var zeros [blockBytes]byte

// makeSegment makes the file of segment id, out of a spare one where there is
// one, and opens it. It is under its name only when all of it is durable; see
// the life of a segment in docs/wal.md.
func (l *Log) makeSegment(id uint64) (*segment, error) {
	from, file, err := l.rawFile(id)
	if err != nil {
		return nil, err
	}
	s := &segment{id: id, path: filePath(l.dir, id, kindSegment), file: file, size: l.segmentBytes}
	if err := l.nameSegment(s, from); err != nil {
		_ = file.Close() // err is what matters
		return nil, err
	}
	return s, nil
}

// nameSegment turns the file that is named from into segment s.
func (l *Log) nameSegment(s *segment, from string) error {
	if filepath.Ext(from) == kindNew {
		if err := fillZeros(s.file, from, 0, s.size); err != nil {
			return err
		}
	}
	h := header{segment: s.id, logID: l.logID, size: s.size}
	if _, err := s.file.WriteAt(h.encode(), 0); err != nil {
		return fmt.Errorf("wal: write header of %s: %w", from, err)
	}
	if err := l.sync(s.file, from); err != nil {
		return err
	}
	if err := l.fs.Rename(from, s.path); err != nil {
		return fmt.Errorf("wal: rename %s to %s: %w", from, s.path, err)
	}
	return l.syncDir()
}

// rawFile returns the latest spare, or a new file, still empty. What a spare
// holds is of no account: no frame in it is valid under another segment number.
func (l *Log) rawFile(id uint64) (path string, file vfs.File, err error) {
	if n := len(l.spares); n > 0 {
		path = filePath(l.dir, l.spares[n-1].id, kindSpare)
		if file, err = l.fs.Open(path); err != nil {
			return "", nil, fmt.Errorf("wal: open %s: %w", path, err)
		}
		l.spares = l.spares[:n-1]
		return path, file, nil
	}
	path = filePath(l.dir, id, kindNew)
	if file, err = l.fs.Create(path); err != nil {
		return "", nil, fmt.Errorf("wal: create %s: %w", path, err)
	}
	return path, file, nil
}

func fillZeros(file vfs.File, path string, from, to int64) error {
	for off := from; off < to; {
		n, err := file.WriteAt(zeros[:min(to-off, blockBytes)], off)
		if err != nil {
			return fmt.Errorf("wal: fill %s with zeros at %d: %w", path, off, err)
		}
		off += int64(n)
	}
	return nil
}

// openSegment opens segment id and checks its header. logID 0 means any.
func openSegment(path string, id, logID uint64, open func(string) (vfs.File, error)) (*segment, header, error) {
	file, err := open(path)
	if err != nil {
		return nil, header{}, fmt.Errorf("wal: open %s: %w", path, err)
	}
	h, err := readHeader(file, path, id, logID)
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, header{}, err
	}
	return &segment{id: id, path: path, file: file, size: h.size}, h, nil
}

func readHeader(file vfs.File, path string, id, logID uint64) (header, error) {
	buf := make([]byte, headerBytes)
	n, err := file.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return header{}, fmt.Errorf("wal: read header of %s: %w", path, err)
	}
	h, err := decodeHeader(buf[:n])
	if err != nil {
		return header{}, corrupt(path, 0, "%v", err)
	}
	size, err := file.Size()
	if err != nil {
		return header{}, fmt.Errorf("wal: size of %s: %w", path, err)
	}
	switch {
	case h.segment != id:
		return header{}, corrupt(path, 0, "the header is that of segment %d", h.segment)
	case logID != 0 && h.logID != logID:
		return header{}, corrupt(path, 0, "the segment belongs to log %016x, not %016x", h.logID, logID)
	case h.size != size:
		return header{}, corrupt(path, 0, "the file has %d bytes, the header says %d", size, h.size)
	}
	return h, nil
}
