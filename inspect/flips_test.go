package inspect

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"paxos/storage"
	"paxos/storage/kv/pages"
	"paxos/wal"
)

// extent is a piece of a file that means something: a frame, a header, a page's
// table, a key with its value. Damage in it must be named by a place within it or,
// in the database, within the same page.
type extent struct{ begin, end int64 }

// extents are those of all files in a folder, by what their structure says, and how
// many bytes of each file are in none of them.
func extents(t *testing.T, dir string) map[string][]extent {
	all := map[string][]extent{}
	add := func(path string, at, n int64) { all[path] = append(all[path], extent{at, at + n}) }
	info, err := os.Stat(filepath.Join(dir, storage.IdentityName))
	must(t, err)
	add(filepath.Join(dir, storage.IdentityName), 0, info.Size())
	databaseExtents(t, filepath.Join(dir, storage.DatabaseName), add)

	log := filepath.Join(dir, storage.LogName)
	must(t, wal.Inspect(wal.Options{Dir: log}, wal.Position{}, func(f wal.Found) error {
		path := wal.SegmentPath(log, f.At.Segment)
		if len(all[path]) == 0 {
			add(path, 0, 64)
		}
		if f.Kind == wal.KindRecord || f.Kind == wal.KindCommit { // nothing follows the clean close
			add(path, f.At.Offset, f.Bytes)
		}
		return nil
	}))
	return all
}

// runs are the pages of the last database, by their offset: how many bytes each runs over.
var runs = map[int64]int64{}

func pageRun(t *testing.T, file *os.File, at int64) int64 {
	var overflow [4]byte
	_, err := file.ReadAt(overflow[:], at+12)
	must(t, err)
	return int64(1+binary.LittleEndian.Uint32(overflow[:])) * pages.PageBytes
}

func samePage(a, b int64) bool {
	for at, n := range runs {
		if a >= at && a < at+n && b >= at && b < at+n {
			return true
		}
	}
	return a/pages.PageBytes == b/pages.PageBytes
}

func databaseExtents(t *testing.T, path string, add func(path string, at, n int64)) {
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	db := pages.New(path, file, info.Size())
	meta, problems, err := db.Newest()
	must(t, err)
	w := db.Walk(meta, func(p pages.Problem) { problems = append(problems, p) })
	w.Data = func(at, n int64) {
		add(path, at, n)
		if at%pages.PageBytes == 0 && n == 16 {
			runs[at] = pageRun(t, file, at)
		}
	}
	must(t, w.Each(w.Root(), nil, func(e *pages.Element) error {
		tree, err := e.Tree()
		must(t, err)
		return w.Values(tree, nil, func(*pages.Element) error { return nil })
	}))
	w.Rest()
	for _, page := range []int64{0, pages.PageBytes} {
		add(path, page, 16+pages.MetaBytes)
	}
	if len(problems) > 0 {
		t.Fatal(problems)
	}
}

// namedBy reports whether a finding names damage at off.
func namedBy(x Finding, path string, off int64, pieces []extent) bool {
	if x.Note || x.File != path {
		return false
	}
	if filepath.Base(path) == storage.DatabaseName && samePage(x.Offset, off) {
		return true
	}
	for _, e := range pieces {
		if off >= e.begin && off < e.end && x.Offset >= e.begin && x.Offset < e.end {
			return true
		}
	}
	return false
}

func inSome(off int64, pieces []extent) bool {
	for _, e := range pieces {
		if off >= e.begin && off < e.end {
			return true
		}
	}
	return false
}

// Any byte that is changed in what means something, and that something later
// follows, is found, and named by its file and a place in the same frame, element or
// page. What means something follows from the structure of the files alone; PAXOS_INSPECT_FULL
// changes every single byte, else one in some.
func TestEveryFlippedByteIsFoundAndNamed(t *testing.T) {
	dir := t.TempDir()
	smallStore(t, dir)
	if found, _ := findings(t, dir); len(found) > 0 {
		t.Fatalf("a whole store: %v", found)
	}
	step := int64(61)
	if os.Getenv("PAXOS_INSPECT_FULL") != "" {
		step = 1
	}
	for path, pieces := range extents(t, dir) {
		t.Run(filepath.Base(path), func(t *testing.T) { flipFile(t, dir, path, pieces, step) })
	}
}

func flipFile(t *testing.T, dir, path string, pieces []extent, step int64) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	end := int64(0) // of what means something, and a little behind it
	for _, e := range pieces {
		end = max(end, e.end+512)
	}
	info, err := file.Stat()
	must(t, err)
	end = min(end, info.Size())
	named, nothing := 0, 0
	for off, turn := int64(0), int64(0); off < end; off, turn = off+step, turn+1 {
		if !inSome(off, pieces) && turn%17 > 0 {
			nothing++ // of these a few will do
			continue
		}
		wrong := flip(t, file, dir, path, off, 1<<(turn%8), pieces)
		if wrong != "" {
			t.Errorf("bit %d of byte %d: %s", turn%8, off, wrong)
		}
		if inSome(off, pieces) {
			named++
		} else {
			nothing++
		}
	}
	t.Logf("%d bytes changed and named, %d are in no frame, element or page that is in use", named, nothing)
}

// flip changes a byte, verifies, and changes it back.
func flip(t *testing.T, file *os.File, dir, path string, off int64, mask byte, pieces []extent) string {
	var b [1]byte
	if _, err := file.ReadAt(b[:], off); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	write := func(x byte) {
		_, err := file.WriteAt([]byte{x}, off)
		must(t, err)
	}
	write(b[0] ^ mask)
	defer write(b[0])
	f, err := Open(dir, Options{})
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var found []Finding
	_, err = f.Verify(t.Context(), func(x Finding) { found = append(found, x) })
	must(t, err)
	if !inSome(off, pieces) {
		if len(found) > 0 {
			return fmt.Sprintf("it means nothing, but: %v", found)
		}
		return ""
	}
	for _, x := range found {
		if namedBy(x, path, off, pieces) {
			return ""
		}
	}
	return fmt.Sprintf("not named: %v", found)
}
