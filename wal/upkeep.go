package wal

import (
	"fmt"
	"slices"
)

// Prepare makes the next segment ahead of need, so that Commit only has to go
// over to it: out of a spare file, or else of a new one, filled with zeros. It
// does nothing where one is ready, or where nothing was ever committed (a log that
// is never written to has no big files). Call it from a goroutine of your own,
// after a Commit whose end lies in a new segment; if it comes too late, Commit does
// the work itself. An error is final for the log.
func (l *Log) Prepare() error {
	l.upkeepMu.Lock()
	defer l.upkeepMu.Unlock()
	if err := l.usable(); err != nil {
		return err
	}
	if len(l.segments) == 0 || l.isReady() {
		return nil
	}
	if err := l.addSegment(); err != nil {
		return l.fail(err)
	}
	return nil
}

// nextSegment takes the segment that is ready, or makes one.
func (l *Log) nextSegment() (*segment, error) {
	if s := l.takeReady(); s != nil {
		return s, nil
	}
	l.upkeepMu.Lock() // waits for a Prepare that is under way
	defer l.upkeepMu.Unlock()
	if s := l.takeReady(); s != nil {
		return s, nil
	}
	if err := l.usable(); err != nil {
		return nil, err
	}
	if err := l.addSegment(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.stats.Inline++
	l.mu.Unlock()
	return l.takeReady(), nil
}

// addSegment makes the next segment ready. The caller holds upkeepMu.
func (l *Log) addSegment() error {
	id, spares := uint64(1), len(l.spares)
	if n := len(l.segments); n > 0 {
		id = l.segments[n-1].id + 1
	}
	s, err := l.makeSegment(id)
	if err != nil {
		return err
	}
	l.segments = append(l.segments, entry{id: id, size: s.size})
	l.mu.Lock()
	l.ready = append(l.ready, s)
	if len(l.spares) < spares {
		l.stats.Recycled++
	} else {
		l.stats.Created++
	}
	l.mu.Unlock()
	l.countFiles()
	return nil
}

func (l *Log) isReady() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ready) > 0
}

func (l *Log) takeReady() *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) == 0 {
		return nil
	}
	s := l.ready[0]
	l.ready = slices.Delete(l.ready, 0, 1)
	return s
}

// DropBefore says that nothing before p will be read again: p must be durably
// noted where the caller will find it when it opens the log the next time. Segments wholly before p
// are kept as spare files or removed. It may be called while another goroutine
// commits. A p beyond the end of the log is refused; any other error is final.
func (l *Log) DropBefore(p Position) error {
	l.upkeepMu.Lock()
	defer l.upkeepMu.Unlock()
	if err := l.usable(); err != nil {
		return err
	}
	if end := l.End(); end.Less(p) {
		return fmt.Errorf("wal: drop before %v: the log ends at %v", p, end)
	}
	n := 0
	for n < len(l.segments) && l.segments[n].id < p.Segment {
		n++
	}
	if n == 0 {
		return nil
	}
	if err := l.retire(l.segments[:n]); err != nil {
		return l.fail(err)
	}
	l.segments = slices.Delete(l.segments, 0, n)
	l.countFiles()
	return nil
}

// retire makes spare files of segments, or removes them. Their old names are gone
// for good before anything is written into them.
func (l *Log) retire(old []entry) error {
	spares := l.spares
	for _, e := range old {
		path := filePath(l.dir, e.id, kindSegment)
		if len(spares) >= l.keepRecycled || e.size != l.segmentBytes {
			if err := l.fs.Remove(path); err != nil {
				return fmt.Errorf("wal: remove %s: %w", path, err)
			}
			continue
		}
		if err := l.fs.Rename(path, filePath(l.dir, e.id, kindSpare)); err != nil {
			return fmt.Errorf("wal: rename %s to a spare: %w", path, err)
		}
		spares = append(spares, e)
	}
	if err := l.syncDir(); err != nil {
		return err
	}
	l.spares = spares
	return nil
}

// tidy leaves the folder as the life of a segment has it, whatever a crash left:
// half-filled files go, and so do spares that are too many or of another size;
// segments from before the beginning of reading are retired. It syncs the folder
// in any case: what an earlier process renamed may not be durable yet.
func (l *Log) tidy(f folder, before []entry) error {
	for _, e := range f.news {
		if err := l.fs.Remove(filePath(l.dir, e.id, kindNew)); err != nil {
			return fmt.Errorf("wal: remove %s: %w", filePath(l.dir, e.id, kindNew), err)
		}
	}
	for _, e := range f.spares {
		if e.size == l.segmentBytes && len(l.spares) < l.keepRecycled {
			l.spares = append(l.spares, e)
			continue
		}
		if err := l.fs.Remove(filePath(l.dir, e.id, kindSpare)); err != nil {
			return fmt.Errorf("wal: remove %s: %w", filePath(l.dir, e.id, kindSpare), err)
		}
	}
	return l.retire(before)
}
