package wal

import (
	"strings"
	"testing"

	"paxos/vfs"
)

var filler = strings.Repeat("f", 600) // three of these fill a segment

// fill commits until the log's end lies in the given segment.
func fill(t tester, l *Log, segment uint64) (end Position) {
	t.Helper()
	for l.End().Segment < segment {
		end = commit(t, l, filler)
	}
	return end
}

func TestDroppedSegmentsAreRecycledUnderNewNumbers(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	must(t, l.DropBefore(fill(t, l, 4)))
	if s := l.Stats(); s.Segments != 1 || s.Spares != 3 || s.Created != 4 || s.DiskBytes != 4*testSegment {
		t.Errorf("after dropping three of four: %+v", s)
	}
	from := fill(t, l, 6)
	if s := l.Stats(); s.Recycled != 2 || s.Spares != 1 || s.Created != 4 {
		t.Errorf("after two more: %+v", s)
	}
	must(t, l.Close())
	_, records, report := open(t, fsys, from)
	if len(records) != 0 || report.End.Segment != 6 {
		t.Errorf("after reopening: %d records, %+v", len(records), report)
	}
}

func TestOldFramesInARecycledSegmentAreNotSeen(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	from := fill(t, l, 2)
	must(t, l.DropBefore(from))
	fill(t, l, 3) // into the file that segment 1 had
	if !strings.Contains(string(readFile(t, fsys, segmentPath(3))[headerBytes+700:]), "ffff") {
		t.Fatal("the file has no old frames in it")
	}
	fsys.Kill()
	_, records, report := open(t, fsys, from)
	if want := 3; len(records) != want || report.Torn || report.Cut == 0 {
		t.Errorf("%d records, want %d; %+v", len(records), want, report)
	}
}

func TestNoMoreSparesAreKeptThanAsked(t *testing.T) {
	for keep, want := range map[int]int{0: 4, 2: 2, -1: 0} {
		fsys := newMem(t, 1)
		o := options(fsys)
		o.KeepRecycled = keep
		l, _, _, err := tryOpen(o, Position{})
		must(t, err)
		must(t, l.DropBefore(fill(t, l, 8)))
		if s := l.Stats(); s.Spares != want || s.Segments != 1 {
			t.Errorf("keep %d: %+v", keep, s)
		}
		must(t, l.Close())
	}
}

func TestNothingNeededIsDropped(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	end := fill(t, l, 3)
	if err := l.DropBefore(Position{Segment: end.Segment + 1, Offset: headerBytes}); err == nil {
		t.Error("dropped beyond the end")
	}
	must(t, l.DropBefore(Position{}))
	must(t, l.DropBefore(Position{Segment: 1, Offset: 500}))
	if s := l.Stats(); s.Segments != 3 {
		t.Errorf("%d segments left, want 3", s.Segments)
	}
	must(t, l.Close())
}

func TestSegmentsOfAnotherSizeAreReadAndPassedOver(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "small segment")
	must(t, l.Prepare()) // a small one stays ready
	must(t, l.Close())

	o := options(fsys)
	o.SegmentBytes = 4 * testSegment
	l, records, _, err := tryOpen(o, Position{})
	must(t, err)
	wantRecords(t, records, "small segment")
	big := strings.Repeat("b", 2*testSegment)
	if end := commit(t, l, big); end.Segment != 3 {
		t.Errorf("end %v, want segment 3", end)
	}
	must(t, l.Close())
	l, records, _ = open(t, fsys, Position{})
	wantRecords(t, records, "small segment", big)
	must(t, l.DropBefore(l.End()))
	if s := l.Stats(); s.Spares != 2 || s.Segments != 1 {
		t.Errorf("%+v", s)
	}
	must(t, l.Close())
}

func TestPrepareDoesItsWorkOnce(t *testing.T) {
	fsys := vfs.NewFaulty(newMem(t, 1), vfs.Fault{})
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "a")
	must(t, l.Prepare())
	before := fsys.Count(vfs.OpAny)
	must(t, l.Prepare())
	if n := fsys.Count(vfs.OpAny) - before; n != 0 {
		t.Errorf("a second Prepare took %d operations", n)
	}
	must(t, l.Close())
}
