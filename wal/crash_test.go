package wal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/vfs"
)

// twin is what a log must be, told simply: the list of its batches.
type twin struct {
	batches [][]string
	acked   int      // so many of them were acknowledged; one more may have been tried
	from    Position // where reading begins,
	covered int      // behind so many batches
	made    int      // to tell batches apart
}

// next makes up another batch.
func (w *twin) next(records, bytes int) []string {
	w.made++
	var payloads []string
	for i := range records {
		payloads = append(payloads, fmt.Sprintf("%d.%d %s", w.made, i, strings.Repeat("*", bytes)))
	}
	return payloads
}

// commit commits a batch and notes whether it was acknowledged.
func (w *twin) commit(l *Log, payloads []string) (Position, error) {
	w.batches = append(w.batches[:w.acked:w.acked], payloads)
	end, err := l.Commit(batchOf(payloads...))
	if err == nil {
		w.acked++
	}
	return end, err
}

// checkpoint notes that reading begins at end, behind all that was acknowledged.
func (w *twin) checkpoint(end Position) { w.from, w.covered = end, w.acked }

// accept compares what was replayed: all that was acknowledged, in order, and
// then perhaps the one batch that was tried. It goes on from there.
func (w *twin) accept(t tester, records []string) {
	t.Helper()
	for n := w.acked; n <= len(w.batches); n++ {
		if slices.Equal(records, asRecords(slices.Concat(w.batches[w.covered:n]...)...)) {
			w.batches, w.acked = w.batches[:n], n
			return
		}
	}
	t.Fatalf("replayed %q, acknowledged were %d of %q from %d on", records, w.acked, w.batches, w.covered)
}

// life runs one life of a log: batches of all sizes, segments prepared and not,
// checkpoints, a clean close. It ends at the first error, and returns it.
func (w *twin) life(t tester, fsys vfs.FS, batches int) error {
	t.Helper()
	o := options(fsys)
	o.SegmentBytes = MinSegmentBytes
	o.KeepRecycled = 2
	l, records, _, err := tryOpen(o, w.from)
	if err != nil {
		return err
	}
	w.accept(t, records)
	defer func() { _ = l.Close() }() // a second time, where all went well
	for i := range batches {
		end, err := w.commit(l, w.next(1+i%3, i*37%200))
		if err != nil {
			return err
		}
		if i%4 == 1 {
			if err := l.Prepare(); err != nil {
				return err
			}
		}
		if i%7 == 5 {
			w.checkpoint(end)
			if err := l.DropBefore(end); err != nil {
				return err
			}
		}
	}
	return l.Close()
}

// reopen opens the log, checks it, and closes it as a power failure would.
func (w *twin) reopen(t tester, fsys *vfs.Mem) *vfs.Mem {
	t.Helper()
	o := options(fsys)
	o.SegmentBytes = MinSegmentBytes
	_, records, report, err := tryOpen(o, w.from)
	must(t, err)
	w.accept(t, records)
	after := fsys.Crash()
	o.FS = after
	_, again, report2, err := tryOpen(o, w.from)
	must(t, err)
	if !slices.Equal(again, records) || report2.End != report.End || report2.Cut != 0 {
		t.Fatalf("what Open returned was not durable: %q, then %q", records, again)
	}
	return after.Crash()
}

const lifeBatches = 24

// operations counts what a life without faults takes.
func operations(t *testing.T) int {
	fsys := vfs.NewFaulty(vfs.NewMem(1), vfs.Fault{})
	must(t, new(twin).life(t, fsys, lifeBatches))
	return fsys.Count(vfs.OpAny)
}

// The power fails at the n-th operation, for every n, and what was not synced is
// lost in several ways. Then the same again in the next life, at another n.
func TestAPowerFailureAtAnyOperationLosesNothingAcknowledged(t *testing.T) {
	all := operations(t)
	for n := 1; n <= all; n++ {
		for seed := range uint64(6) {
			mem := vfs.NewMem(seed)
			mem.TearSectors(seed%2 == 1)
			w := &twin{}
			for life := range 3 {
				fsys := vfs.NewFaulty(mem, vfs.Fault{N: 1 + (n+life*29)%all, Forever: true, Short: life%2 == 0, Err: unix.EIO})
				_ = w.life(t, fsys, lifeBatches) // the error is the power failure
				mem = w.reopen(t, mem.Crash())
			}
		}
	}
}

