package wal

import (
	"bytes"
	"os"
	"testing"
	"time"

	"paxos/vfs"
)

// full reports whether the proofs run in full: PAXOS_WAL_FULL=1. Otherwise they take a sample that fits CI.
func full() bool { return os.Getenv("PAXOS_WAL_FULL") != "" }

// attack is a long run at each of whose operations the power fails, so many times. The run itself does not notice: each
// failure is a copy of the disk, which goes its own way.
type attack struct {
	*longRun
	crashes int // at each point, each with a loss of its own
	nested  int // at so many of these the power fails again, at each operation of the recovery

	points     map[vfs.Op]int
	operations int
	recoveries int
	kept       int // recoveries that had the batch under way
	lost       int // and that had not
}

func newAttack(t tester, seed uint64) *attack {
	a := &attack{longRun: newLongRun(t, seed), points: map[vfs.Op]int{}}
	a.watch = a.point
	return a
}

// point is one moment of the run.
func (a *attack) point(op operation) {
	a.operations++
	a.points[op.kind]++
	for i := range a.crashes {
		a.mem.TearSectors(i%2 == 1)
		disk := a.mem.Crash()
		if i < a.nested {
			a.recoverTwice(disk)
		}
		a.check(disk)
	}
}

// check recovers from a disk as a power failure left it. What comes back stays, and the log goes on behind it.
func (a *attack) check(disk *vfs.Mem) {
	a.t.Helper()
	_, report, n := a.recover(a.books, disk)
	if n > a.acked {
		a.kept++
	} else if n < len(a.batches) {
		a.lost++
	}
	then := a.books
	then.batches, then.acked = then.batches[:n:n], n
	disk = disk.Crash()
	log, report2, _ := a.recover(then, disk)
	if report2.End != report.End || report2.Cut != 0 {
		a.t.Fatalf("operation %d: the log ended at %v, after another crash at %v with %d bytes cut",
			a.operations, report.End, report2.End, report2.Cut)
	}
	a.goOn(&then, log)
	a.recover(then, disk.Crash())
}

// goOn commits a small batch and one that goes over to the next segment, with segments prepared and recycled ahead.
func (a *attack) goOn(then *books, log *Log) {
	a.t.Helper()
	for _, size := range []int{10, int(log.MaxBatchBytes()) - 8} {
		record := make([]byte, size)
		then.batches = append(then.batches, [][]byte{record})
		b := new(Batch)
		b.Add(1, record)
		_, err := log.Commit(b)
		must(a.t, err)
		then.acked++
		must(a.t, log.Prepare())
	}
}

// recoverTwice recovers from a copy of the disk and lets the power fail once more at every operation of that.
func (a *attack) recoverTwice(disk *vfs.Mem) {
	fsys := &watched{under: disk.Crash(), before: func(operation) bool { return true }}
	mem := fsys.under.(*vfs.Mem)
	fsys.before = func(op operation) bool {
		if op.kind&vfs.OpChange != 0 {
			a.recover(a.books, mem.Crash())
		}
		return true
	}
	a.recover(a.books, fsys)
}

func (a *attack) recover(b books, disk vfs.FS) (*Log, Report, int) {
	a.t.Helper()
	a.recoveries++
	log, report, n, err := b.replay(a.options(disk))
	if err != nil {
		a.t.Fatalf("the power failed at operation %d, after %d batches: %v", a.operations, a.acked, err)
	}
	return log, report, n
}

// Wherever the power fails in a run of 1,000 batches, and whatever was not synced is lost or torn: exactly what was
// acknowledged comes back, or the one batch more that was under way.
func TestEveryCrashPointOfALongRunLosesNothingAcknowledged(t *testing.T) {
	parts := []struct{ seed, batches, crashes, nested int }{{1, 50, 4, 1}, {2, 1000, 1, 0}}
	if full() {
		parts = parts[:0]
		for seed := range 5 {
			parts = append(parts, struct{ seed, batches, crashes, nested int }{seed, 1000, 16, 2})
		}
	}
	for _, part := range parts {
		begin := time.Now()
		a := newAttack(t, uint64(part.seed))
		a.crashes, a.nested = part.crashes, part.nested
		a.run(part.batches)
		if a.kept == 0 || a.lost == 0 {
			t.Errorf("the batch under way was kept %d times and lost %d times: want both", a.kept, a.lost)
		}
		t.Logf("seed %d: %d batches, %d crash points (%d writes, %d syncs), %d recoveries, "+
			"the batch under way kept by %d and lost by %d, %v", part.seed, part.batches, a.operations,
			a.points[vfs.OpWrite], a.points[vfs.OpSync], a.recoveries, a.kept, a.lost, time.Since(begin).Round(time.Millisecond))
	}
}

// tearing lets the power fail in the write of every batch of a long run whose number is a multiple of every, in all
// the ways that there are: any subset of the sectors reached the disk, or so many of the first or last bytes.
type tearing struct {
	*longRun
	every int // batches
	step  int // bytes
	tears int
	whole int
}

func (a *tearing) write(op operation) {
	if !a.tries || op.kind != vfs.OpWrite || op.off < headerBytes || a.acked%a.every != 0 {
		return
	}
	op.path = a.log.active.path // the file may have got its name since it was opened
	base := a.mem.Crash()       // nothing is under way but this write
	first := op.off / 512
	sectors := (op.off+int64(len(op.data))-1)/512 - first + 1
	for set := range 1 << sectors {
		a.torn(base, op, func(at int64) bool { return set>>(at/512-first)&1 == 1 })
	}
	for n := 0; n < len(op.data); n += a.step {
		a.torn(base, op, func(at int64) bool { return at < op.off+int64(n) })
		a.torn(base, op, func(at int64) bool { return at >= op.off+int64(n) })
	}
}

// torn writes those bytes that reach the disk. The batch is there if all of it is.
func (a *tearing) torn(base *vfs.Mem, op operation, reached func(at int64) bool) {
	disk := base.Crash()
	file, err := disk.Open(op.path)
	must(a.t, err)
	found := make([]byte, len(op.data))
	_, err = file.ReadAt(found, op.off)
	must(a.t, err)
	for i := range found {
		if reached(op.off + int64(i)) {
			found[i] = op.data[i]
		}
	}
	_, err = file.WriteAt(found, op.off)
	must(a.t, err)
	must(a.t, file.Close())
	want := a.acked
	if bytes.Equal(found, op.data) {
		want++
		a.whole++
	}
	a.tears++
	_, _, n, err := a.replay(a.options(disk))
	if err != nil || n != want {
		a.t.Fatalf("of the write of batch %d, %d bytes at %d of %s, a part reached the disk: %d batches came back, want %d: %v",
			a.acked+1, len(op.data), op.off, op.path, n, want, err)
	}
}

// A batch is there exactly if every byte of it is.
func TestABatchTornInAnyWayIsNotThere(t *testing.T) {
	a := &tearing{longRun: newLongRun(t, 1), every: 40, step: 7}
	if full() {
		a.every, a.step = 1, 1
	}
	a.watch = a.write
	begin := time.Now()
	a.run(1000)
	if a.whole == 0 || a.whole == a.tears {
		t.Errorf("%d of %d were whole", a.whole, a.tears)
	}
	t.Logf("%d torn writes, of which %d were whole after all, %v", a.tears, a.whole, time.Since(begin).Round(time.Millisecond))
}
