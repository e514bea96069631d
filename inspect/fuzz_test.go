package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"paxos/storage"
)

// FuzzVerify damages any file of a store anywhere, or cuts it: all of it is walked
// to its end, without a panic, and nothing is changed.
func FuzzVerify(f *testing.F) {
	whole := f.TempDir()
	smallStore(f, whole)
	names := []string{storage.IdentityName, storage.DatabaseName, "log/0000000000000005.wal", "log/0000000000000006.wal"}
	f.Add(uint8(0), uint32(20), []byte{1}, uint16(0))
	f.Add(uint8(1), uint32(4096*3+16), []byte{0xff, 0xff, 0xff}, uint16(0))
	f.Add(uint8(1), uint32(4096*6+8), []byte{1, 0, 0xff, 0xff}, uint16(0))
	f.Add(uint8(2), uint32(64), []byte("damage"), uint16(100))
	f.Add(uint8(3), uint32(8), []byte{9}, uint16(0))
	f.Fuzz(func(t *testing.T, which uint8, at uint32, damage []byte, cut uint16) {
		dir := t.TempDir()
		copyStore(t, whole, dir)
		path := filepath.Join(dir, names[int(which)%len(names)])
		data, err := os.ReadFile(path)
		must(t, err)
		data = data[:min(len(data), 40*4096)]
		data = data[:len(data)-int(cut)%(len(data)+1)]
		for i, b := range damage {
			if len(data) > 0 {
				data[(int(at)+i)%len(data)] ^= b
			}
		}
		must(t, os.WriteFile(path, data, 0o600))
		before := contents(t, dir)
		found, sum := findings(t, dir)
		if notes := len(found) - sum.Damaged; notes != sum.Notes {
			t.Errorf("%d findings, %d damaged, %d notes", len(found), sum.Damaged, sum.Notes)
		}
		folder, err := Open(dir, Options{})
		must(t, err)
		folder.Store()
		_ = folder.Entries(0, func(uint64, []byte) error { return nil })
		must(t, folder.Close())
		for path, text := range contents(t, dir) {
			if before[path] != text {
				t.Errorf("%s was changed", path)
			}
		}
	})
}

// copyStore copies a store, without the hole at the end of its database.
func copyStore(t testing.TB, from, to string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(to, "log"), 0o700))
	for _, pattern := range []string{"*", "log/*"} {
		paths, err := filepath.Glob(filepath.Join(from, pattern))
		must(t, err)
		for _, path := range paths {
			info, err := os.Stat(path)
			must(t, err)
			if info.IsDir() {
				continue
			}
			data, err := os.ReadFile(path)
			must(t, err)
			name, err := filepath.Rel(from, path)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(to, name), data[:min(len(data), 40*4096)], 0o600))
		}
	}
}
