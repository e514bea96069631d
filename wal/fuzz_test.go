package wal

import (
	"errors"
	"slices"
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
	if err := Inspect(fsys, testDir, Position{}, func(Found) error { return nil }); err != nil {
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
