package wal

import (
	"fmt"

	"paxos/vfs"
)

// Replay is called for every record, in the order in which they were committed;
// at is where the record stands. payload is valid during the call only.
type Replay func(at Position, typ uint8, payload []byte) error

// Report tells what Open found.
type Report struct {
	End      Position // of the log: the next batch goes behind it; zero if there never was one
	Batches  uint64   // replayed, clean closes included
	Records  uint64   // replayed
	Bytes    int64    // replayed, markers included
	Segments int      // read
	Clean    bool     // the log was closed in order, and not written to since
	Torn     bool     // pieces of a batch that was never acknowledged were cut
	Cut      int64    // bytes cleared behind the end: such pieces, or an earlier use of the file
}

// Open opens the log in o.Dir, or begins one there, and replays all records from
// from on, which is the zero Position or one that Commit or Report gave. It takes
// a lock on the folder (vfs.ErrLocked if somebody has it).
//
// What it does with what it finds is the table in docs/wal.md: a torn last batch
// was never acknowledged and is cut; damage before something that was committed
// later is an ErrCorrupt that names file and offset, and nothing on the disk is
// changed. Since the log is read once, replay may have been called before the damage was found;
// after an error of Open the caller forgets what it was given. An error of
// replay ends Open, too.
//
// When Open returns nil, everything replayed is durable, and nothing that was cut
// can come back.
func Open(o Options, from Position, replay Replay) (*Log, Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, Report{}, err
	}
	l := &Log{
		fs: o.FS, dir: o.Dir, logID: o.LogID,
		segmentBytes: o.SegmentBytes, keepRecycled: o.KeepRecycled, syncFile: o.Sync, seq: 1,
	}
	if err := l.fs.MkdirAll(l.dir); err != nil {
		return nil, Report{}, fmt.Errorf("wal: make folder %s: %w", l.dir, err)
	}
	if l.lock, err = l.fs.Lock(l.lockPath()); err != nil {
		return nil, Report{}, fmt.Errorf("wal: lock %s: %w", l.dir, err)
	}
	report, err := l.recover(from, replay)
	if err != nil {
		_ = l.lock.Close() // err is what matters
		return nil, Report{}, err
	}
	return l, report, nil
}

// recover replays, judges what it could not replay, and only then changes the
// disk.
func (l *Log) recover(from Position, replay Replay) (Report, error) {
	f, err := readFolder(l.fs, l.dir)
	if err != nil {
		return Report{}, err
	}
	before, needed, err := f.splitAt(l.dir, from)
	if err != nil {
		return Report{}, err
	}
	rc := &recovery{log: l, openFile: l.fs.Open, replay: replay, seq: 1}
	err = rc.run(needed, from)
	if err == nil {
		err = rc.settle()
	}
	if err != nil {
		_ = closeSegments(rc.open) // err is what matters
		return Report{}, err
	}
	if err := l.tidy(f, before); err != nil {
		_ = closeSegments(rc.open) // err is what matters
		return Report{}, err
	}
	l.takeOver(rc, needed)
	return rc.report, nil
}

// takeOver makes the log go on where recovery found its end.
func (l *Log) takeOver(rc *recovery, segments []entry) {
	l.segments = append([]entry(nil), segments...)
	l.seq, l.clean = rc.seq, rc.report.Clean
	if len(rc.open) > 0 {
		l.active, l.off = rc.open[0], rc.tail
		l.ready = append([]*segment(nil), rc.open[1:]...)
		l.end = rc.report.End
	}
	l.countFiles()
}

// recovery is one walk over the log.
type recovery struct {
	log      *Log
	openFile func(path string) (vfs.File, error)
	replay   Replay
	reader   reader
	report   Report

	seq  uint64     // of the next batch
	tail int64      // where it belongs, in open[0]
	last batch      // the one before it, if it was found by this walk
	open []*segment // the one with the tail, and those after it
	// stops says, for each open segment, where in it no batch follows.
	stops []stop
}

// run replays the log and judges what it could not replay. It only reads.
func (rc *recovery) run(segments []entry, from Position) error {
	for _, e := range segments {
		if err := rc.segment(e.id, from); err != nil {
			return err
		}
	}
	return rc.refuseDamage(len(rc.open))
}

// segment replays the batches of one segment, if the log goes on in it.
func (rc *recovery) segment(id uint64, from Position) error {
	l := rc.log
	s, _, err := openSegment(filePath(l.dir, id, kindSegment), id, l.logID, rc.openFile)
	if err != nil {
		return err
	}
	rc.open = append(rc.open, s)
	rc.report.Segments++
	rc.reader.reset(s, l.logID)
	off := int64(headerBytes)
	if len(rc.open) == 1 && rc.report.Segments == 1 {
		if off, err = rc.begin(from); err != nil {
			return err
		}
	}
	return rc.batches(off)
}

// begin finds out which batch is the first to be replayed, and where it belongs.
func (rc *recovery) begin(from Position) (int64, error) {
	rc.tail = headerBytes
	if from.IsZero() {
		return rc.tail, nil
	}
	m, closes, ok, err := rc.reader.markerAt(from.Offset - markerBytes)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, corrupt(rc.reader.path, from.Offset, "reading begins here, but no batch ends here")
	}
	rc.seq, rc.tail = m.seq+1, from.Offset
	rc.report.Clean, rc.report.End = closes, from
	return rc.tail, nil
}

// batches replays batches from off on until one is missing.
func (rc *recovery) batches(off int64) error {
	for {
		b, st, err := rc.reader.batch(off, rc.seq)
		if err != nil {
			return err
		}
		if st != nil {
			rc.stops = append(rc.stops, *st)
			return nil
		}
		if err := rc.deliver(b); err != nil {
			return err
		}
		if err := rc.moveTail(b); err != nil {
			return err
		}
		off = b.end
	}
}

// deliver hands the records of a batch that was found valid to the caller.
func (rc *recovery) deliver(b batch) error {
	off := b.start
	for range b.records {
		f, err := rc.reader.frame(off)
		if err != nil {
			return err
		}
		if !f.valid() {
			return corrupt(rc.reader.path, off, "read twice, and different the second time: %s", f.fault)
		}
		at := Position{rc.reader.id, off}
		if err := rc.replay(at, f.typ, f.payload); err != nil {
			return fmt.Errorf("wal: replay the record at %v: %w", at, err)
		}
		off += f.bytes
	}
	return nil
}

// moveTail notes that the log goes on behind b. The segments before b's are then
// done with: nothing that was committed after b may stand in them.
func (rc *recovery) moveTail(b batch) error {
	done := len(rc.open) - 1
	if done > 0 {
		if err := rc.refuseDamage(done); err != nil {
			return err
		}
		rc.reader.reset(rc.open[done], rc.log.logID)
	}
	if err := closeSegments(rc.open[:done]); err != nil {
		return fmt.Errorf("wal: close a segment that was read: %w", err)
	}
	rc.open, rc.stops = rc.open[done:], rc.stops[:0]
	rc.seq++
	rc.tail, rc.last = b.end, b
	rc.report.Clean = b.closes
	rc.report.Batches++
	rc.report.Records += uint64(b.records)
	rc.report.Bytes += b.end - b.start
	rc.report.End = Position{rc.open[0].id, b.end}
	return nil
}
