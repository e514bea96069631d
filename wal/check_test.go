package wal

import (
	"errors"
	"maps"
	"testing"
)

func noReplay(Position, uint8, []byte) error { return nil }

func TestCheckSaysWhatOpenWouldAndChangesNothing(t *testing.T) {
	for _, s := range shapes() {
		g := newTarget(t, s)
		damages := []Position{{}, {g.last.Segment, g.last.Offset}}
		for name := range g.files {
			if id, kind, _ := parseName(name); kind == kindSegment {
				damages = append(damages, Position{id, 8}, Position{id, headerBytes + 9})
			}
		}
		for _, at := range damages {
			mem := g.disk.Crash() // a plain copy: all of it is synced
			if at != (Position{}) {
				file, err := mem.Open(segmentPath(at.Segment))
				must(t, err)
				var b [1]byte
				_, _ = file.ReadAt(b[:], at.Offset)
				_, err = file.WriteAt([]byte{b[0] ^ 4}, at.Offset)
				must(t, err)
				must(t, file.Sync())
			}
			before := disk(t, mem)
			got, gotErr := Check(Options{FS: mem, Dir: testDir, LogID: testID}, g.from, noReplay)
			if after := disk(t, mem); !maps.Equal(before, after) {
				t.Errorf("%s, damage at %v: Check changed the disk", s.name, at)
			}
			l, want, wantErr := Open(Options{FS: mem, Dir: testDir, LogID: testID, SegmentBytes: g.segmentBytes, KeepRecycled: 2}, g.from, noReplay)
			want.Cut = 0
			if got != want && wantErr == nil || (gotErr == nil) != (wantErr == nil) || wantErr != nil && gotErr.Error() != wantErr.Error() {
				t.Errorf("%s, damage at %v: Check says %+v, %v; Open %+v, %v", s.name, at, got, gotErr, want, wantErr)
			}
			if l != nil {
				must(t, l.Close())
			}
			if wantErr != nil && !errors.Is(gotErr, ErrCorrupt) {
				t.Errorf("%s, damage at %v: %v", s.name, at, gotErr)
			}
		}
	}
}
