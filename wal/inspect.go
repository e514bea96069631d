package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	KindDamaged                 // what is no frame, or is missing, before frames that are there
	KindUnused                  // the rest of a segment, with no batch in it
	KindTorn                    // a record with a right checksum at the end of the log, in a batch that was never closed
)

func (k Kind) String() string {
	names := []string{"record", "commit", "close", "damaged", "unused", "torn"}
	if k < KindRecord || int(k) > len(names) {
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
	Records uint32 // how many it has
	Detail  string // what is wrong with a damaged place, or why a place is unused
}

// Inspect reads the log in o.Dir, changes nothing, takes no lock, and goes on after
// damage. It calls visit for everything from from on, in order, until visit returns
// an error, which it returns. Of Options only FS, Dir and LogID count; a LogID of 0
// takes every log for the right one. In a log that is being written to, the last batch
// may look damaged.
//
// It shows what is there: behind a header that is damaged, and in a file of another size
// than it should have, too. Each frame's checksum alone says whether it is one of this
// log, segment and place. What that means, by the table in docs/wal.md, says Check.
func Inspect(o Options, from Position, visit func(Found) error) error {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	f, err := readFolder(o.FS, o.Dir)
	if err != nil {
		return err
	}
	in := inspection{options: o, segments: f.segments, from: from, visit: visit}
	for i, e := range f.segments {
		if e.id < from.Segment {
			continue
		}
		if i > 0 && f.segments[i-1].id+1 != e.id && e.id != from.Segment {
			if err := in.damaged(Position{e.id, 0}, 0, "the segment before this one is missing"); err != nil {
				return err
			}
			in.next = 0
		}
		if err := in.segment(e); err != nil {
			return err
		}
	}
	return nil
}

type inspection struct {
	options  Options
	segments []entry
	from     Position
	visit    func(Found) error
	reader   reader
	next     uint64 // number of the batch that belongs here; 0: any
	foreign  uint64 // the log that the segment belongs to, by its header; 0: this one, or nobody knows
}

// show leaves out what lies before the place where the user wants to begin.
func (in *inspection) show(f Found) error {
	if end := (Position{f.At.Segment, f.At.Offset + f.Bytes}); f.At.Less(in.from) && !in.from.Less(end) {
		return nil
	}
	return in.visit(f)
}

func (in *inspection) damaged(at Position, bytes int64, detail string) error {
	return in.show(Found{At: at, Kind: KindDamaged, Bytes: bytes, Detail: detail})
}

func (in *inspection) segment(e entry) error {
	path := filePath(in.options.Dir, e.id, kindSegment)
	s, h, err := openSegment(path, e.id, in.options.LogID, in.options.FS.OpenRead)
	if c := (*CorruptError)(nil); errors.As(err, &c) {
		return in.salvage(path, e, c.Detail)
	}
	// a log that is in use drops segments; and of what one may not read nothing is damaged
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		in.next = 0
		return in.damaged(Position{e.id, 0}, e.size, err.Error())
	}
	if err != nil {
		return err
	}
	return in.walk(s, h.logID)
}

// salvage shows what stands in a segment whose header or size is wrong. Which segment it
// is says the file's name; what counts, each frame's checksum, as ever.
func (in *inspection) salvage(path string, e entry, detail string) error {
	if err := in.damaged(Position{e.id, 0}, min(e.size, headerBytes), detail); err != nil {
		return err
	}
	logID, err := in.likelyID(path)
	if err != nil {
		return err
	}
	file, err := in.options.FS.OpenRead(path)
	if err != nil {
		return fmt.Errorf("wal: open %s: %w", path, err)
	}
	before := in.next
	if id := idOf(in.options, e); id != logID {
		in.foreign = id
		defer func() { in.foreign = 0 }()
	}
	err = in.walk(&segment{id: e.id, path: path, file: file, size: e.size}, logID)
	if in.next == before {
		in.next = 0 // no batch was found: what is missing behind it is this damage
	}
	return err
}

// likelyID is the log that a segment without a good header belongs to: the one that is
// read, or what the other headers say, or what is left of its own.
func (in *inspection) likelyID(path string) (uint64, error) {
	if in.options.LogID != 0 {
		return in.options.LogID, nil
	}
	for _, e := range in.segments {
		if id := idOf(in.options, e); id != 0 {
			return id, nil
		}
	}
	file, err := in.options.FS.OpenRead(path)
	if err != nil {
		return 0, fmt.Errorf("wal: open %s: %w", path, err)
	}
	buf := make([]byte, headerBytes)
	_, err = file.ReadAt(buf, 0)
	if err == io.EOF {
		err = nil // what is not there is zeros
	}
	return order.Uint64(buf[24:]), firstOf(err, file.Close())
}

