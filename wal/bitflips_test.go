package wal

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"paxos/vfs"
)

// shape is a way in which a log may lie on a disk, made by a real run.
type shape struct {
	name         string
	segmentBytes int64
	make         func(r *longRun)
	closed       bool // in order, as the last thing
}

// shapes are those that a log takes in its life, each closed in order, and not.
func shapes() []shape {
	var all []shape
	for _, s := range []shape{
		{"one segment", 2048, func(r *longRun) { r.commits(9) }, false},
		{"several segments", MinSegmentBytes, func(r *longRun) { r.until(4) }, false},
		{"the last segment just begun", MinSegmentBytes, func(r *longRun) { r.until(3) }, false},
		{"a prepared segment", MinSegmentBytes, func(r *longRun) { r.until(2); must(r.t, r.log.Prepare()) }, false},
		{"recycled segments", MinSegmentBytes, func(r *longRun) { r.recycle(); r.until(r.log.End().Segment + 2) }, false},
		{"a recycled segment, half-way", MinSegmentBytes, func(r *longRun) { r.recycle(); r.commits(2) }, false},
		{"a recycled segment, prepared", MinSegmentBytes, func(r *longRun) { r.recycle(); must(r.t, r.log.Prepare()) }, false},
		{"opened again after a crash", MinSegmentBytes, func(r *longRun) { r.until(3); r.again(MinSegmentBytes); r.commits(3) }, false},
		{"closed and gone on", MinSegmentBytes, func(r *longRun) { r.until(2); must(r.t, r.log.Close()); r.again(MinSegmentBytes); r.commits(4) }, false},
		{"segments of two sizes", MinSegmentBytes, func(r *longRun) { r.until(2); r.again(1536); r.until(4) }, false},
	} {
		closed := s
		closed.name, closed.closed = s.name+", closed", true
		all = append(all, s, closed)
	}
	return all
}

// commits commits so many batches.
func (r *longRun) commits(n int) {
	for range n {
		r.batches = append(r.batches, r.next())
		b := new(Batch)
		for _, record := range r.batches[r.acked] {
			b.Add(1, record)
		}
		end, err := r.log.Commit(b)
		must(r.t, err)
		r.acknowledged(end)
	}
}

// until commits until the log goes on in that segment.
func (r *longRun) until(segment uint64) {
	for r.log.End().Segment < segment {
		r.commits(1)
	}
}

// recycle goes on until the log stands at the beginning of a segment's second use, with the first one's remnants
// behind it.
func (r *longRun) recycle() {
	for r.log.Stats().Recycled == 0 {
		r.until(r.log.End().Segment + 1)
		if r.acked > 8 {
			r.from, r.covered = r.ends[r.acked-5], r.acked-4
			must(r.t, r.log.DropBefore(r.from))
		}
	}
}

// again ends the process, if it runs, and begins the next one.
func (r *longRun) again(segmentBytes int64) {
	r.mem.Kill()
	log, _, n, err := r.replay(Options{FS: r.mem, Dir: testDir, LogID: testID, SegmentBytes: segmentBytes, KeepRecycled: 2})
	must(r.t, err)
	if n != r.acked {
		r.t.Fatalf("%d batches, want %d", n, r.acked)
	}
	r.log = log
}

// target is a log of some shape, with what there is to know about each byte of it.
type target struct {
	shape
	books
	t     *testing.T
	disk  *vfs.Mem
	files map[string]string
	last  Position // where the last batch begins; a clean close is one
	flips [fates]int
}

// fate is what a damaged bit must lead to.
type fate int

const (
	named fate = iota // Open refuses, and names the file and the frame (or header)
	torn              // the last batch is taken for torn: all the others come back
	vain              // nothing is lost: what was damaged is not needed
	fates
)

func newTarget(t *testing.T, s shape) *target {
	r := newLongRun(t, 3)
	r.again(s.segmentBytes)
	s.make(r)
	g := &target{shape: s, t: t, last: r.beginOfLast()}
	if s.closed {
		g.last = r.log.End()
		must(t, r.log.Close())
	}
	r.mem.Kill()
	g.books, g.disk = r.books, r.mem.Crash() // all of it was synced
	g.files = disk(t, g.disk)
	return g
}

// beginOfLast returns where the last batch begins.
func (r *longRun) beginOfLast() Position {
	bytes := markerBytes
	for _, record := range r.batches[r.acked-1] {
		bytes += frameBytes(len(record))
	}
	end := r.ends[r.acked-1]
	return Position{end.Segment, end.Offset - int64(bytes)}
}

