package wal

import (
	"errors"
	"fmt"
	"slices"

	"paxos/vfs"
)

// Kind says what Inspect found at a place.
type Kind uint8

// The kinds of thing that stand in a log.
const (
	KindRecord  Kind = iota + 1 // a record with a right checksum
	KindCommit                  // the marker that closes a batch
	KindClose                   // the marker of a clean close
	KindDamaged                 // bytes that are no frame, before frames that are
	KindUnused                  // the rest of a segment, with no batch in it
)

func (k Kind) String() string {
	names := []string{"record", "commit", "close", "damaged", "unused"}
	if k < KindRecord || k > KindUnused {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return names[k-1]
}

// Found is one thing that Inspect found.
type Found struct {
	At      Position
	Kind    Kind
	Type    uint8  // of a record
	Bytes   int64  // that it takes in the file
	Payload []byte // of a record; valid during the call only
	Batch   uint64 // number of the batch that a commit or close ends
	Detail  string // what is wrong with a damaged place, or why a place is unused
}

// Inspect reads the log in dir, changes nothing, takes no lock, and goes on after
// damage. It calls visit for everything from from on (an offset of 0, or one that
// begins a frame), in order, until visit returns an error, which it returns. In a
// log that is being written to, the last batch may look damaged.
func Inspect(fsys vfs.FS, dir string, from Position, visit func(Found) error) error {
	f, err := readFolder(fsys, dir)
	if err != nil {
		return err
	}
	in := inspection{visit: visit}
	for i, e := range f.segments {
		if e.id < from.Segment {
			continue
		}
		if i > 0 && f.segments[i-1].id+1 != e.id && e.id != from.Segment {
			if err := in.damaged(Position{e.id, 0}, 0, "the segment before this one is missing"); err != nil {
				return err
			}
		}
		off := int64(headerBytes)
		if e.id == from.Segment {
			off = max(off, from.Offset)
		}
		if err := in.segment(fsys, dir, e, off); err != nil {
			return err
		}
	}
	return nil
}

type inspection struct {
	visit  func(Found) error
	reader reader
}

func (in *inspection) damaged(at Position, bytes int64, detail string) error {
	return in.visit(Found{At: at, Kind: KindDamaged, Bytes: bytes, Detail: detail})
}

func (in *inspection) segment(fsys vfs.FS, dir string, e entry, off int64) error {
	path := filePath(dir, e.id, kindSegment)
	s, h, err := openSegment(path, e.id, 0, fsys.OpenRead)
	if c := (*CorruptError)(nil); errors.As(err, &c) {
		return in.damaged(Position{e.id, 0}, e.size, c.Detail)
	}
	if err != nil {
		return err
	}
	in.reader.reset(s, h.logID)
	for off < s.size && err == nil {
		off, err = in.next(off)
	}
	return firstOf(err, s.file.Close())
}

// next reports what is at off and returns what comes after it.
func (in *inspection) next(off int64) (int64, error) {
	f, err := in.reader.frame(off)
	if err != nil {
		return 0, err
	}
	if !f.valid() {
		return in.skip(f)
	}
	found := Found{At: Position{in.reader.id, off}, Kind: KindRecord, Type: f.typ, Bytes: f.bytes, Payload: f.payload}
	if f.typ > MaxType {
		found.Kind, found.Type, found.Payload = KindCommit, 0, nil
		found.Batch = decodeMarker(f.payload).seq
		if f.typ == typeClose {
			found.Kind = KindClose
		}
	}
	return off + f.bytes, in.visit(found)
}

// skip reports a place with no frame, up to the next marker or the end.
func (in *inspection) skip(f frame) (int64, error) {
	found := Found{At: Position{in.reader.id, f.off}, Kind: KindDamaged, Detail: f.fault}
	at, _, ok, err := in.reader.findMarker(f.off, func(marker) bool { return true })
	if err != nil {
		return 0, err
	}
	if !ok {
		found.Kind, at = KindUnused, in.reader.size
	}
	found.Bytes = at - f.off
	return at, in.visit(found)
}

func firstOf(errs ...error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
