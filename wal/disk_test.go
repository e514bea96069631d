package wal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/vfs"
)

func diskOptions(dir string) Options {
	return Options{FS: vfs.OS{}, Dir: dir, LogID: testID}
}

func TestOnARealDisk(t *testing.T) {
	o := diskOptions(filepath.Join(t.TempDir(), "new", "log"))
	o.SegmentBytes = 64 << 10
	l, _, _, err := tryOpen(o, Position{})
	must(t, err)
	var want []string
	var from Position
	for i := range 300 {
		p := strings.Repeat("x", 10+i*3)
		end := commit(t, l, p)
		must(t, l.Prepare())
		want = append(want, p)
		if i == 200 {
			from, want = end, nil
			must(t, l.DropBefore(from))
		}
	}
	if s := l.Stats(); s.Recycled == 0 || s.Inline != 1 {
		t.Errorf("stats %+v", s)
	}
	must(t, l.Close())
	l, records, report, err := tryOpen(o, from)
	must(t, err)
	wantRecords(t, records, want...)
	if !report.Clean {
		t.Errorf("report %+v", report)
	}
	must(t, l.Close())
}

// A disk that is really full: a tmpfs of one and a half segments.
func TestAFullDiskEndsTheLogAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=192k"); err != nil {
		if errors.Is(err, unix.EPERM) {
			t.Skip("needs the right to mount a tmpfs (root); the same with injected ENOSPC is in crash_test.go")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	o := diskOptions(filepath.Join(dir, "log"))
	o.SegmentBytes = 64 << 10
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 64<<10), 0o600))

	l, _, _, err := tryOpen(o, Position{})
	must(t, err)
	want, err := fillDisk(l)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("after %d records: %v", len(want), err)
	}
	if _, again := l.Commit(batchOf("more")); again != err || l.Close() != err {
		t.Errorf("the error was not final: %v", again)
	}

	l, records, _, err := tryOpen(o, Position{}) // still full
	must(t, err)
	wantRecords(t, records, want...)
	must(t, l.Close())

	must(t, os.Remove(ballast))
	l, records, _, err = tryOpen(o, Position{})
	must(t, err)
	wantRecords(t, records, want...)
	more, err := fillDisk(l)
	if len(more) < 30 {
		t.Errorf("only %d records after room was made", len(more))
	}
	if l.Close() != err {
		t.Error("the error was not final")
	}
}

// fillDisk commits until the disk is full.
func fillDisk(l *Log) (acknowledged []string, err error) {
	for i := range 1000 {
		p := strings.Repeat("x", 1000+i%7)
		if _, err := l.Commit(batchOf(p)); err != nil {
			return acknowledged, err
		}
		acknowledged = append(acknowledged, p)
	}
	return acknowledged, nil
}