// The process is killed at the n-th operation; nothing is lost by that alone, but
// the next life must not take for durable what only the kernel has: it is ended by
// a power failure.
func TestAKillAtAnyOperationLosesNothingAcknowledged(t *testing.T) {
	all := operations(t)
	for n := 1; n <= all; n++ {
		for _, later := range []int{10, 20, 40, all} {
			mem := vfs.NewMem(uint64(n + later))
			w := &twin{}
			_ = w.life(t, vfs.NewFaulty(mem, vfs.Fault{N: n, Forever: true, Err: unix.EIO}), lifeBatches) // the kill
			mem.Kill()
			_ = w.life(t, vfs.NewFaulty(mem, vfs.Fault{N: later, Forever: true, Err: unix.EIO}), lifeBatches) // the power failure
			mem = w.reopen(t, mem.Crash())
			must(t, w.life(t, mem, lifeBatches))
			w.reopen(t, mem)
		}
	}
}

// One operation fails, once. The log must end there by itself, though everything
// after it would succeed.
func TestTheFirstErrorIsFinalWhicheverOperationFails(t *testing.T) {
	all := operations(t)
	for n := 1; n <= all; n++ {
		for _, fault := range []vfs.Fault{{N: n, Err: unix.EIO}, {N: n, Err: unix.ENOSPC, Short: true}} {
			mem := vfs.NewMem(uint64(n))
			fsys := vfs.NewFaulty(mem, fault)
			w := &twin{}
			if err := w.life(t, fsys, lifeBatches); err == nil {
				t.Fatalf("operation %d failed, and nobody said so", n)
			} else if !strings.Contains(err.Error(), fault.Err.Error()) {
				t.Fatalf("operation %d failed with %v, reported as %v", n, fault.Err, err)
			}
			mem.FailWriteback()
			mem.Kill()
			mem = w.reopen(t, mem)
			must(t, w.life(t, mem, lifeBatches))
			w.reopen(t, mem)
		}
	}
}

func TestAfterAFailureNothingTouchesTheDisk(t *testing.T) {
	for _, kind := range []vfs.Op{vfs.OpWrite, vfs.OpSync} {
		fsys := vfs.NewFaulty(newMem(t, 1), vfs.Fault{})
		l, _, _ := open(t, fsys, Position{})
		commit(t, l, "good")
		fsys.Arm(vfs.Fault{Kinds: kind, N: 1, Err: unix.EIO})
		_, first := l.Commit(batchOf("bad"))
		if first == nil {
			t.Fatal("the failing commit succeeded")
		}
		before := fsys.Count(vfs.OpAny)
		_, second := l.Commit(batchOf("worse"))
		for what, err := range map[string]error{
			"commit": second, "prepare": l.Prepare(), "drop": l.DropBefore(Position{}), "close": l.Close(),
		} {
			if err != first {
				t.Errorf("%s: %v, want the first error", what, err)
			}
		}
		if n := fsys.Count(vfs.OpAny) - before; n != 0 {
			t.Errorf("%d operations after the failure", n)
		}
	}
}

// After a failed fsync Linux shows the data and takes it for written. A restarted
// process that replays it must write it again, not only sync.
func TestABatchThatOnlyTheCacheHasIsWrittenAgain(t *testing.T) {
	mem := vfs.NewMem(1)
	fsys := vfs.NewFaulty(mem, vfs.Fault{})
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "good")
	fsys.Arm(vfs.Fault{Kinds: vfs.OpSync, N: 1, Err: unix.EIO})
	if _, err := l.Commit(batchOf("in the cache")); err == nil {
		t.Fatal("no error")
	}
	mem.FailWriteback()
	mem.Kill()
	_, records, _ := open(t, mem, Position{})
	wantRecords(t, records, "good", "in the cache")
	_, records, _ = open(t, mem.Crash(), Position{})
	wantRecords(t, records, "good", "in the cache")
}
