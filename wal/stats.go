package wal

// Stats count since Open.
type Stats struct {
	Commits   uint64 // batches, a clean close included
	Records   uint64
	Bytes     uint64 // written by commits, markers included
	Syncs     uint64 // fdatasyncs of files, of which one a commit
	Inline    uint64 // segments that Commit had to make itself, for want of Prepare
	Created   uint64 // segment files filled with zeros
	Recycled  uint64 // segment files made of spare ones
	Segments  int    // files now, the prepared included
	Spares    int    // files now
	DiskBytes int64  // what these two take
}

// Stats returns the counts as they are now.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// countFiles brings the counts of files up to date. The caller holds upkeepMu.
func (l *Log) countFiles() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Segments, l.stats.Spares = len(l.segments), len(l.spares)
	l.stats.DiskBytes = 0
	for _, list := range [][]entry{l.segments, l.spares} {
		for _, e := range list {
			l.stats.DiskBytes += e.size
		}
	}
}
