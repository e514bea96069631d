package wal

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/vfs"
)

func TestCommittedRecordsComeBackInOrder(t *testing.T) {
	fsys := newMem(t, 1)
	l, records, report := open(t, fsys, Position{})
	if len(records) > 0 || report != (Report{}) {
		t.Errorf("a new log replayed %q, %+v", records, report)
	}
	commit(t, l, "a", "", "ccc")
	end := commit(t, l, "d")
	if l.End() != end {
		t.Errorf("end %v, commit said %v", l.End(), end)
	}
	must(t, l.Close())

	l, records, report = open(t, fsys, Position{})
	wantRecords(t, records, "a", "", "ccc", "d")
	if !report.Clean || report.Torn || report.Batches != 3 || report.Records != 4 || report.Segments != 1 {
		t.Errorf("report %+v", report)
	}
	must(t, l.Close())
}

func TestReplayBeginsAtThePositionGiven(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	ends := []Position{{}}
	all := []string{}
	for i := range 40 { // several segments
		p := strings.Repeat("x", i*7) + fmt.Sprint(i)
		all = append(all, p)
		ends = append(ends, commit(t, l, p))
	}
	must(t, l.Close())
	for i, from := range ends {
		l, records, report := open(t, fsys, from)
		wantRecords(t, records, all[i:]...)
		if report.End != l.End() || report.End.Less(ends[len(ends)-1]) {
			t.Errorf("from %v: end %v", from, report.End)
		}
		must(t, l.Close())
		if from.Segment > 1 {
			break // the segments before it are retired now
		}
	}
}

func TestALogThatNeverLogsHasNoSegment(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	must(t, l.Prepare())
	if _, err := l.Commit(new(Batch)); err != nil {
		t.Error(err)
	}
	must(t, l.Close())
	if files := disk(t, fsys); len(files) != 1 {
		t.Errorf("folder holds %d files, want the lock alone", len(files))
	}
}

// Where the time of a commit goes is decided here: anything but one write and one
// sync would show.
func TestACommitIsOneWriteAndOneSyncAndNeverChangesASize(t *testing.T) {
	mem := newMem(t, 1)
	fsys := vfs.NewFaulty(mem, vfs.Fault{})
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "first")
	for range 60 { // over several segments
		must(t, l.Prepare())
		writes, syncs, all := fsys.Count(vfs.OpWrite), fsys.Count(vfs.OpSync), fsys.Count(vfs.OpAny)
		commit(t, l, strings.Repeat("x", 100))
		if fsys.Count(vfs.OpWrite) != writes+1 || fsys.Count(vfs.OpSync) != syncs+1 || fsys.Count(vfs.OpAny) != all+2 {
			t.Fatalf("a commit took %d operations", fsys.Count(vfs.OpAny)-all)
		}
		if size, err := mem.Size(segmentPath(l.End().Segment)); err != nil || size != testSegment {
			t.Fatalf("segment has %d bytes, %v", size, err)
		}
	}
	if s := l.Stats(); s.Inline != 1 {
		t.Errorf("%d segments were made by commits, want the very first alone", s.Inline)
	}
	must(t, l.Close())
}

func TestABatchThatDoesNotFitGoesToTheNextSegment(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	big := strings.Repeat("b", int(l.MaxBatchBytes())-frameHeaderBytes)
	first := commit(t, l, "small")
	second := commit(t, l, big)
	third := commit(t, l, "c")
	if first.Segment != 1 || second.Segment != 2 || third.Segment != 3 {
		t.Errorf("ends %v %v %v", first, second, third)
	}
	must(t, l.Close())
	l, records, report := open(t, fsys, Position{})
	wantRecords(t, records, "small", big, "c")
	if !report.Clean {
		t.Error("not clean: no room for the marker")
	}
	must(t, l.Close())
}

