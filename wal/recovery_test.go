package wal

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"paxos/vfs"
)

// The cases in this file walk the tables "What Open does" of docs/wal.md: each
// names its row, and in the end the rows walked are compared with those written.

var rowsWalked = map[string]bool{}

func walked(row string) { rowsWalked[row] = true }

func TestEveryRowOfTheRecoveryTables(t *testing.T) {
	folderRows(t)
	headerRows(t)
	beginningRows(t)
	tailRows(t)
	doc, err := os.ReadFile("../docs/wal.md")
	must(t, err)
	written := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([FHBT][0-9]+) \|`).FindAllStringSubmatch(string(doc), -1) {
		written[m[1]] = true
	}
	if !maps.Equal(written, rowsWalked) {
		t.Errorf("docs/wal.md has the rows %v, walked were %v",
			slices.Sorted(maps.Keys(written)), slices.Sorted(maps.Keys(rowsWalked)))
	}
}

// reopenWorks checks what must hold after every successful Open: it survives a
// power failure as it is, and the log goes on.
func reopenWorks(t *testing.T, fsys *vfs.Mem, l *Log, from Position, records []string) {
	t.Helper()
	end := l.End()
	after := fsys.Crash()
	again, got, report := open(t, after, from)
	if !slices.Equal(got, records) || report.End != end || report.Torn || report.Cut != 0 {
		t.Errorf("a crash after Open changed the log: %q, %+v; was %q, %v", got, report, records, end)
	}
	commit(t, again, "more")
	must(t, again.Close())
	last, got, report := open(t, after, from)
	if want := append(slices.Clone(records), "1 more"); !slices.Equal(got, want) || !report.Clean {
		t.Errorf("after going on: %q, %+v; want %q", got, report, want)
	}
	must(t, last.Close())
}

func folderRows(t *testing.T) {
	seg := func(id, seq uint64) *forged { return forge(id).batch(seq, fmt.Sprint("batch ", seq)) }
	inSecond := Position{2, int64(seg(2, 2).off)}
	spare := func(id uint64, bytes int) func(tester, vfs.FS) {
		return func(t tester, fsys vfs.FS) {
			writeFile(t, fsys, filePath(testDir, id, kindSpare), seg(id, id).data[:bytes])
		}
	}
	for _, c := range []struct {
		row      string
		segments []*forged
		also     func(tester, vfs.FS)
		from     Position
		missing  uint64   // refused for want of this segment
		replayed []string // else
		left     []string // names in the folder afterwards
	}{
		{row: "F1", left: []string{"lock"}},
		{row: "F2", from: inSecond, missing: 2},
		{row: "F3", segments: []*forged{seg(2, 2)}, missing: 1},
		{row: "F3", segments: []*forged{seg(1, 1)}, from: inSecond, missing: 2},
		{row: "F3", segments: []*forged{seg(1, 1), seg(3, 3)}, from: inSecond, missing: 2},
		{row: "F4", segments: []*forged{seg(1, 1), seg(3, 3)}, missing: 2},
		{row: "F4", segments: []*forged{seg(1, 1), seg(2, 2), seg(4, 4)}, from: inSecond, missing: 3},
		{row: "F5", segments: []*forged{seg(1, 1), seg(2, 2), seg(3, 3)}, from: inSecond, replayed: []string{"batch 3"},
			left: []string{"0000000000000001.spare", "0000000000000002.wal", "0000000000000003.wal", "lock"}},
		{row: "F6", segments: []*forged{seg(1, 1)}, replayed: []string{"batch 1"},
			also: func(t tester, fsys vfs.FS) {
				writeFile(t, fsys, filePath(testDir, 2, kindNew), make([]byte, 700))
			},
			left: []string{"0000000000000001.wal", "lock"}},
		{row: "F7", segments: []*forged{seg(2, 2)}, from: inSecond, also: spare(1, testSegment),
			left: []string{"0000000000000001.spare", "0000000000000002.wal", "lock"}},
		{row: "F8", segments: []*forged{seg(2, 2)}, from: inSecond, also: spare(1, testSegment-512),
			left: []string{"0000000000000002.wal", "lock"}},
		{row: "F9", segments: []*forged{seg(1, 1)}, replayed: []string{"batch 1"},
			also: func(t tester, fsys vfs.FS) { writeFile(t, fsys, testDir+"/notes.txt", []byte("x")) },
			left: []string{"0000000000000001.wal", "lock", "notes.txt"}},
	} {
		walked(c.row)
		t.Run(c.row, func(t *testing.T) {
			fsys := newMem(t, 1)
			for _, s := range c.segments {
				s.writeTo(t, fsys)
			}
			if c.also != nil {
				c.also(t, fsys)
			}
			l, records, _, err := tryOpen(options(fsys), c.from)
			if c.missing > 0 {
				wantCorrupt(t, err, segmentPath(c.missing), 0)
				return
			}
			must(t, err)
			wantRecords(t, records, c.replayed...)
			if left := slices.Sorted(maps.Keys(disk(t, fsys))); !slices.Equal(left, c.left) {
				t.Errorf("left %q, want %q", left, c.left)
			}
			reopenWorks(t, fsys, l, c.from, records)
		})
	}
}

func headerRows(t *testing.T) {
	reheader := func(h header) func([]byte) []byte {
		return func(data []byte) []byte { copy(data, h.encode()); return data }
	}
	version2 := func(data []byte) []byte {
		data[8] = 2
		order.PutUint32(data[60:], frameCRC(append(make([]byte, 4), data[:60]...)))
		return data
	}
	for _, c := range []struct {
		row   string
		spoil func([]byte) []byte
	}{
		{"H1", func(data []byte) []byte { clear(data[:headerBytes]); return data }},
		{"H1", func(data []byte) []byte { data[40]++; return data }},
		{"H1", func(data []byte) []byte { return data[:headerBytes-1] }},
		{"H1", func(data []byte) []byte { return nil }},
		{"H2", version2},
		{"H3", reheader(header{segment: 7, logID: testID, size: testSegment})},
		{"H4", reheader(header{segment: 2, logID: testID + 1, size: testSegment})},
		{"H5", func(data []byte) []byte { return data[:testSegment-1] }},
		{"H5", func(data []byte) []byte { return append(data, 0) }},
	} {
		walked(c.row)
		for name, second := range map[string]*forged{"in use": forge(2).batch(2, "b"), "ready": forge(2)} {
			t.Run(c.row+" "+name, func(t *testing.T) {
				fsys := newMem(t, 1)
				forge(1).batch(1, "a").writeTo(t, fsys)
				second.data = c.spoil(slices.Clone(second.data))
				second.writeTo(t, fsys)
				before := disk(t, fsys)
				_, _, _, err := tryOpen(options(fsys), Position{})
				wantCorrupt(t, err, segmentPath(2), 0)
				unchanged(t, fsys, before)
			})
		}
	}
}

func unchanged(t *testing.T, fsys vfs.FS, before map[string]string) {
	t.Helper()
	after := disk(t, fsys)
	delete(after, lockName)
	delete(before, lockName)
	if !maps.Equal(before, after) {
		t.Error("Open refused, but changed the disk")
	}
}

func beginningRows(t *testing.T) {
	s := forge(1).batch(1, "a")
	first := int64(s.off)
	s.batch(2)
	closed := int64(s.off)
	s.batch(3, "b")
	for _, c := range []struct {
		row      string
		from     Position
		refused  bool
		replayed []string
	}{
		{row: "B1", replayed: []string{"a", "b"}},
		{row: "B2", from: Position{1, first}, replayed: []string{"b"}},
		{row: "B2", from: Position{1, closed}, replayed: []string{"b"}},
		{row: "B3", from: Position{1, headerBytes}, refused: true},
		{row: "B3", from: Position{1, first + 8}, refused: true},
		{row: "B3", from: Position{1, first + 1}, refused: true},
		{row: "B3", from: Position{1, int64(s.off) + 64}, refused: true},
		{row: "B3", from: Position{1, testSegment + 64}, refused: true},
		{row: "B3", from: Position{1, -8}, refused: true},
		{row: "B3", from: Position{0, 8}, refused: true},
	} {
		walked(c.row)
		t.Run(fmt.Sprint(c.row, " ", c.from), func(t *testing.T) {
			fsys := newMem(t, 1)
			s.writeTo(t, fsys)
			l, records, _, err := tryOpen(options(fsys), c.from)
			if c.refused {
				wantCorrupt(t, err, segmentPath(1), c.from.Offset)
				return
			}
			must(t, err)
			wantRecords(t, records, c.replayed...)
			reopenWorks(t, fsys, l, c.from, records)
		})
	}
}

// tailCase is one combination of the table about the tail. The log has come to
// batch n, which belongs at off in segment 1.
type tailCase struct{ before, here, behind, next string }

func (c tailCase) String() string {
	return strings.Join([]string{c.before, c.here, c.behind, c.next}, ", ")
}

var (
	befores = []string{"nothing before", "batches before", "clean close before", "reading begins here"}
	heres   = []string{"zeros", "earlier use", "damaged close", "torn", "torn with marker"}
	behinds = []string{"no marker", "marker of an earlier batch", "later marker"}
	nexts   = []string{"none", "ready", "two ready", "torn", "torn with marker", "goes on", "goes on after a ready one",
		"begins later", "begins later after a ready one", "damaged, then later"}
)

// row is the table as docs/wal.md has it.
func (c tailCase) row() string {
	goesOn := strings.HasPrefix(c.next, "goes on")
	switch {
	case c.behind == "later marker":
		return "T1"
	case strings.HasPrefix(c.next, "begins later"):
		return "T2"
	case c.next == "damaged, then later":
		return "T3"
	case goesOn:
		return "T4"
	case c.here == "zeros":
		return "T5"
	case c.here == "earlier use" || c.here == "damaged close":
		return "T6"
	}
	return "T7"
}

// build makes the segments, and says what was committed before batch n, where
// reading is to begin, and the offset of the first bad frame in segment 1.
func (c tailCase) build() (segments []*forged, n uint64, before []string, from Position, bad int64) {
	one := forge(1)
	n = 1
	if c.before != "nothing before" {
		one.batch(1, "first").batch(2, "second")
		n, before = 3, []string{"first", "second"}
	}
	switch c.before {
	case "clean close before":
		one.batch(3)
		n = 4
	case "reading begins here":
		before, from = nil, Position{1, int64(one.off)}
	}
	bad = int64(one.off)
	one.buildHere(c.here, n, &bad)
	one.off = max(one.off, int(bad)+512)
	switch c.behind {
	case "later marker":
		one.batch(n+1, "later")
	case "marker of an earlier batch":
		one.batch(n-1, "cut long ago")
	}
	return append([]*forged{one}, buildNext(c.next, n)...), n, before, from, bad
}

func (f *forged) buildHere(here string, n uint64, bad *int64) {
	switch here {
	case "earlier use":
		f.batchAs(99, n, "stale").batchAs(99, n+7, "stale")
	case "damaged close":
		f.batch(n)
		f.data[f.off-1] ^= 1
	case "torn":
		f.torn(n, false)
		*bad += 16
	case "torn with marker":
		f.torn(n, true)
		*bad += 16
	}
}

func buildNext(next string, n uint64) []*forged {
	switch next {
	case "none":
		return nil
	case "ready":
		return []*forged{forge(2)}
	case "two ready":
		return []*forged{forge(2), forge(3)}
	case "torn", "torn with marker":
		return []*forged{forge(2).torn(n, next == "torn with marker"), forge(3)}
	case "goes on":
		return []*forged{forge(2).batch(n, "next").batch(n+1, "and next")}
	case "goes on after a ready one":
		return []*forged{forge(2), forge(3).batch(n, "next").batch(n+1, "and next")}
	case "begins later":
		return []*forged{forge(2).batch(n+1, "later")}
	case "begins later after a ready one":
		return []*forged{forge(2), forge(3).batch(n+1, "later")}
	case "damaged, then later":
		return []*forged{forge(2).torn(n, true).batch(n+1, "later")}
	}
	panic("no such case: " + next)
}

func tailRows(t *testing.T) {
	for _, before := range befores {
		for _, here := range heres {
			for _, behind := range behinds {
				for _, next := range nexts {
					c := tailCase{before, here, behind, next}
					walked(c.row())
					t.Run(c.row()+" "+c.String(), c.check)
				}
			}
		}
	}
}

func (c tailCase) check(t *testing.T) {
	fsys := newMem(t, 1)
	segments, _, before, from, bad := c.build()
	for _, s := range segments {
		s.writeTo(t, fsys)
	}
	image := disk(t, fsys)
	l, records, report, err := tryOpen(options(fsys), from)
	switch c.row() {
	case "T1":
		wantCorrupt(t, err, segmentPath(1), bad)
	case "T2":
		if c.next == "begins later" {
			wantCorrupt(t, err, segmentPath(1), bad)
		} else {
			wantCorrupt(t, err, segmentPath(2), headerBytes)
		}
	case "T3":
		wantCorrupt(t, err, segmentPath(2), headerBytes+16)
	default:
		must(t, err)
		c.checkOpened(t, fsys, l, records, report, before)
		reopenWorks(t, fsys, l, from, records)
		return
	}
	unchanged(t, fsys, image)
}

func (c tailCase) checkOpened(t *testing.T, fsys *vfs.Mem, l *Log, records []string, report Report, before []string) {
	t.Helper()
	want := before
	if c.row() == "T4" {
		want = append(slices.Clone(before), "next", "and next")
	}
	wantRecords(t, records, want...)
	torn := c.row() != "T4" && (strings.HasPrefix(c.here, "torn") || strings.HasPrefix(c.next, "torn"))
	if report.Torn != torn || report.Clean != (c.before == "clean close before" && c.row() != "T4") {
		t.Errorf("report %+v", report)
	}
	tail := l.active
	for off, b := range readFile(t, fsys, tail.path)[l.off:] {
		if b != 0 {
			t.Fatalf("a byte behind the end, at %d, was not cleared", l.off+int64(off))
		}
	}
	for _, s := range l.ready {
		if data := readFile(t, fsys, s.path)[headerBytes:]; strings.Trim(string(data), "\x00") != "" {
			t.Errorf("%s was not cleared", s.path)
		}
	}
}
