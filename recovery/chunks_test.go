package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/storage"
)

// rotChunk changes a byte of a chunk on the disk.
func rotChunk(t testing.TB, dir string, number uint64) {
	t.Helper()
	s, err := OpenStopped(dir)
	must(t, err)
	chunk, err := s.Chunk(number)
	must(t, err)
	chunk = bytes.Clone(chunk)
	must(t, s.Close())
	path := filepath.Join(dir, storage.DatabaseName)
	file, err := os.ReadFile(path)
	must(t, err)
	if bytes.Count(file, chunk) != 1 {
		t.Fatalf("the chunk stands %d times in the file", bytes.Count(file, chunk))
	}
	file[bytes.Index(file, chunk)+len(chunk)/2] ^= 1
	must(t, os.WriteFile(path, file, 0o644))
}

// The members of a cluster do not change for a store that cannot be made; nor is anybody asked
// whether a new cluster may be begun with a list that cannot be read.
func TestAListWithADamagedChunkIsRefusedBeforeAnythingIsChanged(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 24)
	rotChunk(t, dir, 1)
	c := newFakeCluster()
	for n := range 1100 {
		c.list = append(c.list, 1300+n)
	}
	to := filepath.Join(t.TempDir(), "new")
	joined := join(t, to, dir, c, "127.0.0.1:2", true)
	if len(c.told) > 0 {
		t.Errorf("the cluster was told %v", c.told)
	}
	_, reissued := reissue(t, dir, to)
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	n := Foundation{Folder: take(t, to), Address: "127.0.0.1:9", Cluster: newCluster, Name: "second", Source: s, Now: time.UnixMilli(1)}
	_, backedUp := s.Backup(io.Discard, time.UnixMilli(1), nil)
	for what, err := range map[string]error{"backup": backedUp, "rebuild": joined, "cut-tail": reissued, "new-cluster": n.Plan(t.Context(), &Plan{}, nil)} {
		if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "checkpoint.db at offset ") || !strings.Contains(err.Error(), "chunk 1:") || !strings.Contains(err.Error(), "--skip-damaged") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if exists(filepath.Join(to, "repair")) {
		t.Error("a store was begun")
	}
}

func TestWhatIsLeftOfADamagedListIsRead(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 43) // 4,200 entries, 4 chunks
	rotChunk(t, dir, 1)
	rotChunk(t, dir, 2)
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	for from, want := range map[uint64][]string{
		0:    {"1024 to 2047", "2048 to 3071"},
		1500: {"1500 to 2047", "2048 to 3071"},
		3071: {"3071 to 3071"},
		3072: nil,
	} {
		var missing []string
		read := uint64(0)
		must(t, s.Salvage(from, func(index uint64, payload []byte) error {
			if read++; string(payload) != fmt.Sprint(index) {
				t.Fatalf("entry %d is %s", index, payload)
			}
			return nil
		}, func(first, last uint64, damage error) error {
			missing = append(missing, fmt.Sprintf("%d to %d", first, last))
			if !errors.Is(damage, storage.ErrCorrupt) || !strings.Contains(damage.Error(), "checkpoint.db at offset ") {
				t.Errorf("%v", damage)
			}
			read += last - first + 1
			return nil
		}))
		if !slices.Equal(missing, want) || read != 4200-from {
			t.Errorf("from %d: missing %v, want %v; %d entries in all", from, missing, want, read)
		}
	}
	if s.Read(0, func(uint64, []byte) error { return nil }) == nil {
		t.Error("a list that is not whole was read")
	}
}

// A chunk that is damaged in the store that is taken is whole in another survivor's: its votes
// must not be left out for that.
func TestASurvivorsDamagedChunkIsTakenFromAnother(t *testing.T) {
	for _, c := range []struct {
		best, other []uint64 // damaged chunks
		whole       bool
	}{
		{[]uint64{1}, nil, true},
		{[]uint64{0}, []uint64{1}, true},
		{[]uint64{1}, []uint64{1}, false},
		{[]uint64{2}, nil, false}, // the other list ends before it does
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			best, other := t.TempDir(), t.TempDir()
			makeStore(t, best, 1, 33, vote(3, 34)) // 3,200 entries
			makeStore(t, other, 2, 24, vote(3, 35))
			for dir, chunks := range map[string][]uint64{best: c.best, other: c.other} {
				for _, n := range chunks {
					rotChunk(t, dir, n)
				}
			}
			if !c.whole {
				left := Survivors{Folders: []*Folder{take(t, best), take(t, other)}}
				p := &Plan{}
				must(t, left.Look(p))
				defer left.Close()
				store, folder := left.Best()
				n := Foundation{Folder: folder, Address: "127.0.0.1:9", Cluster: newCluster, Name: "second", Source: store, Now: time.UnixMilli(1)}
				if err := n.Plan(t.Context(), p, left.Votes()); !errors.Is(err, storage.ErrCorrupt) {
					t.Errorf("it is taken: %v", err)
				}
				return
			}
			p, where := found(t, true, other, best)
			mustBegin(t, where, 35)
			mustHave(t, where, 3400)
			if text := p.text(); where != best || strings.Count(text, "is taken from "+other) != 1 || !strings.Contains(text, "checkpoint.db at offset ") {
				t.Errorf("%s: %s", where, text)
			}
		})
	}
}
