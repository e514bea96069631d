package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/storage"
)

// asOwner gives a folder to a user who is not root, and lets this test be that user, as far
// as files go, until it ends.
func asOwner(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return // we are that user
	}
	const nobody = 65534
	for _, above := range []string{filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, nobody, nobody)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // it is this thread's user
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
	})
}

// Who runs a command as the wrong user is told so: neither the store nor the disk is to
// blame, and nobody may lose a vote for it.
func TestWhatOneMayNotReadIsNotDamaged(t *testing.T) {
	for _, name := range []string{".", storage.IdentityName, storage.DatabaseName, storage.LogName, filepath.Join(storage.LogName, "0000000000000001.wal")} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "server-2")
			makeStore(t, dir)
			asOwner(t, dir)
			path := filepath.Join(dir, name)
			if err := os.Chmod(path, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(path, 0o700) }) // so that it can be removed
			for _, args := range [][]string{
				{"inspect", "store", dir}, {"inspect", "verify", dir}, {"inspect", "diff", dir, dir},
				{"repair", "cut-tail", dir, "--dry-run"}, {"repair", "new-cluster", dir, "--node", "127.0.0.1:1", "--dry-run"},
			} {
				code, stdout, stderr := call(t, "", args...)
				if code != exitRefused || !strings.Contains(stderr, "as the user to whom") || strings.Contains(stdout+stderr, "damaged") {
					t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
				}
			}
			_, _, err := storage.Open(storage.Options{Dir: dir, Want: storage.Identity{Cluster: 7, Role: 5, ID: 2}})
			if storeExitCode(err) != exitRefused || !strings.Contains(err.Error(), "as the user to whom") {
				t.Errorf("to start on it: exit code %d: %v", storeExitCode(err), err)
			}
		})
	}
}

// A node whose folder this user may not read is not left out of a comparison in silence.
func TestAStoreThatOneMayNotReadIsNotLeftOut(t *testing.T) {
	top := filepath.Join(t.TempDir(), "nodes")
	for _, name := range []string{"server-1", "server-2", "server-3"} {
		makeStore(t, filepath.Join(top, name))
	}
	asOwner(t, top)
	hidden := filepath.Join(top, "server-2")
	if err := os.Chmod(hidden, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(hidden, 0o700) }) // so that it can be removed
	if code, stdout, stderr := call(t, "", "inspect", "diff", top); code != exitRefused || !strings.Contains(stderr, hidden) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
