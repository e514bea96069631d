package wal

import (
	"errors"
	"fmt"
	"testing"

	"paxos/vfs"
)

// image is a log of two segments, built by a real run: its files, and for each
// segment the offset behind the last byte that a later marker follows.
type image struct {
	files   map[string]string
	covered map[string]int64
	records []string
}

func buildImage(t *testing.T, closed bool) image {
	t.Helper()
	fsys := vfs.NewMem(1)
	o := options(fsys)
	o.SegmentBytes = MinSegmentBytes
	l, _, _, err := tryOpen(o, Position{})
	must(t, err)
	img := image{covered: map[string]int64{}}
	for i := 0; l.End().Segment < 3; i++ {
		p := fmt.Sprintf("%0*d", 1+i*13%90, i)
		before := l.End()
		commit(t, l, p, "x")
		img.records = append(img.records, p, "x")
		img.covered[fmt.Sprintf("%016x.wal", before.Segment)] = before.Offset
	}
	last := l.End()
	commit(t, l, "the last")
	img.records = append(img.records, "the last")
	if closed {
		last = l.End()
		must(t, l.Close())
	}
	img.covered[fmt.Sprintf("%016x.wal", last.Segment)] = last.Offset
	delete(img.covered, fmt.Sprintf("%016x.wal", 0))
	img.files = disk(t, fsys)
	delete(img.files, lockName)
	return img
}

// openDamaged opens the image with one byte changed.
func (img image) openDamaged(t *testing.T, name string, off int64, flip byte) (*Log, []string, error) {
	t.Helper()
	fsys := vfs.NewMem(1)
	for n, data := range img.files {
		bytes := []byte(data)
		if n == name {
			bytes[off] ^= flip
		}
		writeFile(t, fsys, testDir+"/"+n, bytes)
	}
	o := options(fsys)
	o.SegmentBytes = MinSegmentBytes
	l, records, _, err := tryOpen(o, Position{})
	return l, records, err
}

func TestEveryFlippedBitThatSomethingLaterFollowsIsFoundAndNamed(t *testing.T) {
	for _, closed := range []bool{false, true} {
		img := buildImage(t, closed)
		if len(img.covered) != 3 {
			t.Fatalf("covered %v, want three segments", img.covered)
		}
		for name, end := range img.covered {
			for off := range end {
				for bit := range 8 {
					img.wantNamed(t, name, off, byte(1)<<bit)
				}
			}
		}
	}
}

// wantNamed wants the damage to be named by its file, and by the offset of the
// frame (or header) that it is in.
func (img image) wantNamed(t *testing.T, name string, off int64, flip byte) {
	t.Helper()
	_, _, err := img.openDamaged(t, name, off, flip)
	var c *CorruptError
	if !errors.As(err, &c) {
		t.Fatalf("flip %02x at %d of %s: %v", flip, off, name, err)
	}
	frame := int64(0)
	if off >= headerBytes {
		frame = img.frameWith(name, off)
	}
	if c.File != testDir+"/"+name || c.Offset != frame {
		t.Fatalf("flip %02x at %d of %s, in the frame at %d, is said to be %v", flip, off, name, frame, err)
	}
}

// frameWith returns where the frame that has the byte at off begins.
func (img image) frameWith(name string, off int64) int64 {
	data := []byte(img.files[name])
	start := int64(headerBytes)
	for {
		next := start + int64(frameBytes(int(order.Uint32(data[start+4:])>>8)))
		if off < next {
			return start
		}
		start = next
	}
}

// What docs/wal.md says cannot be told apart: without a clean close, damage in
// the very last batch looks like a torn one. Never is anything else lost, and
// never is a wrong record replayed.
func TestAFlippedBitInTheLastBatchLosesThatBatchAndNoMore(t *testing.T) {
	img := buildImage(t, false)
	kept := len(img.records) - 1
	last := fmt.Sprintf("%016x.wal", 3)
	begin := img.covered[last]
	end := begin + int64(frameBytes(len("the last"))) + markerBytes
	for off := begin; off < end; off++ {
		for bit := range 8 {
			l, records, err := img.openDamaged(t, last, off, byte(1)<<bit)
			must(t, err)
			wantRecords(t, records, img.records[:kept]...)
			must(t, l.Close())
		}
	}
}

func TestASwappedOrMisplacedPieceIsNoFrame(t *testing.T) {
	a := forge(1).batch(1, "one").batch(2, "two").batch(3, "end")
	size := a.off - headerBytes
	for what, spoil := range map[string]func(data []byte){
		"two batches swapped": func(data []byte) {
			n := frameBytes(3) + markerBytes
			copy(data[headerBytes:], a.data[headerBytes+n:headerBytes+2*n])
			copy(data[headerBytes+n:], a.data[headerBytes:headerBytes+n])
		},
		"everything moved by one frame": func(data []byte) {
			copy(data[headerBytes+8:], a.data[headerBytes:headerBytes+size])
		},
	} {
		fsys := newMem(t, 1)
		data := append([]byte(nil), a.data...)
		spoil(data)
		writeFile(t, fsys, segmentPath(1), data)
		_, records, _, _ := tryOpen(options(fsys), Position{})
		if len(records) > 0 {
			t.Errorf("%s: replayed %q", what, records)
		}
	}
}

// Each frame of these batches is valid where it stands; but they are not what was
// committed together.
func TestABatchMustAgreeWithItsMarker(t *testing.T) {
	for what, spoil := range map[string]func(f *forged, m *marker){
		"nothing spoilt": func(*forged, *marker) {},
		"another record in one's place": func(f *forged, _ *marker) {
			other := forge(1)
			other.batch(1, "z", "b")
			copy(f.data[headerBytes:], other.data[headerBytes:headerBytes+frameBytes(1)])
		},
		"another number":  func(_ *forged, m *marker) { m.seq++ },
		"another length":  func(_ *forged, m *marker) { m.bytes += frameAlignment },
		"another count":   func(_ *forged, m *marker) { m.records++ },
		"another summary": func(_ *forged, m *marker) { m.sum++ },
	} {
		f := forge(1).batch(1, "a", "b")
		at := f.off - markerBytes
		m := decodeMarker(f.data[at+frameHeaderBytes:])
		spoil(f, &m)
		frame := m.appendTo(nil, typeCommit)
		order.PutUint32(frame, frameCRC(frame)^placeMask(testID, 1, int64(at)))
		copy(f.data[at:], frame)

		fsys := newMem(t, 1)
		f.writeTo(t, fsys)
		_, records, _, _ := tryOpen(options(fsys), Position{}) // refused or cut
		if good := what == "nothing spoilt"; good != (len(records) == 2) || !good && len(records) > 0 {
			t.Errorf("%s: replayed %q", what, records)
		}
	}
}

func TestMasksOfTwoPlacesInOneSegmentDiffer(t *testing.T) {
	seen := map[uint32]int64{}
	for off := int64(headerBytes); off < DefaultSegmentBytes/4; off += frameAlignment {
		mask := placeMask(testID, 7, off)
		if other, ok := seen[mask]; ok {
			t.Fatalf("one mask at %d and %d", other, off)
		}
		seen[mask] = off
	}
}

func TestMasksOfOnePlaceInTwoSegmentsDiffer(t *testing.T) {
	for off := int64(headerBytes); off < 4096; off += frameAlignment {
		seen := map[uint32]uint64{}
		for id := uint64(1); id < 2000; id++ {
			mask := placeMask(testID, id, off)
			if other, ok := seen[mask]; ok {
				t.Fatalf("segments %d and %d have one mask at %d", other, id, off)
			}
			seen[mask] = id
		}
	}
}
