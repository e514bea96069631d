package wal

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"paxos/vfs"
)

const (
	testID      = 0xfeedfacecafebeef
	testDir     = "/log"
	testSegment = 2048
)

// tester is the part of testing.T and rapid.T that the helpers need.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func options(fsys vfs.FS) Options {
	return Options{FS: fsys, Dir: testDir, LogID: testID, SegmentBytes: testSegment}
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens the log and returns its records as "type payload".
func open(t tester, fsys vfs.FS, from Position) (*Log, []string, Report) {
	t.Helper()
	l, records, report, err := tryOpen(options(fsys), from)
	must(t, err)
	return l, records, report
}

func tryOpen(o Options, from Position) (*Log, []string, Report, error) {
	var records []string
	var last Position
	l, report, err := Open(o, from, func(at Position, typ uint8, payload []byte) error {
		if !last.Less(at) {
			return fmt.Errorf("record at %v after one at %v", at, last)
		}
		last = at
		records = append(records, fmt.Sprintf("%d %s", typ, payload))
		return nil
	})
	return l, records, report, err
}

// commit commits one batch of records of type 1.
func commit(t tester, l *Log, payloads ...string) Position {
	t.Helper()
	end, err := l.Commit(batchOf(payloads...))
	must(t, err)
	return end
}

func batchOf(payloads ...string) *Batch {
	b := new(Batch)
	for _, p := range payloads {
		b.Add(1, []byte(p))
	}
	return b
}

func asRecords(payloads ...string) []string {
	var records []string
	for _, p := range payloads {
		records = append(records, "1 "+p)
	}
	return records
}

func wantRecords(t tester, got []string, payloads ...string) {
	t.Helper()
	if want := asRecords(payloads...); !slices.Equal(got, want) {
		t.Errorf("replayed %q, want %q", got, want)
	}
}

func wantCorrupt(t tester, err error, file string, offset int64) {
	t.Helper()
	var c *CorruptError
	if !errors.As(err, &c) || !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want an ErrCorrupt", err)
		return
	}
	if c.File != file || c.Offset != offset {
		t.Errorf("damage is said to be in %s at %d, want %s at %d: %v", c.File, c.Offset, file, offset, err)
	}
}

func segmentPath(id uint64) string { return filePath(testDir, id, kindSegment) }

// disk is the content of every file in the log's folder, by name.
func disk(t tester, fsys vfs.FS) map[string]string {
	t.Helper()
	names, err := fsys.List(testDir)
	must(t, err)
	files := map[string]string{}
	for _, name := range names {
		files[name] = string(readFile(t, fsys, testDir+"/"+name))
	}
	return files
}

func readFile(t tester, fsys vfs.FS, path string) []byte {
	t.Helper()
	f, err := fsys.OpenRead(path)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	data := make([]byte, size)
	if size > 0 {
		_, err = f.ReadAt(data, 0)
		must(t, err)
	}
	must(t, f.Close())
	return data
}

// writeFile makes path a durable file of exactly these bytes.
func writeFile(t tester, fsys vfs.FS, path string, data []byte) {
	t.Helper()
	must(t, fsys.MkdirAll(testDir))
	f, err := fsys.Open(path)
	if err != nil {
		f, err = fsys.Create(path)
	}
	must(t, err)
	must(t, f.Truncate(0))
	_, err = f.WriteAt(data, 0)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
	must(t, fsys.SyncDir(testDir))
}

// forged is a segment file built by hand.
type forged struct {
	id   uint64
	data []byte
	off  int // of the next batch
}

func forge(id uint64) *forged {
	f := &forged{id: id, data: make([]byte, testSegment), off: headerBytes}
	copy(f.data, header{segment: id, logID: testID, size: testSegment}.encode())
	return f
}

// batch puts a batch with number seq at the end; without records it is a clean
// close.
func (f *forged) batch(seq uint64, payloads ...string) *forged {
	return f.batchAs(f.id, seq, payloads...)
}

// batchAs puts it as if into another segment.
func (f *forged) batchAs(id, seq uint64, payloads ...string) *forged {
	typ := uint8(typeCommit)
	if len(payloads) == 0 {
		typ = typeClose
	}
	sealed := batchOf(payloads...).seal(typ, seq, testID, Position{id, int64(f.off)})
	f.off += copy(f.data[f.off:], sealed)
	return f
}

// torn puts a batch of two records whose second never reached the disk; nor did
// its marker, unless wanted.
func (f *forged) torn(seq uint64, withMarker bool) *forged {
	start := f.off
	f.batch(seq, "torn 1st", "torn 2nd")
	clear(f.data[start+16 : start+32])
	if !withMarker {
		clear(f.data[start+32 : f.off])
	}
	return f
}

func (f *forged) writeTo(t tester, fsys vfs.FS) {
	t.Helper()
	writeFile(t, fsys, segmentPath(f.id), f.data)
}

func newMem(t testing.TB, seed uint64) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem(seed)
	m.TearSectors(true)
	return m
}
