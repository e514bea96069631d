package recovery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"paxos/inspect"
	"paxos/protocol"
	"paxos/storage"
	"paxos/vfs"
	"paxos/wal"
)

// Log is the log of a stopped store behind its last checkpoint, as far as it can be read.
type Log struct {
	// Damage is why storage.Open refuses the log; nil: it does not. Then what Report
	// says is cut was never acknowledged.
	Damage *wal.CorruptError
	Report wal.Report // what Open replays, or replayed before it came upon the damage
	Before Counts     // what Open replays
	Behind Counts     // what stands behind the damage and can still be read
}

// Counts are how many records of which kind there are.
type Counts struct {
	Records     int
	Votes       int
	First, Last protocol.Instance // that were voted on; 0: none
	Promises    int
}

func (c *Counts) add(rec protocol.Record) {
	c.Records++
	switch rec := rec.(type) {
	case *protocol.Promised:
		c.Promises++
	case *protocol.Voted:
		i := rec.Vote.Instance
		if c.Votes++; c.First == 0 || i < c.First {
			c.First = i
		}
		c.Last = max(c.Last, i)
	}
}

// Log judges the log behind the checkpoint as Open does, and reads on behind damage
// as far as there is something whole. visit, if not nil, is told of every record with a
// right checksum; it must not keep it. Errors are those of the disk.
func (s *Stopped) Log(visit func(protocol.Record)) (Log, error) {
	var l Log
	if l.Damage = s.noLog(); l.Damage != nil {
		return l, nil // and nothing is behind it
	}
	o := wal.Options{FS: vfs.OS{}, Dir: filepath.Join(s.dir, storage.LogName), LogID: uint64(s.Identity().Store)}
	var err error
	l.Report, err = wal.Check(o, s.Covers(), func(wal.Position, uint8, []byte) error { return nil })
	if err != nil && !errors.As(err, &l.Damage) {
		return l, storage.Denied(err, s.dir)
	}
	folder, err := inspect.Open(s.dir, inspect.Options{})
	if err != nil {
		return l, err
	}
	behind := false
	err = folder.Log(s.Covers(), func(e *inspect.LogEntry) error {
		behind = behind || l.Damage != nil && reached(e, l.Damage)
		switch {
		case e.Record == nil:
			return nil
		case behind:
			l.Behind.add(e.Record)
		case e.Kind == wal.KindRecord:
			l.Before.add(e.Record)
		}
		if visit != nil {
			visit(e.Record)
		}
		return nil
	})
	return l, errors.Join(err, folder.Close())
}

// noLog is the damage where no log is in the store: even a new one has one.
func (s *Stopped) noLog() *wal.CorruptError {
	dir := filepath.Join(s.dir, storage.LogName)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &wal.CorruptError{File: dir, Detail: "the log is missing"}
	case err == nil && !info.IsDir():
		return &wal.CorruptError{File: dir, Detail: "the log is missing: this is no folder"}
	}
	return nil
}

// reached reports whether e is at the place of the damage, or behind it.
func reached(e *inspect.LogEntry, damage *wal.CorruptError) bool {
	return e.Kind == wal.KindDamaged || e.File == filepath.Clean(damage.File) && e.At.Offset+e.Bytes > damage.Offset
}

// damagePassed is what is damaged before the checkpoint's place: it is in no one's way.
func (s *Stopped) damagePassed() (damaged []inspect.LogEntry, err error) {
	if s.noLog() != nil {
		return nil, nil
	}
	folder, err := inspect.Open(s.dir, inspect.Options{})
	if err != nil {
		return nil, err
	}
	enough := errors.New("enough")
	err = folder.Log(wal.Position{}, func(e *inspect.LogEntry) error {
		if !e.At.Less(s.Covers()) {
			return enough
		}
		header := e.At == wal.Position{Segment: s.Covers().Segment} // every start reads it
		if e.Kind == wal.KindDamaged && !header {
			damaged = append(damaged, *e)
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return damaged, errors.Join(err, folder.Close())
}
