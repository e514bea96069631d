package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/protocol"
)

// onDisk is a world of real files.
func onDisk(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{real: dir, segmentBytes: 64 << 10}
	w.twin.chunks = map[uint64][]byte{}
	_, err := w.open(true)
	must(t, err)
	return w
}

// copyOf opens a copy of a folder as the state of another world.
func (w *world) copyOf(dir string) *world {
	c := &world{real: dir, segmentBytes: w.segmentBytes, twin: w.twin}
	return c
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	must(t, os.RemoveAll(to))
	must(t, filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, path[len(from):])
		if e.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(path, target)
	}))
}

// copyFile leaves the hole at the end of a file a hole.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, bytes.TrimRight(data, "\x00"), 0o600); err != nil {
		return err
	}
	return os.Truncate(to, int64(len(data)))
}

// image reads the database without the hole at its end.
func image(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, databaseName))
	must(t, err)
	return bytes.TrimRight(data, "\x00")
}

func plantImage(t *testing.T, dir string, data []byte, size int) {
	t.Helper()
	path := filepath.Join(dir, databaseName)
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, data, 0o600))
	must(t, os.Truncate(path, int64(size)))
}

func TestKillCopiesOfARunReopen(t *testing.T) {
	top := t.TempDir()
	w, copied := onDisk(t, filepath.Join(top, "store")), filepath.Join(top, "copy")
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range uint64(12) {
		at := protocol.Instance(10 * n)
		must(t, w.commit(anyRecord(rng, at+1), vote(5, at+9)))
		if n%3 == 2 {
			must(t, w.save(w.freeze(at), n, 100+n))
		}
		copyFolder(t, w.real, copied)
		c := w.copyOf(copied)
		r, err := c.open(false)
		must(t, err)
		must(t, c.settle(r))
		must(t, c.close(nil))
	}
	must(t, w.close(nil))
}

// A crash within a commit of bbolt: pages reached the disk or not, and the meta
// page, if all others did, perhaps in part.
func TestACrashWithinACheckpointLeavesTheOldOneOrTheNew(t *testing.T) {
	top := t.TempDir()
	w, copied := onDisk(t, filepath.Join(top, "store")), filepath.Join(top, "copy")
	rng := rand.New(rand.NewPCG(2, 2))
	for n := range uint64(10) {
		at := protocol.Instance(10 * n)
		must(t, w.commit(anyRecord(rng, at+1), vote(5, at+9)))
		copyFolder(t, w.real, copied)
		before, c := image(t, w.real), w.freeze(at)
		c.Chunks = chunksOf([]uint64{n, 100 + n, 200 + n})
		old := w.copyOf(copied)
		old.twin.maybe = &c
		must(t, w.store.Checkpoint(c))
		after := image(t, w.real)
		info, err := os.Stat(filepath.Join(w.real, databaseName))
		must(t, err)
		plantImage(t, copied, halfCommitted(rng, before, after), int(info.Size()))
		r, err := old.open(false)
		must(t, err)
		must(t, old.settle(r))
		must(t, old.close(nil))
		w.saved(c)
	}
	must(t, w.close(nil))
}

func halfCommitted(rng *rand.Rand, before, after []byte) []byte {
	const page, sector = 4096, 512
	size := max(len(before), len(after))
	image := append(bytes.Clone(before), make([]byte, size-len(before))...)
	after = append(bytes.Clone(after), make([]byte, size-len(after))...)
	all := rng.IntN(2) == 0
	for at := 2 * page; at < size; at += sector {
		if end := min(at+sector, size); all || rng.IntN(2) == 0 {
			copy(image[at:end], after[at:end])
		}
	}
	if all {
		copy(image[:2*page], after[:rng.IntN(2*page+1)])
	}
	return image
}

