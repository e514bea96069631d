package wal

import "paxos/vfs"

// Check reads and judges a log as Open does, with the same code, but changes
// nothing, makes nothing and takes no lock: it says what Open would find, and what
// it would refuse. Of Options only FS, Dir and LogID count; a LogID of 0 takes
// every log for the right one.
//
// In a log that a process is writing to, what stands behind the end that the
// process knows to be durable may look torn, or damaged: it is being written.
func Check(o Options, from Position, replay Replay) (Report, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	f, err := readFolder(o.FS, o.Dir)
	if err != nil {
		return Report{}, err
	}
	_, needed, err := f.splitAt(o.Dir, from)
	if err != nil {
		return Report{}, err
	}
	if o.LogID == 0 && len(needed) > 0 {
		o.LogID = idOf(o, needed[0])
	}
	rc := &recovery{log: &Log{fs: o.FS, dir: o.Dir, logID: o.LogID}, openFile: o.FS.OpenRead, replay: replay, seq: 1}
	err = rc.run(needed, from)
	for _, s := range rc.stops {
		rc.report.Torn = rc.report.Torn || s.begun
	}
	return rc.report, firstOf(err, closeSegments(rc.open))
}

// idOf is the log that a segment says it belongs to; 0 if it does not say.
func idOf(o Options, e entry) uint64 {
	s, h, err := openSegment(filePath(o.Dir, e.id, kindSegment), e.id, 0, o.FS.OpenRead)
	if err != nil {
		return 0 // the walk will come to that
	}
	_ = s.file.Close() // nothing was written
	return h.logID
}

// File is a file of a log's folder.
type File struct {
	Path    string
	Segment uint64 // its number, or the one it had before it was put aside
	Bytes   int64
	Spare   bool // not a part of the log: to be used again, or being made
}

// Files lists the files of the log in dir: its segments in ascending order, then the spare ones.
func Files(fsys vfs.FS, dir string) ([]File, error) {
	f, err := readFolder(fsys, dir)
	if err != nil {
		return nil, err
	}
	var all []File
	for _, kind := range []string{kindSegment, kindSpare, kindNew} {
		for _, e := range *f.list(kind) {
			all = append(all, File{filePath(dir, e.id, kind), e.id, e.size, kind != kindSegment})
		}
	}
	return all, nil
}

// SegmentPath is the file of a segment of the log in dir.
func SegmentPath(dir string, segment uint64) string { return filePath(dir, segment, kindSegment) }
