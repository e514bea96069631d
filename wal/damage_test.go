package wal

import "testing"

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