func TestDamageOfTheDatabaseFileIsNoticedAndNamed(t *testing.T) {
	top := t.TempDir()
	w, copied := onDisk(t, filepath.Join(top, "store")), filepath.Join(top, "copy")
	for n := range uint64(6) {
		must(t, w.commit(vote(5, protocol.Instance(10*n+9))))
		c := w.freeze(0)
		c.ChunkCount = n + 1
		must(t, w.save(c, n))
	}
	must(t, w.close(nil))
	good := image(t, w.real)
	copyFolder(t, w.real, copied)
	rng := rand.New(rand.NewPCG(3, 3))
	noticed := 0
	for range 200 {
		data := bytes.Clone(good)
		data[metaPages+rng.IntN(len(data)-metaPages)] ^= 1 << rng.IntN(8)
		plantImage(t, copied, data, 16<<20)
		c := w.copyOf(copied)
		r, err := c.open(false)
		if err == nil {
			err = c.settle(r)
			_ = c.store.Close(nil)
		}
		if err == nil {
			continue // a free page, or room between things
		}
		noticed++
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Join(copied, databaseName)) {
			t.Fatalf("damage was not named: %v", err)
		}
	}
	if noticed < 15 {
		t.Errorf("only %d of 200 were noticed", noticed)
	}
}

// metaPages is what bbolt's two meta pages take. Each has a checksum; if the newer
// one is damaged bbolt takes the other.
const metaPages = 2 * 4096

func TestWithoutTheNewestMetaPageTheCheckpointBeforeAndTheLogSayEverything(t *testing.T) {
	w := onDisk(t, t.TempDir())
	must(t, w.commit(vote(1, 1), vote(1, 5), vote(1, 9), pin(1)))
	must(t, w.save(w.freeze(4), 0))
	before := w.twin.checkpoint
	must(t, w.commit(vote(2, 6), &protocol.Round{Round: 4}))
	must(t, w.save(w.freeze(8), 1))
	must(t, w.close(nil))
	data := image(t, w.real)
	newest := 0
	if a, b := data[16+48], data[4096+16+48]; b > a { // the low byte of the transaction
		newest = 4096
	}
	data[newest+16+20] ^= 1
	plantImage(t, w.real, data, 16<<20)
	w.twin.checkpoint = before
	delete(w.twin.chunks, 1)
	r, err := w.open(false)
	must(t, err)
	must(t, w.settle(r))
	must(t, w.close(nil))
}

func TestASecondProcessIsToldThatTheStoreIsInUse(t *testing.T) {
	w := onDisk(t, t.TempDir())
	if _, _, err := Open(w.options(true)); !errors.Is(err, ErrLocked) {
		t.Errorf("second: %v", err)
	}
	must(t, w.close(nil))
}

// tmpfs mounts a small disk for a test, which needs root.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a really full disk needs the right to mount a small one: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestAReallyFullDiskEndsTheStoreAndLosesNothing(t *testing.T) {
	fill := map[string]func(w *world, n uint64) error{
		"by the log": func(w *world, n uint64) error {
			var records []protocol.Record
			for i := range protocol.Instance(20) {
				v := vote(1, protocol.Instance(n)*20+i+1)
				v.Vote.Value = bytes.Repeat(v.Vote.Value, 20)
				records = append(records, v)
			}
			return w.commit(records...)
		},
		"by chunks": func(w *world, n uint64) error {
			if err := w.commit(vote(1, protocol.Instance(n+1))); err != nil {
				return err
			}
			c := w.freeze(protocol.Instance(n))
			c.Chunks = []Chunk{{Number: n, Data: bytes.Repeat([]byte{byte(n)}, 100_000)}}
			w.twin.maybe = &c
			if err := w.store.Checkpoint(c); err != nil {
				return err
			}
			w.saved(c)
			return nil
		},
	}
	for how, step := range fill {
		t.Run(how, func(t *testing.T) { fullDisk(t, step) })
	}
}

