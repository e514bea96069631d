package pages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

func must(t interface {
	Helper()
	Fatal(...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// image makes a database with bbolt and returns its bytes.
func image(t testing.TB, path string, steps ...func(*bbolt.Tx) error) []byte {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: PageBytes, NoFreelistSync: false, FreelistType: bbolt.FreelistMapType, NoSync: true})
	must(t, err)
	for _, step := range steps {
		must(t, db.Update(step))
	}
	must(t, db.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// fill puts so many keys with values of so many bytes into a bucket.
func fill(bucket string, from, to, size int) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		for i := from; i < to && err == nil; i++ {
			err = b.Put(fmt.Appendf(nil, "%08d", i), bytes.Repeat([]byte{byte(i)}, size))
		}
		return err
	}
}

// line stands for a key and its value.
func line(path string, key, value []byte) string {
	b := append(append([]byte(path), key...), '=')
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return string(binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(value)))
}

// content is all that a walk finds, a line for each key, and what it reports.
func content(data []byte) (lines []string, problems []Problem) {
	f := New("db", bytes.NewReader(data), int64(len(data)))
	m, problems, err := f.Newest()
	if err != nil {
		return nil, problems
	}
	w := f.Walk(m, func(p Problem) { problems = append(problems, p) })
	var walk func(t Tree, path string) error
	walk = func(t Tree, path string) error {
		return w.Each(t, nil, func(e *Element) error {
			if e.Bucket {
				name := path + string(e.Key) + "/"
				t, err := e.Tree()
				lines = append(lines, fmt.Sprint(name, t.Sequence))
				if err != nil {
					problems = append(problems, Problem{e.At, err.Error()})
					return nil
				}
				return walk(t, name)
			}
			v, err := e.Value(nil)
			if err == nil {
				lines = append(lines, line(path, e.Key, v))
			}
			return nil
		})
	}
	if err := walk(w.Root(), ""); err != nil {
		panic(err)
	}
	w.Rest()
	return lines, problems
}

// twinContent is the same by bbolt.
func twinContent(t interface {
	Helper()
	Fatal(...any)
}, path string) (lines []string) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PageSize: PageBytes})
	must(t, err)
	defer db.Close()
	var walk func(b *bbolt.Bucket, path string) error
	walk = func(b *bbolt.Bucket, path string) error {
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				lines = append(lines, fmt.Sprint(path+string(k)+"/", b.Bucket(k).Sequence()))
				return walk(b.Bucket(k), path+string(k)+"/")
			}
			lines = append(lines, line(path, k, v))
			return nil
		})
	}
	must(t, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			lines = append(lines, fmt.Sprint(string(name)+"/", b.Sequence()))
			return walk(b, string(name)+"/")
		})
	}))
	return lines
}

// Whatever is done to a database through bbolt, the walk finds what bbolt finds,
// accounts for every page, and reports nothing.
func TestAWalkFindsWhatBboltFinds(t *testing.T) {
	top := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		path := filepath.Join(top, fmt.Sprint(run))
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: PageBytes, FreelistType: bbolt.FreelistMapType, NoSync: true})
		must(t, err)
		for range rapid.IntRange(1, 6).Draw(t, "transactions") {
			must(t, db.Update(func(tx *bbolt.Tx) error { return change(t, tx) }))
		}
		must(t, db.Close())
		data, err := os.ReadFile(path)
		must(t, err)
		got, problems := content(data)
		if len(problems) > 0 {
			t.Fatalf("reported %v", problems)
		}
		if want := twinContent(t, path); !slices.Equal(got, want) {
			t.Fatalf("got %d lines, want %d", len(got), len(want))
		}
		must(t, os.Remove(path))
	})
}

