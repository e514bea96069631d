package wal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"paxos/vfs"
)

// Defaults and limits of [Options].
const (
	DefaultSegmentBytes = 16 << 20
	MinSegmentBytes     = 1 << 10
	MaxSegmentBytes     = 1 << 30
	DefaultKeepRecycled = 4
)

// Options say where a log is and how it is laid out.
type Options struct {
	// FS is the file system; vfs.OS{} if nil.
	FS vfs.FS
	// Dir is the log's own folder. Open makes it.
	Dir string
	// LogID tells this log from all others: choose it at random when a store is
	// formatted, and keep it. A log with another ID is refused. Not 0.
	LogID uint64
	// SegmentBytes is the size of new segment files: a multiple of 512 from
	// MinSegmentBytes to MaxSegmentBytes; 0 means DefaultSegmentBytes. It limits a
	// batch (see Log.MaxBatchBytes). Segments of another size remain readable.
	SegmentBytes int64
	// KeepRecycled is how many dropped segment files are kept for new segments;
	// 0 means DefaultKeepRecycled, below 0 none. A log that drops n segments at a
	// time wants n.
	KeepRecycled int
	// Sync, if not nil, is called to sync a file, in the place of File.Sync, which it
	// must call itself: so that its owner can see how long that takes.
	Sync func(vfs.File) error
}

func (o Options) withDefaults() (Options, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.KeepRecycled == 0 {
		o.KeepRecycled = DefaultKeepRecycled
	}
	if o.Sync == nil {
		o.Sync = vfs.File.Sync
	}
	switch {
	case o.Dir == "":
		return o, errors.New("wal: no folder named")
	case o.LogID == 0:
		return o, errors.New("wal: no log ID given")
	case o.SegmentBytes < MinSegmentBytes || o.SegmentBytes > MaxSegmentBytes || o.SegmentBytes%512 != 0:
		return o, fmt.Errorf("wal: segments of %d bytes: want a multiple of 512 from %d to %d",
			o.SegmentBytes, MinSegmentBytes, MaxSegmentBytes)
	}
	return o, nil
}

// Log is an open log. Commit and Close may be called while another goroutine
// calls Prepare or DropBefore; End and Stats at any time.
type Log struct {
	fs           vfs.FS
	dir          string
	logID        uint64
	segmentBytes int64
	keepRecycled int
	syncFile     func(vfs.File) error
	lock         io.Closer

	// commitMu is held by Commit and Close. It guards where the next batch goes.
	commitMu sync.Mutex
	active   *segment // nil before the first batch
	off      int64    // of the next batch
	seq      uint64   // of the next batch
	clean    bool     // nothing follows the marker of a clean close
	closing  Batch    // stays without records

	// upkeepMu is held by whoever makes, renames or removes files. It guards
	// what the folder holds. Take it after commitMu.
	upkeepMu sync.Mutex
	segments []entry // ascending, no gap
	spares   []entry

	// mu is held for moments only, never during an operation on a file.
	mu    sync.Mutex
	err   error      // the first one, final
	ready []*segment // prepared, to follow the active one
	end   Position
	stats Stats
}

// Commit writes the batch and syncs it, with one write and one fdatasync. When it
// returns nil everything in the batch is durable; end is the position behind it,
// fit for Open and DropBefore. An empty batch takes no operation at all.
//
// ErrTooLarge leaves the log as it was. Any other error is final, and nobody
// knows whether the batch is on the disk: the log may be opened again to find out.
func (l *Log) Commit(b *Batch) (end Position, err error) {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.usable(); err != nil {
		return Position{}, err
	}
	if err := b.check(l.MaxBatchBytes()); err != nil {
		return Position{}, err
	}
	if b.Len() == 0 {
		return l.End(), nil
	}
	if err := l.makeRoom(b.Bytes()); err != nil {
		return Position{}, l.fail(err)
	}
	return l.write(b, typeCommit)
}

// MaxBatchBytes is the limit for Batch.Bytes: a batch lies in one segment, and is
// not split, because it is the unit that a crash keeps or loses.
func (l *Log) MaxBatchBytes() int64 { return l.segmentBytes - headerBytes - 2*markerBytes }

// write writes the batch at the end of the active segment, whose blocks were all
// written before: no size, name or allocation changes, so one fdatasync of the
// data is all that the disk is asked for.
func (l *Log) write(b *Batch, typ uint8) (Position, error) {
	records := b.Len()
	frames := b.seal(typ, l.seq, l.logID, Position{l.active.id, l.off})
	if _, err := l.active.file.WriteAt(frames, l.off); err != nil {
		return Position{}, l.fail(fmt.Errorf("wal: write batch %d to %s at %d: %w", l.seq, l.active.path, l.off, err))
	}
	if err := l.sync(l.active.file, l.active.path); err != nil {
		return Position{}, l.fail(err)
	}
	l.off += int64(len(frames))
	l.seq++
	l.clean = typ == typeClose

	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = Position{l.active.id, l.off}
	l.stats.Commits++
	l.stats.Records += uint64(records)
	l.stats.Bytes += uint64(len(frames))
	return l.end, nil
}

// makeRoom makes sure that so many bytes of records fit into the active segment,
// by going on to the next one if they do not. A segment left from a time with
// another segment size may be too small, and is then passed over.
func (l *Log) makeRoom(records int) error {
	for l.active == nil || !l.active.hasRoom(l.off, records) {
		next, err := l.nextSegment()
		if err != nil {
			return err
		}
		if l.active != nil {
			if err := l.active.file.Close(); err != nil {
				return fmt.Errorf("wal: close %s: %w", l.active.path, err)
			}
		}
		l.active, l.off = next, headerBytes
	}
	return nil
}

// End returns the position behind the last batch that is durable; the zero
// Position while there is none.
func (l *Log) End() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// Close ends the log with a marker that leaves no doubt about its tail, unless it
// has failed before, and lets the folder go. It returns the log's first error.
func (l *Log) Close() error {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	l.upkeepMu.Lock()
	defer l.upkeepMu.Unlock()
	if err := l.usable(); errors.Is(err, ErrClosed) {
		return err
	}
	if l.usable() == nil && l.active != nil && !l.clean {
		_, _ = l.write(&l.closing, typeClose) // the error is kept, and returned below
	}
	first := l.usable()
	for _, err := range []error{l.closeFiles(), l.lock.Close()} {
		if first == nil && err != nil {
			first = fmt.Errorf("wal: close %s: %w", l.dir, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = ErrClosed
	return first
}

func (l *Log) closeFiles() error {
	l.mu.Lock()
	open := l.ready
	l.ready = nil
	l.mu.Unlock()
	if l.active != nil {
		open = append(open, l.active)
	}
	return closeSegments(open)
}

func closeSegments(open []*segment) error {
	var first error
	for _, s := range open {
		if err := s.file.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// usable returns the log's first error.
func (l *Log) usable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// fail makes err the end of the log, unless it has ended already, and returns
// what ended it (safety rule 9).
func (l *Log) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	return l.err
}

// sync is the only place that syncs a file.
func (l *Log) sync(file vfs.File, path string) error {
	l.mu.Lock()
	l.stats.Syncs++
	l.mu.Unlock()
	if err := l.syncFile(file); err != nil {
		return fmt.Errorf("wal: sync %s: %w", path, err)
	}
	return nil
}

func (l *Log) syncDir() error {
	if err := l.fs.SyncDir(l.dir); err != nil {
		return fmt.Errorf("wal: sync folder %s: %w", l.dir, err)
	}
	return nil
}

func (l *Log) lockPath() string { return filepath.Join(l.dir, lockName) }