func fullDisk(t *testing.T, step func(w *world, n uint64) error) {
	dir := tmpfs(t, "3m")
	w := onDisk(t, filepath.Join(dir, "store"))
	var first error
	for n := range uint64(1000) {
		if first = step(w, n); first != nil {
			break
		}
	}
	if !errors.Is(first, ErrDiskFull) || !strings.Contains(first.Error(), w.real) {
		t.Fatalf("the disk is full: %v", first)
	}
	if err := w.store.Close(nil); err != first { //nolint:errorlint // the very error
		t.Errorf("close: %v", err)
	}
	if _, err := w.open(true); err != nil && !errors.Is(err, ErrDiskFull) {
		t.Errorf("opened while there is no room: %v", err)
	} else if err == nil {
		must(t, w.store.Close(nil))
	}
	must(t, unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=32m"))
	r, err := w.open(true)
	must(t, err)
	must(t, w.settle(r))
	must(t, step(w, 2000))
	must(t, w.close(nil))
}

func BenchmarkCommit(b *testing.B) {
	for name, value := range map[string]int{"vote of 100 B": 100, "vote of 8 KiB": 8 << 10} {
		b.Run(name, func(b *testing.B) { benchmarkCommit(b, value) })
	}
}

func benchmarkCommit(b *testing.B, value int) {
	s, _, err := Open(Options{Dir: b.TempDir(), Want: testIdentity, Init: true})
	must(b, err)
	rec := &protocol.Voted{Vote: protocol.Vote{Ballot: ballot(1), Value: make([]byte, value)}}
	var batch Batch
	dropped := s.Covered()
	b.SetBytes(int64(value))
	b.ReportAllocs()
	for b.Loop() {
		rec.Vote.Instance++
		batch.Add(rec)
		must(b, s.Commit(&batch))
		batch.Reset()
		if at := s.Covered(); at.Segment != dropped.Segment { // as checkpoints do
			must(b, s.log.DropBefore(at))
			must(b, s.log.Prepare())
			dropped = at
		}
	}
	must(b, s.Close(nil))
}

func BenchmarkCheckpointOf4MiB(b *testing.B) {
	s, _, err := Open(Options{Dir: b.TempDir(), Want: testIdentity, Init: true})
	must(b, err)
	c := Checkpoint{Head: make([]byte, 64<<10), Promised: ballot(1)}
	for range 64 {
		c.Chunks = append(c.Chunks, Chunk{Data: make([]byte, 64<<10)})
	}
	for i := range protocol.Instance(20) {
		c.Votes = append(c.Votes, vote(1, 1<<40+i).Vote)
	}
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		c.Applied++
		c.Covers = s.Covered()
		for i := range c.Chunks {
			c.Chunks[i].Number = uint64(c.Applied)*64 + uint64(i)
		}
		must(b, s.Checkpoint(c))
	}
	must(b, s.Close(nil))
}

func BenchmarkRestoreOf10000Votes(b *testing.B) {
	dir := b.TempDir()
	s, _, err := Open(Options{Dir: dir, Want: testIdentity, Init: true})
	must(b, err)
	var batch Batch
	for i := range protocol.Instance(10_000) {
		batch.Add(vote(1, i+1))
	}
	must(b, s.Commit(&batch))
	must(b, s.Close(nil))
	b.ReportAllocs()
	for b.Loop() {
		s, r, err := Open(Options{Dir: dir, Want: testIdentity})
		must(b, err)
		if len(r.Votes) != 10_000 {
			b.Fatal(len(r.Votes))
		}
		must(b, s.Close(nil))
	}
}

// Who names a file, a backup say, in the place of a folder is told so.
func TestAFileIsNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("backup"), 0o600))
	_, _, err := Open(Options{Dir: path, Want: Identity{Cluster: 7, Role: protocol.RoleServer, ID: 2}})
	_, noIdentity := ReadIdentity(path)
	for _, err := range []error{err, noIdentity} {
		if !errors.Is(err, ErrNotFormatted) || !strings.Contains(err.Error(), "it is a file, not a folder") {
			t.Error(err)
		}
	}
}