// frames returns the places in a segment at which frames of the log begin, and behind them the end of the last one.
func (g *target) frames(id uint64) []int64 {
	var places []int64
	data := g.files[filepath.Base(segmentPath(id))]
	off := int64(headerBytes)
	for off+frameHeaderBytes <= int64(len(data)) {
		n := int64(frameBytes(int(order.Uint32([]byte(data[off+4:])) >> 8)))
		if off+n > int64(len(data)) {
			break
		}
		frame := []byte(data[off : off+n])
		if order.Uint64(frame) == 0 || frameCRC(frame) != order.Uint32(frame)^placeMask(testID, id, off) {
			break
		}
		places = append(places, off)
		off += n
	}
	return append(places, off)
}

// fate says what damage to a byte must lead to, and the offset that is to be named.
func (g *target) fate(id uint64, frames []int64, off int64) (fate, int64) {
	if off < headerBytes {
		return named, 0
	}
	at := Position{id, off}
	if at.Less(g.from) && g.from.Segment == id {
		if off >= g.from.Offset-markerBytes {
			return named, g.from.Offset
		}
		return vain, 0
	}
	for i, begin := range frames[:len(frames)-1] {
		if off < frames[i+1] && at.Less(g.last) {
			return named, begin
		} else if off < frames[i+1] {
			return torn, 0
		}
	}
	return vain, 0
}

// flip opens the log with one bit changed.
func (g *target) flip(name string, off int64, bit int, want fate, place int64) {
	g.t.Helper()
	mem := g.disk.Crash() // nothing is unsynced, so this is a plain copy
	file, err := mem.Open(filepath.Join(testDir, name))
	must(g.t, err)
	_, err = file.WriteAt([]byte{g.files[name][off] ^ 1<<bit}, off)
	must(g.t, err)
	g.flips[want]++
	told := g.books
	if want == torn && !g.closed {
		told.acked--
	}
	_, report, n, err := told.replay(Options{FS: mem, Dir: testDir, LogID: testID, SegmentBytes: g.segmentBytes, KeepRecycled: 2})
	var c *CorruptError
	switch {
	case want == named && (!errors.As(err, &c) || c.File != filepath.Join(testDir, name) || c.Offset != place):
		g.t.Errorf("bit %d at %d of %s, in what begins at %d: %v", bit, off, name, place, err)
	case want != named && (err != nil || n != told.acked):
		g.t.Errorf("bit %d at %d of %s: %d batches came back, want %d: %v", bit, off, name, n, told.acked, err)
	case want == torn && g.closed && report.Clean:
		g.t.Errorf("bit %d at %d of %s: taken for closed in order", bit, off, name)
	}
}

// flipAll flips one bit after the other in all files, every step-th of them.
func (g *target) flipAll(step int) {
	bit := 0
	for _, name := range slices.Sorted(maps.Keys(g.files)) {
		id, kind, _ := parseName(name)
		var frames []int64
		if kind == kindSegment {
			frames = g.frames(id)
		}
		for off := range int64(len(g.files[name])) {
			want, place := vain, int64(0)
			if kind == kindSegment {
				want, place = g.fate(id, frames, off)
			}
			for b := range 8 {
				if bit++; bit%step == 0 {
					g.flip(name, off, b, want, place)
				}
			}
		}
	}
}

// Whatever the log's shape: one flipped bit that something committed later or a clean close follows is found, and
// named by file and frame. In the last batch it takes that batch for torn, and nothing else. Elsewhere it does no
// harm.
func TestEveryFlippedBitThatSomethingLaterFollowsIsFoundAndNamed(t *testing.T) {
	step := 61
	if full() {
		step = 1
	}
	begin := time.Now()
	var sum [fates]int
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			g := newTarget(t, s)
			g.flipAll(step)
			for f, n := range g.flips {
				sum[f] += n
			}
			if g.flips[named] == 0 || g.flips[torn] == 0 || g.flips[vain] == 0 {
				t.Errorf("%d flips named, %d torn, %d in vain: want some of each", g.flips[named], g.flips[torn], g.flips[vain])
			}
		})
	}
	t.Logf("%d flips: %d found and named, %d in a last batch, %d where nothing is, %v",
		sum[named]+sum[torn]+sum[vain], sum[named], sum[torn], sum[vain], time.Since(begin).Round(time.Millisecond))
}
