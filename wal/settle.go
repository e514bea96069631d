package wal

import (
	"bytes"
	"fmt"
)

// settle makes the end of the log fit to go on from: what was kept is durable,
// and what was not is cleared, durably, so that nothing of it can ever be taken
// for a part of a later batch.
func (rc *recovery) settle() error {
	for i, s := range rc.open {
		rc.reader.reset(s, rc.log.logID)
		if i == 0 {
			if err := rc.rewriteLast(s); err != nil {
				return err
			}
		}
		if err := rc.clear(s, rc.tailIn(i)); err != nil {
			return err
		}
		if err := rc.log.sync(s.file, s.path); err != nil {
			return err
		}
		rc.report.Torn = rc.report.Torn || rc.stops[i].begun
	}
	return nil
}

// rewriteLast writes the last batch once more, as it is. The process that wrote it
// may have ended before its sync succeeded. If that sync failed, the batch may stand
// in the kernel's cache only, in pages that are taken for clean: a sync alone
// would do nothing for them (safety rule 1). All batches before it were synced.
func (rc *recovery) rewriteLast(s *segment) error {
	for off := rc.last.start; off < rc.last.end; {
		n := min(rc.last.end-off, blockBytes)
		data, err := rc.reader.window(off, int(n))
		if err != nil {
			return err
		}
		if _, err := s.file.WriteAt(data[:n], off); err != nil {
			return fmt.Errorf("wal: write %s at %d again: %w", s.path, off, err)
		}
		off += n
	}
	return nil
}

// clear zeroes the segment from off on, block by block, and leaves alone what is
// zero already.
func (rc *recovery) clear(s *segment, off int64) error {
	for off < s.size {
		n := min(s.size-off, blockBytes)
		data, err := rc.reader.window(off, int(n))
		if err != nil {
			return err
		}
		if !bytes.Equal(data[:n], zeros[:n]) {
			if err := fillZeros(s.file, s.path, off, off+n); err != nil {
				return err
			}
			rc.report.Cut += n
		}
		off += n
	}
	return nil
}
