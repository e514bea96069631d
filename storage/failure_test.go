package storage

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// everyFailure runs the script once for every n with the n-th operation of some
// kinds failing, for all n that there are.
func everyFailure(t *testing.T, arm func(w *world, n int), seen func(w *world) int, after func(t *testing.T, w *world, n int, err error)) {
	t.Helper()
	whole := newWorld(1)
	arm(whole, 0)
	must(t, whole.script())
	total := seen(whole)
	if total < 20 {
		t.Fatalf("the script has only %d operations", total)
	}
	for n := 1; n <= total; n++ {
		w := newWorld(uint64(n))
		arm(w, n)
		if err := w.script(); err != nil {
			after(t, w, n, err)
		}
	}
}

// mustBeOver holds an ended store to rule 9: every call returns the first error,
// and nothing more is done to the disk.
func mustBeOver(t *testing.T, w *world, n int) {
	t.Helper()
	if w.store == nil || errors.Is(w.store.ending.reason(), ErrClosed) {
		return // it failed while it was opened or closed
	}
	first := w.store.ending.reason()
	if !errors.Is(first, errBoom) {
		t.Errorf("operation %d: the store ended with: %v", n, first)
	}
	before := w.fsFaults.Count(vfs.OpChange)
	var b Batch
	b.Add(vote(1, 1))
	_, errChunk := w.store.Chunk(1)
	_, _, errHead := w.store.Head()
	calls := []error{
		w.store.Commit(&b), w.store.Checkpoint(Checkpoint{}), w.store.PutChunks(chunksOf([]uint64{1})), errChunk, errHead,
	}
	for i, err := range calls {
		if err != first { //nolint:errorlint // the very error
			t.Errorf("operation %d: call %d after the end: %v, want %v", n, i, err, first)
		}
	}
	if after := w.fsFaults.Count(vfs.OpChange); after != before {
		t.Errorf("operation %d: %d operations on the disk after the end", n, after-before)
	}
}

// mustComeBack opens what is left, twice, and compares it with the twin.
func mustComeBack(t *testing.T, w *world, n int) {
	t.Helper()
	for range 2 {
		r, err := w.open(true)
		if err == nil {
			err = w.settle(r)
		}
		if err == nil {
			err = w.commit(vote(5, 99))
		}
		if err != nil {
			t.Fatalf("operation %d: reopened: %v", n, err)
		}
		w.kill()
	}
}

func TestWhateverOperationOfTheLogFailsNothingAcknowledgedIsLost(t *testing.T) {
	for _, short := range []bool{false, true} {
		everyFailure(t,
			func(w *world, n int) {
				w.plug(vfs.Fault{Kinds: vfs.OpChange, N: n, Short: short, Err: errBoom}, kv.Fault{})
			},
			func(w *world) int { return w.fsFaults.Count(vfs.OpChange) },
			func(t *testing.T, w *world, n int, err error) {
				if !errors.Is(err, errBoom) {
					t.Errorf("operation %d: %v", n, err)
				}
				mustBeOver(t, w, n)
				w.kill()
				mustComeBack(t, w, n)
			})
	}
}

func TestWhateverOperationOfTheDatabaseFailsNothingAcknowledgedIsLost(t *testing.T) {
	everyFailure(t,
		func(w *world, n int) { w.plug(vfs.Fault{}, kv.Fault{N: n, Err: errBoom}) },
		func(w *world) int { return w.dbFaults.Seen() },
		func(t *testing.T, w *world, n int, err error) {
			if !errors.Is(err, errBoom) {
				t.Errorf("operation %d: %v", n, err)
			}
			mustBeOver(t, w, n)
			w.kill()
			mustComeBack(t, w, n)
		})
}

func TestWhereverThePowerFailsNothingAcknowledgedIsLost(t *testing.T) {
	cuts := map[string]func(w *world, n int){
		"in the log": func(w *world, n int) {
			w.plug(vfs.Fault{Kinds: vfs.OpChange, N: n, Forever: true, Short: true, Err: errBoom}, kv.Fault{})
		},
		"in the database": func(w *world, n int) { w.plug(vfs.Fault{}, kv.Fault{N: n, Err: errBoom}) },
	}
	for where, arm := range cuts {
		t.Run(where, func(t *testing.T) {
			everyFailure(t, arm,
				func(w *world) int { return max(w.dbFaults.Seen(), w.fsFaults.Count(vfs.OpChange)) },
				func(t *testing.T, w *world, n int, _ error) {
					w.powerCut()
					mustComeBack(t, w, n)
				})
		})
	}
}

func TestAFullDiskIsNamedWithWhatToDo(t *testing.T) {
	for _, errno := range []error{unix.ENOSPC, unix.EDQUOT} {
		w := newWorld(1)
		if _, err := w.open(true); err != nil {
			t.Fatal(err)
		}
		w.fsFaults.Arm(vfs.Fault{Kinds: vfs.OpWrite, N: 1, Err: errno})
		err := w.commit(vote(1, 1))
		if !errors.Is(err, ErrDiskFull) || !bytes.Contains([]byte(err.Error()), []byte(testDir)) {
			t.Errorf("%v: %v", errno, err)
		}
	}
}

func TestABatchThatIsTooLargeIsRefusedAndTheStoreLives(t *testing.T) {
	w := newWorld(1)
	if _, err := w.open(true); err != nil {
		t.Fatal(err)
	}
	var b Batch
	for i := range 100 {
		b.Add(vote(1, protocol.Instance(i+1)))
	}
	if err := w.store.Commit(&b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d bytes: %v", b.Bytes(), err)
	}
	must(t, w.commit(vote(1, 1)))
}

func ExampleStore_fail() {
	s := &Store{dir: "/data"}
	fmt.Println(s.fail("write 3 records to the log", unix.ENOSPC))
	// Output: write 3 records to the log: disk is full: make room for /data and start again: no space left on device: the store has ended for good, but a restart goes on from here: nothing that was acknowledged is lost
}

// Rule 9: whoever runs the process hears of the end at once, and once, though it was
// only a reader who met it.
func TestTheEndIsToldOnceWhoeverMeetsIt(t *testing.T) {
	w := newWorld(1)
	o := w.options(true)
	var told []error
	o.OnEnd = func(reason error) { told = append(told, reason) }
	s, _, err := Open(o)
	must(t, err)
	w.dbFaults.Arm(kv.Fault{Kinds: kv.OpView, N: 1, Err: errBoom})
	if _, err := s.Chunk(1); !errors.Is(err, errBoom) {
		t.Errorf("the read: %v", err)
	}
	var b Batch
	b.Add(vote(1, 1))
	if err := s.Commit(&b); !errors.Is(err, errBoom) {
		t.Errorf("a write after the end: %v", err)
	}
	_ = s.Close(nil)
	if len(told) != 1 || !errors.Is(told[0], errBoom) {
		t.Errorf("told: %v", told)
	}
}

func TestACloseIsNoEndThatIsTold(t *testing.T) {
	w := newWorld(1)
	o := w.options(true)
	o.OnEnd = func(reason error) { t.Errorf("told: %v", reason) }
	s, _, err := Open(o)
	must(t, err)
	must(t, s.Close(nil))
	if _, err := s.Chunk(1); !errors.Is(err, ErrClosed) {
		t.Errorf("a read after Close: %v", err)
	}
}
