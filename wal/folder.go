package wal

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"paxos/vfs"
)

// The kinds of file in the log's folder, told by the end of their names; before
// it stands a segment number in 16 hex digits. Other names are left alone.
const (
	kindSegment = ".wal"   // a segment
	kindSpare   = ".spare" // a file to make a segment of; the number is the one it had
	kindNew     = ".new"   // being filled with zeros
	lockName    = "lock"
)

// entry is a file in the log's folder.
type entry struct {
	id   uint64
	size int64
}

func filePath(dir string, id uint64, kind string) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", id, kind))
}

// folder is what the log's folder holds, each kind in ascending order.
type folder struct {
	segments []entry
	spares   []entry
	news     []entry
}

func readFolder(fsys vfs.FS, dir string) (folder, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return folder{}, fmt.Errorf("wal: list %s: %w", dir, err)
	}
	var f folder
	for _, name := range names {
		id, kind, ok := parseName(name)
		if !ok {
			continue
		}
		size, err := fsys.Size(filepath.Join(dir, name))
		if err != nil {
			return folder{}, fmt.Errorf("wal: size of %s: %w", filepath.Join(dir, name), err)
		}
		list := f.list(kind)
		*list = append(*list, entry{id: id, size: size})
	}
	return f, nil
}

func (f *folder) list(kind string) *[]entry {
	switch kind {
	case kindSegment:
		return &f.segments
	case kindSpare:
		return &f.spares
	}
	return &f.news
}

func parseName(name string) (id uint64, kind string, ok bool) {
	kind = filepath.Ext(name)
	digits := strings.TrimSuffix(name, kind)
	if len(digits) != 16 || kind != kindSegment && kind != kindSpare && kind != kindNew {
		return 0, "", false
	}
	id, err := strconv.ParseUint(digits, 16, 64)
	return id, kind, err == nil && fmt.Sprintf("%016x", id) == digits
}

// splitAt parts the segments into those wholly before the segment first and the
// others, which must begin with it and have no gap.
func (f *folder) splitAt(dir string, from Position) (before, needed []entry, err error) {
	first := max(from.Segment, 1)
	i := 0
	for i < len(f.segments) && f.segments[i].id < first {
		i++
	}
	before, needed = f.segments[:i], f.segments[i:]
	if len(f.segments) == 0 && from.IsZero() {
		return nil, nil, nil
	}
	if len(needed) == 0 {
		return nil, nil, corrupt(filePath(dir, first, kindSegment), 0,
			"the segment is missing: the log ends before %v, where reading begins", from)
	}
	for i, e := range needed {
		if want := first + uint64(i); e.id != want {
			return nil, nil, corrupt(filePath(dir, want, kindSegment), 0,
				"the segment is missing, but segment %d is there", e.id)
		}
	}
	return before, needed, nil
}
