package torture

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestADiskIsFilledFreedAndGoneAndNobodyElseSeesIt(t *testing.T) {
	needRoot(t)
	all, points, folder := serverMembers(2), filepath.Join(t.TempDir(), "disks"), filepath.Join(t.TempDir(), "data", "server-1")
	d, err := newDisks(points, all)
	ok(t, err)
	t.Cleanup(d.close)
	ok(t, d.lend(0, folder))
	file := filepath.Join(folder, "file")
	ok(t, os.WriteFile(file, []byte("kept"), 0o644))

	ok(t, d.fill(0))
	ok(t, d.fill(0)) // there is nothing to fill
	if err := os.WriteFile(filepath.Join(folder, "more"), []byte("x"), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	ok(t, d.lend(1, folder+"-2"))
	ok(t, os.WriteFile(filepath.Join(folder+"-2", "more"), []byte("x"), 0o644)) // its neighbour has room
	ok(t, d.free(0))
	ok(t, d.free(0))
	ok(t, os.WriteFile(filepath.Join(folder, "more"), []byte("x"), 0o644))

	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if ok(t, err); strings.Contains(string(mounts), points) {
		t.Errorf("this process sees the mounts:\n%s", mounts)
	}
	ok(t, d.keep(0, folder))
	d.close()
	if text, err := os.ReadFile(file); string(text) != "kept" {
		t.Errorf("the store was not kept: %q, %v", text, err)
	}
	if _, err := os.Stat(points); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the mount points are still there: %v", err)
	}
	if _, err := os.Stat(folder + "-2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the other disk is still there: %v", err)
	}
}
