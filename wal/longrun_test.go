package wal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/vfs"
)

// books is what a long run knows that it wrote: which batches were acknowledged, which one was only tried, and from
// where on the log is to be read.
type books struct {
	batches [][][]byte // the records of each batch; the last one may have been tried only
	acked   int        // so many were acknowledged
	ends    []Position // behind each acknowledged one
	from    Position   // where reading begins,
	covered int        // behind so many batches
}

// longRun is many batches of all sizes, in several lives of a process: segments are prepared or not, dropped and
// recycled; it closes and opens again, is killed, and meets a failing write or sync now and then.
type longRun struct {
	books
	t        tester
	mem      *vfs.Mem
	rng      *rand.Rand
	attempts int             // makes each batch unlike all others
	fail     vfs.Op          // the next operation of this kind fails
	failed   int             // so many did
	log      *Log            // of the present life
	tries    bool            // it is committing a batch
	watch    func(operation) // is called ahead of each operation
}

const longRunSegment = 4096

func newLongRun(t tester, seed uint64) *longRun {
	return &longRun{t: t, mem: vfs.NewMem(seed), rng: rand.New(rand.NewPCG(seed, 1)), watch: func(operation) {}}
}

func (r *longRun) before(op operation) bool {
	r.watch(op)
	if op.kind&r.fail == 0 {
		return true
	}
	r.fail = 0
	r.failed++
	return false
}

func (r *longRun) options(fsys vfs.FS) Options {
	return Options{FS: fsys, Dir: testDir, LogID: testID, SegmentBytes: longRunSegment, KeepRecycled: 2}
}

// run commits so many batches, and leaves the log closed in order.
func (r *longRun) run(batches int) {
	r.open()
	for r.acked < batches {
		r.commit()
		r.upkeep()
		switch r.rng.IntN(60) {
		case 0:
			must(r.t, r.log.Close())
			r.open()
		case 1:
			r.mem.Kill()
			r.open()
		}
	}
	must(r.t, r.log.Close())
}

// commit commits a batch; one in 50 meets a failing disk.
func (r *longRun) commit() {
	r.batches = append(r.batches[:r.acked:r.acked], r.next())
	switch r.rng.IntN(100) {
	case 0:
		r.fail = vfs.OpWrite
	case 1:
		r.fail = vfs.OpSync
	}
	b := new(Batch)
	for _, record := range r.batches[r.acked] {
		b.Add(1, record)
	}
	r.tries = true
	end, err := r.log.Commit(b)
	r.tries = false
	if err != nil {
		r.die(err)
		return
	}
	r.acknowledged(end)
}

func (r *longRun) acknowledged(end Position) {
	r.acked = len(r.batches)
	r.ends = append(r.ends, end)
}

// next makes up another batch: one to four records, mostly small, some over several sectors.
func (r *longRun) next() [][]byte {
	r.attempts++
	records := make([][]byte, 1+r.rng.IntN(4))
	for i := range records {
		n := r.rng.IntN(120)
		if r.rng.IntN(12) == 0 {
			n = r.rng.IntN(900)
		}
		records[i] = fmt.Appendf(nil, "%d.%d ", r.attempts, i)
		for range n {
			records[i] = append(records[i], byte(r.rng.Uint32()))
		}
	}
	return records
}

// die is the end of a process whose disk failed, and the beginning of the next one.
func (r *longRun) die(err error) {
	if !errors.Is(err, unix.EIO) {
		r.t.Fatal(err)
	}
	if r.rng.IntN(2) == 0 {
		r.mem.FailWriteback()
	}
	r.mem.Kill()
	r.open()
}

// open begins the next life. From now on nothing of what it replayed may be lost.
func (r *longRun) open() {
	log, report, n, err := r.replay(r.options(&watched{under: r.mem, before: r.before}))
	must(r.t, err)
	r.batches = r.batches[:n]
	if n > r.acked {
		r.acknowledged(report.End)
	}
	r.log = log
}

// upkeep is what the user of a log does beside: it prepares segments, in time or not, and drops those whose batches
// are so old that a checkpoint has them.
func (r *longRun) upkeep() {
	if r.rng.IntN(3) == 0 {
		must(r.t, r.log.Prepare())
	}
	if old := r.acked - 20; old > r.covered && r.rng.IntN(13) == 0 {
		r.from, r.covered = r.ends[old-1], old
		must(r.t, r.log.DropBefore(r.from))
	}
}

// replay opens a log and compares: all that was acknowledged, in order, and then perhaps the batch that was tried.
// It returns how many batches there are, those that the checkpoint has included.
func (b *books) replay(o Options) (*Log, Report, int, error) {
	n, i := b.covered, 0
	log, report, err := Open(o, b.from, func(at Position, typ uint8, payload []byte) error {
		if n == len(b.batches) || typ != 1 || !bytes.Equal(payload, b.batches[n][i]) {
			return fmt.Errorf("%.20q of type %d at %v is not record %d of batch %d", payload, typ, at, i, n+1)
		}
		if i++; i == len(b.batches[n]) {
			n, i = n+1, 0
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, report, 0, err
	case i != 0:
		return nil, report, 0, fmt.Errorf("only %d records of batch %d", i, n+1)
	case n < b.acked:
		return nil, report, 0, fmt.Errorf("%d batches came back, %d were acknowledged", n, b.acked)
	}
	return log, report, n, nil
}

// A run without crashes does what the tests that crash it count on.
func TestALongRunMeetsEverything(t *testing.T) {
	r := newLongRun(t, 1)
	kinds := map[vfs.Op]int{}
	recycled, segments := uint64(0), uint64(0)
	r.watch = func(op operation) {
		kinds[op.kind]++
		if r.log != nil {
			recycled = max(recycled, r.log.Stats().Recycled)
			segments = r.log.End().Segment
		}
	}
	r.run(1000)
	for _, kind := range []vfs.Op{
		vfs.OpOpen, vfs.OpCreate, vfs.OpRead, vfs.OpWrite, vfs.OpSync, vfs.OpRemove, vfs.OpRename, vfs.OpSyncDir,
	} {
		if kinds[kind] == 0 {
			t.Errorf("no operation of kind %b", kind)
		}
	}
	if r.failed < 10 || r.attempts <= 1000 || recycled == 0 || segments < 50 || r.covered < 900 {
		t.Errorf("%d failures, %d attempts, %d recycled segments of %d, %d batches dropped",
			r.failed, r.attempts, recycled, segments, r.covered)
	}
}
