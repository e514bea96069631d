package wal

// refuseDamage tells damage from a torn tail. Batch n+1 is written only after the
// sync of batch n has succeeded. So if the walk ended before batch n, but the marker
// of any later batch stands somewhere behind, then batch n was acknowledged, and
// is damaged. If there is none, batch n is the last that was ever written, and
// was torn, or never begun. It looks at the first so many of the open segments.
//
// A marker of batch n itself proves nothing: sectors reach the disk in any order.
// Nor does one of an earlier batch: it is a remnant of one that was cut.
func (rc *recovery) refuseDamage(segments int) error {
	later := func(m marker) bool { return m.seq > rc.seq }
	for i, s := range rc.open[:segments] {
		rc.reader.reset(s, rc.log.logID)
		off, m, found, err := rc.reader.findMarker(rc.tailIn(i), later)
		if err != nil {
			return err
		}
		if found {
			return rc.blame(i, off, m)
		}
	}
	return nil
}

// tailIn is where in the i-th open segment the next batch would stand.
func (rc *recovery) tailIn(i int) int64 {
	if i == 0 {
		return rc.tail
	}
	return headerBytes
}

// blame names the place of the damage that the marker m, at off in the i-th open
// segment, gives away: where the walk stopped in that segment, unless m's batch is
// the first there; then it is the end of the segment before that is missing.
func (rc *recovery) blame(i int, off int64, m marker) error {
	damaged := i
	if i > 0 && off-int64(m.bytes) <= headerBytes {
		damaged = i - 1
	}
	st := rc.stops[damaged]
	return corrupt(rc.open[damaged].path, st.off,
		"%s: batch %d is missing or damaged, but batch %d, committed after it, stands in %s at %d",
		st.fault, rc.seq, m.seq, rc.open[i].path, off)
}
