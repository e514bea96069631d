package wal

import (
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paxos/vfs"
)

// openBytes opens a log of two segments with any bytes: it must open or be
// refused as corrupt, and if it opens, then once more with the same records.
func openBytes(t *testing.T, first, second []byte) {
	fsys := vfs.NewMem(1)
	writeFile(t, fsys, segmentPath(1), first)
	if second != nil {
		writeFile(t, fsys, segmentPath(2), second)
	}
	if err := Inspect(options(fsys), Position{}, func(Found) error { return nil }); err != nil {
		t.Fatal("inspect:", err)
	}
	l, records, _, err := tryOpen(options(fsys), Position{})
	if errors.Is(err, ErrCorrupt) {
		return
	}
	must(t, err)
	must(t, l.Close())
	l, again, _, err := tryOpen(options(fsys), Position{})
	must(t, err)
	if !slices.Equal(records, again) {
		t.Fatalf("first %q, then %q", records, again)
	}
	must(t, l.Close())
}

func FuzzOpenAnyBytes(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add(forge(1).batch(1, "a", "b").batch(2, "c").data, forge(2).batch(3, "d").data)
	f.Add(forge(1).batch(1, "a").torn(2, true).data, forge(2).data)
	f.Add(forge(1).batch(1, "a").batch(2).data, forge(2).torn(3, false).data)
	f.Fuzz(openBytes)
}

// FuzzOpenDamaged begins with valid frames and damages them, so that it gets past
// the checksum of the header.
func FuzzOpenDamaged(f *testing.F) {
	f.Add([]byte("some records"), uint16(70), []byte{1})
	f.Add([]byte("x"), uint16(500), []byte("a longer piece of damage"))
	f.Fuzz(func(t *testing.T, sizes []byte, at uint16, damage []byte) {
		one := forge(1)
		seq := uint64(1)
		for _, size := range sizes {
			if one.off+int(size)+3*markerBytes > testSegment {
				break
			}
			one.batch(seq, string(make([]byte, size)))
			seq++
		}
		for i, b := range damage {
			one.data[(int(at)+i)%testSegment] ^= b
		}
		openBytes(t, one.data, forge(2).batch(seq, "next").data)
	})
}

// FuzzFrame reads one frame out of any bytes, with a checksum made right, so that
// types and lengths get their turn.
func FuzzFrame(f *testing.F) {
	f.Add(batchOf("abc").buf)
	f.Add([]byte{0, 0, 0, 0, 1, 0xff, 0xff, 0xff})
	f.Add(marker{seq: 1}.appendTo(nil, typeCommit))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = slices.Clone(data)
		if len(data) >= frameHeaderBytes {
			if n := frameBytes(int(order.Uint32(data[4:]) >> 8)); n <= len(data) {
				order.PutUint32(data, frameCRC(data[:n])^placeMask(testID, 1, 0))
			}
		}
		fsys := vfs.NewMem(1)
		writeFile(t, fsys, segmentPath(1), data)
		file, err := fsys.Open(segmentPath(1))
		must(t, err)
		var r reader
		r.reset(&segment{id: 1, path: "x", file: file, size: int64(len(data))}, testID)
		got, err := r.frame(0)
		must(t, err)
		if got.valid() && (got.typ == 0 || got.bytes > int64(len(data)) || len(got.payload) > MaxRecordBytes) {
			t.Fatalf("impossible frame %+v", got)
		}
		if _, _, err := r.batch(0, 1); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := r.findMarker(0, func(marker) bool { return false }); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzHeader: a header is what encode would write, or it is refused.
func FuzzHeader(f *testing.F) {
	good := header{segment: 42, logID: testID, size: testSegment}.encode()
	f.Add(good, false)
	f.Add(good[:headerBytes-1], true)
	f.Add(make([]byte, headerBytes), true)
	f.Fuzz(func(t *testing.T, data []byte, mended bool) {
		data = slices.Clone(data)
		if mended && len(data) >= headerBytes {
			copy(data, magic)
			order.PutUint32(data[headerBytes-4:], crc32.Checksum(data[:headerBytes-4], castagnoli))
		}
		h, err := decodeHeader(data)
		if err != nil {
			return
		}
		if again, err := decodeHeader(h.encode()); err != nil || again != h {
			t.Fatalf("%x is read as %+v, and that as %+v: %v", data, h, again, err)
		}
	})
}

// FuzzFolder opens folders with files of any names and lengths beside a good log: it opens with all its records, or is
// refused as corrupt; names that are not the log's own are left alone.
func FuzzFolder(f *testing.F) {
	f.Add("0000000000000002.wal", uint16(0), "x", uint16(3))
	f.Add("0000000000000003.new", uint16(100), "0000000000000007.spare", uint16(testSegment))
	f.Add("0000000000000001.spare", uint16(testSegment), "000000000000000A.wal", uint16(1))
	f.Add("00000000000000ff.wal", uint16(64), "lock.wal", uint16(9))
	f.Fuzz(func(t *testing.T, name1 string, size1 uint16, name2 string, size2 uint16) {
		fsys := vfs.NewMem(1)
		forge(1).batch(1, "a", "b").batch(2).writeTo(t, fsys)
		foreign := map[string]int{}
		for _, file := range []struct {
			name string
			size uint16
		}{{name1, size1}, {name2, size2}} {
			if file.name == "" || file.name == lockName || file.name == "0000000000000001.wal" || strings.ContainsAny(file.name, "/\x00") || filepath.Clean(file.name) != file.name || file.name[0] == '.' {
				return
			}
			writeFile(t, fsys, testDir+"/"+file.name, make([]byte, file.size))
			if _, _, ours := parseName(file.name); !ours {
				foreign[file.name] = int(file.size)
			}
		}
		l, records, _, err := tryOpen(options(fsys), Position{})
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		for name := range foreign {
			if size, err := fsys.Size(testDir + "/" + name); err != nil || name1 != name2 && int(size) != foreign[name] {
				t.Fatalf("%q is not the log's, and has %d bytes now: %v", name, size, err)
			}
		}
		if err == nil {
			wantRecords(t, records, "a", "b")
			must(t, l.Close())
		}
	})
}