// change does something to a bucket, or to one within it.
func change(t *rapid.T, tx *bbolt.Tx) error {
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		name := []byte{byte('a' + rapid.IntRange(0, 2).Draw(t, "bucket"))}
		b, err := tx.CreateBucketIfNotExists(name)
		if err == nil && rapid.IntRange(0, 3).Draw(t, "nested") == 0 {
			b, err = b.CreateBucketIfNotExists([]byte("nested"))
		}
		if err != nil {
			return err
		}
		from, n := rapid.IntRange(0, 300).Draw(t, "from"), rapid.IntRange(0, 120).Draw(t, "n")
		size := rapid.SampledFrom([]int{0, 1, 8, 100, 1000, 5000, 20000}).Draw(t, "size")
		b.FillPercent = rapid.SampledFrom([]float64{0.5, 1}).Draw(t, "fill")
		what := rapid.IntRange(0, 9).Draw(t, "what")
		for i := from; i < from+n && err == nil; i++ {
			key := fmt.Appendf(nil, "%06d", i)
			switch {
			case what < 6 && i%(what+1) == 0:
				err = b.Put(key, bytes.Repeat([]byte{byte(i)}, size))
			case what < 9:
				err = b.Delete(key)
			}
		}
		if err == nil && what == 9 {
			err = tx.DeleteBucket(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAWalkBeginsAtAKey(t *testing.T) {
	data := image(t, filepath.Join(t.TempDir(), "db"), fill("b", 0, 5000, 50), fill("b", 5000, 9000, 50))
	f := New("db", bytes.NewReader(data), int64(len(data)))
	m, _, err := f.Newest()
	must(t, err)
	for _, from := range []int{0, 1, 77, 4999, 5000, 8999, 9000} {
		w := f.Walk(m, func(p Problem) { t.Error(p) })
		var first []string
		must(t, w.Each(w.Root(), nil, func(e *Element) error {
			b, err := e.Tree()
			must(t, err)
			enough := errors.New("enough")
			err = w.Each(b, fmt.Appendf(nil, "%08d", from), func(e *Element) error {
				first = append(first, string(e.Key))
				return enough
			})
			if errors.Is(err, enough) {
				return nil
			}
			return err
		}))
		if want := fmt.Sprintf("%08d", from); from < 9000 && !slices.Equal(first, []string{want}) || from == 9000 && first != nil {
			t.Errorf("from %s on: %q", want, first)
		}
		if w.Stats.Leaves > 2 {
			t.Errorf("from %d on: it read %d leaves on its way", from, w.Stats.Leaves)
		}
	}
}

// Every byte of a database means something or not. Where the walk says that it
// does, a change of it is found, in the same page, or is one of a value (which
// carries a checksum of its owner's) or of a branch's or leaf's key.
func TestEveryFlippedByteOfThePagesIsFound(t *testing.T) {
	data := image(t, filepath.Join(t.TempDir(), "db"),
		fill("big", 0, 90, 60), fill("small", 0, 3, 10), fill("long", 0, 2, 5000), fill("big", 10, 80, 59), fill("big", 20, 70, 58))
	data = data[:bytes.LastIndexFunc(data, func(r rune) bool { return r != 0 })+PageBytes]
	f := New("db", bytes.NewReader(data), int64(len(data)))
	m, problems, err := f.Newest()
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	whole, _ := content(data)
	structure, values := meant(t, f, m)
	found, slack := 0, 0
	for off := 0; off < len(data); off += 3 {
		data[off] ^= 1 << (off / 3 % 8)
		lines, problems := content(data)
		switch {
		case structure[off] && len(problems) == 0 && len(lines) == len(whole) && !slices.Equal(lines, whole):
			found++ // the length of the last value in a page: that value is another one now
		case structure[off] && len(problems) == 0:
			t.Errorf("byte %d of page %d was changed, and nothing was said", off%PageBytes, off/PageBytes)
		case structure[off]:
			found++
		case values[off] && slices.Equal(lines, whole):
			t.Errorf("byte %d of page %d belongs to a value, but it makes no difference", off%PageBytes, off/PageBytes)
		case !values[off] && (len(problems) > 0 || !slices.Equal(lines, whole)):
			t.Errorf("byte %d of page %d means nothing, but: %v", off%PageBytes, off/PageBytes, problems)
		case !values[off]:
			slack++
		}
		data[off] ^= 1 << (off / 3 % 8)
	}
	t.Logf("%d bytes: %d of structure, all found; %d of values; %d that mean nothing", len(data), found, len(values), slack)
	if found == 0 || slack == 0 || len(values) == 0 {
		t.Error("want some of each")
	}
}

// meant is which bytes of the file are structure, and which are values and leaves' keys.
func meant(t *testing.T, f *File, m Meta) (structure, values map[int]bool) {
	structure, values = map[int]bool{}, map[int]bool{}
	add := func(to map[int]bool) func(at, n int64) {
		return func(at, n int64) {
			for i := at; i < at+n; i++ {
				to[int(i)] = true
			}
		}
	}
	w := f.Walk(m, func(p Problem) { t.Error(p) })
	w.Data = add(structure)
	var visit func(e *Element) error
	visit = func(e *Element) error {
		if !e.Bucket {
			add(values)(e.At, int64(len(e.Key))+e.Bytes)
			return nil
		}
		add(values)(e.At, int64(len(e.Key)))
		add(values)(e.ValueAt()+8, 8) // the sequence
		tree, err := e.Tree()
		must(t, err)
		return w.Each(tree, nil, visit)
	}
	must(t, w.Each(w.Root(), nil, visit))
	w.Rest()
	for _, page := range []int64{0, PageBytes} {
		add(structure)(page, headerBytes+MetaBytes)
	}
	for off := range values {
		delete(structure, off)
	}
	return structure, values
}

func TestBothMetaPagesAreJudged(t *testing.T) {
	data := image(t, filepath.Join(t.TempDir(), "db"), fill("b", 0, 10, 10), fill("b", 10, 20, 10))
	f := New("db", bytes.NewReader(data), int64(len(data)))
	m, _, err := f.Newest()
	must(t, err)
	newest := int64(m.Transaction%2) * PageBytes
	data[newest+headerBytes+20] ^= 1
	before, problems, err := f.Newest()
	if err != nil || before.Transaction != m.Transaction-1 || len(problems) != 1 || problems[0].Offset != newest {
		t.Errorf("%+v, %v, %v", before, problems, err)
	}
	data[PageBytes-newest+headerBytes] ^= 1
	if _, problems, err := f.Newest(); err == nil || len(problems) != 2 || !strings.Contains(err.Error(), "db: neither") {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestACutFileIsReadAsFarAsItGoes(t *testing.T) {
	data := image(t, filepath.Join(t.TempDir(), "db"), fill("b", 0, 400, 60))
	for cut := 0; cut < len(data); cut += 777 {
		_, problems := content(data[:cut])
		f := New("db", bytes.NewReader(data), int64(len(data)))
		m, _, err := f.Newest()
		must(t, err)
		if int64(cut) < int64(m.Pages)*PageBytes && len(problems) == 0 {
			t.Errorf("cut to %d bytes of %d pages: nothing was said", cut, m.Pages)
		}
	}
}

// FuzzWalk damages a database anywhere, its meta pages mended or not: the walk ends,
// and shows nothing that lies outside of the file.
func FuzzWalk(f *testing.F) {
	whole := image(f, filepath.Join(f.TempDir(), "db"), fill("big", 0, 300, 60), fill("small", 0, 3, 10), fill("huge", 0, 3, 9000), fill("big", 10, 290, 59))
	f.Add(uint32(0), []byte{}, uint32(0), false)
	f.Add(uint32(8), []byte{1, 2, 3, 4}, uint32(0), false)
	f.Add(uint32(3*PageBytes+8), []byte{3, 0, 0xff, 0xff}, uint32(0), false)
	f.Add(uint32(3*PageBytes+headerBytes), []byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, uint32(0), false)
	f.Add(uint32(2*PageBytes+8), []byte{0x10, 0, 0xff, 0xff}, uint32(0), false)
	f.Add(uint32(headerBytes+16), []byte{1, 2}, uint32(0), true)
	f.Add(uint32(headerBytes+40), []byte{0, 0, 0xff, 0, 0, 0xff}, uint32(5000), true)
	f.Fuzz(func(t *testing.T, at uint32, damage []byte, cut uint32, mended bool) {
		data := bytes.Clone(whole[:len(whole)-int(cut)%len(whole)])
		for i, b := range damage {
			data[(int(at)+i)%len(data)] ^= b
		}
		if mended {
			mend(data)
		}
		for _, p := range second(content(data)) {
			if p.Offset < 0 || p.Detail == "" {
				t.Errorf("reported %+v", p)
			}
		}
	})
}

func second[A, B any](_ A, b B) B { return b }

// mend puts the right checksums on the meta pages, to get past them.
func mend(data []byte) {
	for _, page := range []int{0, PageBytes} {
		if meta := data[min(page+headerBytes, len(data)):]; len(meta) >= MetaBytes {
			binary.LittleEndian.PutUint64(meta[56:], metaSum(meta))
		}
	}
}