func TestALimitExceededIsAnErrorAndTheLogGoesOn(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	b := batchOf(strings.Repeat("b", int(l.MaxBatchBytes())-frameHeaderBytes+1))
	if _, err := l.Commit(b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("batch over the limit: %v", err)
	}
	b.Reset()
	b.Add(1, make([]byte, MaxRecordBytes), []byte("x"))
	b.Add(1, []byte("y"))
	if _, err := l.Commit(b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("record over the limit: %v", err)
	}
	commit(t, l, "z")
	must(t, l.Close())
	_, records, _ := open(t, fsys, Position{})
	wantRecords(t, records, "z")
}

func TestARecordOfTheGreatestLengthComesBack(t *testing.T) {
	fsys := newMem(t, 1)
	o := options(fsys)
	o.SegmentBytes = 2 << 20
	l, _, _, err := tryOpen(o, Position{})
	must(t, err)
	long := strings.Repeat("long", MaxRecordBytes/4)
	commit(t, l, "a", long, "b")
	must(t, l.Close())
	_, records, _, err := tryOpen(o, Position{})
	must(t, err)
	wantRecords(t, records, "a", long, "b")
}

func TestReservedTypesPanic(t *testing.T) {
	for _, typ := range []uint8{0, MaxType + 1, typeCommit} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("type %d was taken", typ)
				}
			}()
			new(Batch).Add(typ, nil)
		}()
	}
}

func TestABatchIsNotCommittedTwice(t *testing.T) {
	l, _, _ := open(t, newMem(t, 1), Position{})
	b := batchOf("a")
	_, err := l.Commit(b)
	must(t, err)
	if _, err := l.Commit(b); err == nil {
		t.Error("committed again")
	}
	b.Reset()
	b.Add(2, []byte("b"), []byte("c"))
	_, err = l.Commit(b)
	must(t, err)
}

func TestAFolderHasOneLog(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	if _, _, _, err := tryOpen(options(fsys), Position{}); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("second log in one folder: %v", err)
	}
	must(t, l.Close())
	l, _, _ = open(t, fsys, Position{})
	must(t, l.Close())
}

func TestAfterCloseEveryCallSaysSo(t *testing.T) {
	l, _, _ := open(t, newMem(t, 1), Position{})
	commit(t, l, "a")
	must(t, l.Close())
	_, err := l.Commit(batchOf("b"))
	for what, err := range map[string]error{
		"commit": err, "prepare": l.Prepare(), "drop": l.DropBefore(Position{}), "close": l.Close(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	good := options(newMem(t, 1))
	for what, spoil := range map[string]func(*Options){
		"no folder": func(o *Options) { o.Dir = "" },
		"no ID":     func(o *Options) { o.LogID = 0 },
		"too small": func(o *Options) { o.SegmentBytes = MinSegmentBytes - 512 },
		"too large": func(o *Options) { o.SegmentBytes = MaxSegmentBytes + 512 },
		"uneven":    func(o *Options) { o.SegmentBytes = MinSegmentBytes + 8 },
	} {
		o := good
		spoil(&o)
		if _, _, _, err := tryOpen(o, Position{}); err == nil {
			t.Errorf("%s: opened", what)
		}
	}
}

func TestAnErrorOfReplayEndsOpenAndFreesTheFolder(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "a")
	must(t, l.Close())
	_, _, err := Open(options(fsys), Position{}, func(Position, uint8, []byte) error { return unix.EPROTO })
	if !errors.Is(err, unix.EPROTO) {
		t.Errorf("open: %v", err)
	}
	l, _, _ = open(t, fsys, Position{})
	must(t, l.Close())
}

func TestCommitPrepareAndDropRunSideBySide(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	first := commit(t, l, "first")
	from := make(chan Position, 1)
	var upkeep sync.WaitGroup
	upkeep.Go(func() {
		for p := range from {
			must(t, l.Prepare())
			must(t, l.DropBefore(p))
		}
	})
	last := first
	var want []string
	for i := range 500 {
		p := fmt.Sprintf("record %d", i)
		end := commit(t, l, p)
		want = append(want, p)
		if i%10 == 0 {
			from <- end
			last, want = end, nil
		}
	}
	close(from)
	upkeep.Wait()
	must(t, l.Close())
	_, records, _ := open(t, fsys, last)
	wantRecords(t, records, want...)
}
