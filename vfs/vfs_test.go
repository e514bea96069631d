package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
)

// every runs a claim against each implementation, in a folder of its own.
func every(t *testing.T, claim func(t *testing.T, fsys FS, dir string)) {
	t.Run("OS", func(t *testing.T) { claim(t, OS{}, t.TempDir()) })
	t.Run("Mem", func(t *testing.T) { claim(t, memWithDir(t, 1), "/d") })
	t.Run("Faulty", func(t *testing.T) { claim(t, NewFaulty(memWithDir(t, 1), Fault{}), "/d") })
}

func memWithDir(t testing.TB, seed uint64) *Mem {
	t.Helper()
	m := NewMem(seed)
	must(t, m.MkdirAll("/d"))
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, f File, off int64, s string) {
	t.Helper()
	n, err := f.WriteAt([]byte(s), off)
	must(t, err)
	if n != len(s) {
		t.Fatalf("wrote %d of %d bytes", n, len(s))
	}
}

func create(t testing.TB, fsys FS, path, content string) File {
	t.Helper()
	f, err := fsys.Create(path)
	must(t, err)
	write(t, f, 0, content)
	return f
}

func content(t testing.TB, fsys FS, path string) string {
	t.Helper()
	f, err := fsys.OpenRead(path)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	buf := make([]byte, size)
	if n, err := f.ReadAt(buf, 0); n != len(buf) && err != nil {
		t.Fatal(err)
	}
	must(t, f.Close())
	return string(buf)
}

func names(t testing.TB, fsys FS, dir string) []string {
	t.Helper()
	l, err := fsys.List(dir)
	must(t, err)
	return l
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	every(t, func(t *testing.T, fsys FS, dir string) {
		path := filepath.Join(dir, "a")
		f := create(t, fsys, path, "hello")
		write(t, f, 8, "world")
		write(t, f, 0, "J")
		must(t, f.Sync())
		if got := content(t, fsys, path); got != "Jello\x00\x00\x00world" {
			t.Errorf("content %q", got)
		}
		must(t, f.Truncate(3))
		must(t, f.Truncate(5))
		if got := content(t, fsys, path); got != "Jel\x00\x00" {
			t.Errorf("content after truncating to 3 and 5: %q", got)
		}
		if size, err := fsys.Size(path); err != nil || size != 5 {
			t.Errorf("size %d, %v", size, err)
		}
		if n, err := f.ReadAt(make([]byte, 4), 3); n != 2 || err != io.EOF {
			t.Errorf("read over the end: %d, %v", n, err)
		}
		must(t, f.Close())
	})
}

func TestNamesFollowCreateRenameRemove(t *testing.T) {
	every(t, func(t *testing.T, fsys FS, dir string) {
		for _, name := range []string{"b", "a", "c"} {
			must(t, create(t, fsys, filepath.Join(dir, name), name).Close())
		}
		must(t, fsys.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
		must(t, fsys.Remove(filepath.Join(dir, "c")))
		must(t, fsys.SyncDir(dir))
		if got := names(t, fsys, dir); !slices.Equal(got, []string{"b"}) {
			t.Errorf("names %q", got)
		}
		if got := content(t, fsys, filepath.Join(dir, "b")); got != "a" {
			t.Errorf("b holds %q, not what was renamed over it", got)
		}
	})
}

func TestWrongUseIsAnErrorOfItsClass(t *testing.T) {
	every(t, func(t *testing.T, fsys FS, dir string) {
		path, missing := filepath.Join(dir, "a"), filepath.Join(dir, "missing")
		must(t, create(t, fsys, path, "x").Close())
		for what, c := range map[string]struct{ got, want error }{
			"create what is there": {second(fsys.Create(path)), fs.ErrExist},
			"open missing":         {second(fsys.Open(missing)), fs.ErrNotExist},
			"read missing":         {second(fsys.OpenRead(missing)), fs.ErrNotExist},
			"remove missing":       {fsys.Remove(missing), fs.ErrNotExist},
			"rename missing":       {fsys.Rename(missing, path), fs.ErrNotExist},
			"size of missing":      {second(fsys.Size(missing)), fs.ErrNotExist},
			"list missing":         {second(fsys.List(missing)), fs.ErrNotExist},
			"sync missing folder":  {fsys.SyncDir(missing), fs.ErrNotExist},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("%s: %v", what, c.got)
			}
		}
		if err := fsys.Rename(path, filepath.Join(dir, "sub", "a")); err == nil {
			t.Error("renamed into another folder")
		}
		f, err := fsys.OpenRead(path)
		must(t, err)
		if _, err := f.WriteAt([]byte("y"), 0); err == nil {
			t.Error("wrote to a file opened for reading")
		}
		must(t, f.Close())
		if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read of a closed file: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestFoldersAreMadeToAnyDepthOnce(t *testing.T) {
	every(t, func(t *testing.T, fsys FS, dir string) {
		deep := filepath.Join(dir, "x", "y", "z")
		must(t, fsys.MkdirAll(deep))
		must(t, fsys.MkdirAll(deep))
		must(t, create(t, fsys, filepath.Join(deep, "f"), "1").Close())
		if err := fsys.MkdirAll(filepath.Join(deep, "f")); err == nil {
			t.Error("made a folder where a file is")
		}
	})
}

func TestALockExcludesOthersUntilClosed(t *testing.T) {
	every(t, func(t *testing.T, fsys FS, dir string) {
		path := filepath.Join(dir, "lock")
		held, err := fsys.Lock(path)
		must(t, err)
		if _, err := fsys.Lock(path); !errors.Is(err, ErrLocked) {
			t.Errorf("second lock: %v", err)
		}
		must(t, held.Close())
		again, err := fsys.Lock(path)
		must(t, err)
		must(t, again.Close())
	})
}