// walk shows the frames of a segment, and closes it.
func (in *inspection) walk(s *segment, logID uint64) (err error) {
	in.reader.reset(s, logID)
	for off := int64(headerBytes); off < s.size && err == nil; {
		off, err = in.batch(off)
	}
	return firstOf(err, s.file.Close())
}

// batch shows the batch at off, or what is there in its place, and returns what comes after it.
func (in *inspection) batch(off int64) (int64, error) {
	b, st, err := in.reader.batch(off, 0)
	switch {
	case err != nil:
		return 0, err
	case st != nil:
		return in.broken(off, st)
	case b.seq < in.next:
		return b.end, in.frames(off, b.end, KindTorn) // a remnant of one that was cut
	case b.seq > in.next && in.next != 0:
		detail := fmt.Sprintf("batch %d is missing before batch %d", in.next, b.seq)
		if err := in.damaged(Position{in.reader.id, off}, 0, detail); err != nil {
			return 0, err
		}
	}
	in.next = b.seq + 1
	return b.end, in.frames(off, b.end, KindRecord)
}

// broken shows a place where there is no whole batch: damage if a later batch stands
// behind it in this segment, else what is left at the end of the log.
func (in *inspection) broken(off int64, st *stop) (int64, error) {
	later := func(m marker) bool { return m.seq > in.next || in.next == 0 }
	at, m, found, err := in.reader.findMarker(st.off, later)
	if err != nil {
		return 0, err
	}
	if !found {
		if err := in.frames(off, st.off, KindTorn); err != nil {
			return 0, err
		}
		return in.reader.size, in.show(in.rest(st))
	}
	if err := in.frames(off, st.off, KindRecord); err != nil {
		return 0, err
	}
	in.next = m.seq + 1
	return at + markerBytes, in.around(st, at)
}

// rest is what is behind the last batch of a segment. In one of another log that is not
// unused: that log's batches may stand there.
func (in *inspection) rest(st *stop) Found {
	rest := Found{At: Position{in.reader.id, st.off}, Kind: KindUnused, Bytes: in.reader.size - st.off, Detail: st.fault}
	if in.foreign != 0 {
		rest.Kind, rest.Detail = KindDamaged, fmt.Sprintf("what stands here is of log %016x", in.foreign)
	}
	return rest
}

// around shows the damage at a stop, and what is whole between it and the marker at until.
func (in *inspection) around(st *stop, until int64) error {
	off, detail := st.off, st.fault
	for begin := int64(-1); off <= until && off > begin; {
		begin = off
		whole, err := in.findFrame(off, until)
		if err != nil {
			return err
		}
		if err := in.damaged(Position{in.reader.id, off}, whole-off, detail); err != nil {
			return err
		}
		if off, detail, err = in.run(whole, until); err != nil {
			return err
		}
	}
	return nil
}

// run shows whole frames from off on, up to the one at until, and returns where they end, and why.
func (in *inspection) run(off, until int64) (int64, string, error) {
	for off <= until {
		f, err := in.reader.frame(off)
		if err != nil || !f.valid() {
			return off, f.fault, err
		}
		if err := in.frame(f, KindRecord); err != nil {
			return off, "", err
		}
		off += f.bytes
	}
	return off, "", nil
}

// findFrame returns the first place from off on at which a whole frame stands; there is one at until.
func (in *inspection) findFrame(off, until int64) (int64, error) {
	for ; off < until; off += frameAlignment {
		f, err := in.reader.frame(off)
		if err != nil || f.valid() && off+f.bytes <= until {
			return off, err
		}
	}
	return until, nil
}

// frames shows the frames from off to end, which are whole.
func (in *inspection) frames(off, end int64, kind Kind) error {
	for off < end {
		f, err := in.reader.frame(off)
		if err != nil {
			return err
		}
		if !f.valid() {
			return in.damaged(Position{in.reader.id, off}, end-off, "read twice, and different the second time: "+f.fault)
		}
		if err := in.frame(f, kind); err != nil {
			return err
		}
		off += f.bytes
	}
	return nil
}

// frame shows one whole frame; a record as of the given kind.
func (in *inspection) frame(f frame, kind Kind) error {
	found := Found{At: Position{in.reader.id, f.off}, Kind: kind, Type: f.typ, Bytes: f.bytes, Payload: f.payload}
	if f.typ > MaxType {
		m := decodeMarker(f.payload)
		found.Kind, found.Type, found.Payload = KindCommit, 0, nil
		found.Batch, found.Records = m.seq, m.records
		if f.typ == typeClose {
			found.Kind = KindClose
		}
	}
	return in.show(found)
}

func firstOf(errs ...error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
