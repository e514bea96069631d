package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"paxos/protocol"
	"paxos/storage"
	"paxos/vfs"
	"paxos/wal"
)

func (f *Folder) logDir() string { return f.path(storage.LogName) }

func (f *Folder) logOptions() wal.Options {
	return wal.Options{FS: regularFiles{}, Dir: f.logDir(), LogID: uint64(f.identity.Store)}
}

// reportLog reports an error of the log: what is damaged or cannot be read.
func (f *Folder) reportLog(err error) {
	finding, ok := ofLog(err)
	switch {
	case f.ctx.Err() != nil:
		return // that is not the log's fault
	case ok && !f.durable(f.position(finding)):
		return // it is being written
	case ok:
	case errors.Is(err, fs.ErrNotExist):
		finding = Finding{File: f.logDir(), Offset: -1, Detail: "the log is missing"}
	default:
		finding = Finding{File: f.logDir(), Offset: -1, Detail: err.Error()}
	}
	f.report(finding)
}

// mayReadLog returns an error if this user may not read the log. Everything else that may
// be wrong with it is a finding of those who read it.
func (f *Folder) mayReadLog() error {
	files, err := wal.Files(vfs.OS{}, f.logDir())
	for _, file := range files {
		var segment *os.File
		if segment, err = openRegular(file.Path); err == nil {
			err = segment.Close()
		}
		if errors.Is(err, fs.ErrPermission) {
			break
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// position is where in the log a finding is.
func (f *Folder) position(x Finding) wal.Position {
	name := strings.TrimSuffix(filepath.Base(x.File), filepath.Ext(x.File))
	segment, err := strconv.ParseUint(name, 16, 64)
	if err != nil {
		return wal.Position{}
	}
	return wal.Position{Segment: segment, Offset: x.Offset}
}

func (f *Folder) replayRecord(at wal.Position, err error) {
	if err != nil {
		f.report(Finding{File: wal.SegmentPath(f.logDir(), at.Segment), Offset: at.Offset, Detail: err.Error()})
	}
}

// LogEntry is one thing that stands in the log.
type LogEntry struct {
	wal.Found
	File string
	// Record is what a record says, nil if that cannot be decoded: Detail says why.
	Record protocol.Record
	// Identity is that of the log's first record.
	Identity storage.Identity
}

// Raw is what stands in the file at the entry's place, damaged or not: at most 2 MiB of
// it, and nothing of what cannot be read.
func (e *LogEntry) Raw() []byte {
	file, err := openRegular(e.File)
	if err != nil {
		return nil
	}
	defer file.Close()
	buf := make([]byte, min(e.Bytes, 2<<20))
	n, _ := file.ReadAt(buf, e.At.Offset)
	return buf[:n]
}

// Log visits everything in the log from a position on, damage and unused room
// included, in order; of a running process, what is durable.
func (f *Folder) Log(from wal.Position, visit func(*LogEntry) error) error {
	err := f.everything(from, func(e *LogEntry) error {
		if !f.durable(e.At) {
			return errEnough
		}
		return visit(e)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

var errEnough = errors.New("enough")

// logTries is how often a segment that a running process drops while it is being read
// is passed over in a row.
const logTries = 10

// everything visits what stands in the log. Segments that a running process drops
// meanwhile are passed over; their numbers are never used again.
func (f *Folder) everything(from wal.Position, visit func(*LogEntry) error) (err error) {
	for range logTries {
		last := wal.Position{}
		err = wal.Inspect(f.logOptions(), from, func(x wal.Found) error {
			if err := f.ctx.Err(); err != nil {
				return err
			}
			last = x.At
			e := &LogEntry{Found: x, File: wal.SegmentPath(f.logDir(), x.At.Segment)}
			if x.Kind == wal.KindDamaged && f.dropped(e.File) {
				return nil
			}
			if x.Kind == wal.KindRecord || x.Kind == wal.KindTorn && x.Type != 0 {
				e.decode()
			}
			return visit(e)
		})
		if !f.inUse() || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !last.IsZero() {
			from = wal.Position{Segment: last.Segment + 1}
		}
	}
	return err
}

// dropped reports whether a running process has dropped a segment.
func (f *Folder) dropped(path string) bool {
	if !f.inUse() {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func (e *LogEntry) decode() {
	var err error
	if e.Type == storage.RecordFormatted {
		e.Identity, err = storage.DecodeIdentity(e.Payload)
	} else {
		e.Record, err = protocol.DecodeRecord(protocol.RecordType(e.Type), e.Payload)
	}
	if err != nil {
		e.Detail = err.Error()
	}
}

// TypeName is what a record of a type is called.
func TypeName(typ uint8) string {
	switch typ {
	case uint8(protocol.RecordPromised):
		return "promise"
	case uint8(protocol.RecordVoted):
		return "vote"
	case uint8(protocol.RecordRound):
		return "round"
	case uint8(protocol.RecordPinned):
		return "pin"
	case storage.RecordFormatted:
		return "identity"
	}
	return fmt.Sprintf("type %d", typ)
}
