package vfs

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheNthOperationOfAKindFailsAndOnlyThat(t *testing.T) {
	f := NewFaulty(memWithDir(t, 1), Fault{Kinds: OpWrite, N: 2, Err: unix.EIO})
	file := create(t, f, "/d/a", "first")
	must(t, file.Sync())
	if n, err := file.WriteAt([]byte("second"), 0); n != 0 || !errors.Is(err, unix.EIO) {
		t.Errorf("second write: %d, %v", n, err)
	}
	write(t, file, 5, " third")
	if got := content(t, f, "/d/a"); got != "first third" {
		t.Errorf("content %q", got)
	}
	if f.Fired() != 1 || f.Count(OpWrite) != 3 || f.Count(OpSync|OpCreate) != 2 {
		t.Errorf("fired %d, %d writes, %d syncs and creates", f.Fired(), f.Count(OpWrite), f.Count(OpSync|OpCreate))
	}
}

func TestAFaultForEverGoesOn(t *testing.T) {
	f := NewFaulty(memWithDir(t, 1), Fault{N: 2, Forever: true, Err: unix.ENOSPC})
	file, err := f.Create("/d/a")
	must(t, err)
	for range 3 {
		if err := file.Sync(); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("sync: %v", err)
		}
	}
	must(t, file.Close())
}

func TestAShortWriteWritesHalf(t *testing.T) {
	f := NewFaulty(memWithDir(t, 1), Fault{Kinds: OpWrite, N: 1, Short: true, Err: unix.ENOSPC})
	file, err := f.Create("/d/a")
	must(t, err)
	if n, err := file.WriteAt([]byte("12345678"), 0); n != 4 || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if got := content(t, f, "/d/a"); got != "1234" {
		t.Errorf("content %q", got)
	}
}

func TestEveryKindCanBeMadeToFail(t *testing.T) {
	calls := map[Op]func(FS, File) error{
		OpOpen:     func(fsys FS, _ File) error { return second(fsys.Open("/d/a")) },
		OpCreate:   func(fsys FS, _ File) error { return second(fsys.Create("/d/b")) },
		OpRead:     func(_ FS, f File) error { return second(f.ReadAt(make([]byte, 1), 0)) },
		OpWrite:    func(_ FS, f File) error { return second(f.WriteAt([]byte("x"), 0)) },
		OpSync:     func(_ FS, f File) error { return f.Sync() },
		OpTruncate: func(_ FS, f File) error { return f.Truncate(1) },
		OpRemove:   func(fsys FS, _ File) error { return fsys.Remove("/d/a") },
		OpRename:   func(fsys FS, _ File) error { return fsys.Rename("/d/a", "/d/b") },
		OpSyncDir:  func(fsys FS, _ File) error { return fsys.SyncDir("/d") },
		OpMkdir:    func(fsys FS, _ File) error { return fsys.MkdirAll("/d/e") },
		OpList:     func(fsys FS, _ File) error { return second(fsys.List("/d")) },
		OpLock:     func(fsys FS, _ File) error { return second(fsys.Lock("/d/lock")) },
	}
	for op := Op(1); op < opEnd; op <<= 1 {
		f := NewFaulty(memWithDir(t, 1), Fault{})
		file := create(t, f, "/d/a", "x")
		f.Arm(Fault{Kinds: op, N: 1, Err: unix.EIO})
		if err := calls[op](f, file); !errors.Is(err, unix.EIO) {
			t.Errorf("kind %b: %v", op, err)
		}
		if err := calls[op](f, file); err != nil {
			t.Errorf("kind %b, again: %v", op, err)
		}
	}
}
