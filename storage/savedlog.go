package storage

import (
	"errors"
	"path/filepath"

	"paxos/protocol"
	"paxos/wal"
)

// Logged is the log of a stopped store behind its last checkpoint, as far as it
// can be read.
type Logged struct {
	// Damage is why Open refuses the log; nil: it does not. Then what Report says is
	// cut was never acknowledged.
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

// Log reads the log behind the checkpoint, and changes nothing. It judges it as Open
// does, and goes on behind damage as far as there is something whole. visit, if not
// nil, is told of every record with a right checksum; it must not keep it. Errors
// are those of the disk.
func (s *Saved) Log(visit func(protocol.Record)) (Logged, error) {
	o, err := Options{Dir: s.store.dir, Want: s.identity}.withDefaults()
	if err != nil {
		return Logged{}, err
	}
	var l Logged
	wo := logOptions(o, s.identity)
	l.Report, err = wal.Check(wo, s.st.Covers, func(wal.Position, uint8, []byte) error { return nil })
	if err != nil && !errors.As(err, &l.Damage) {
		return l, err
	}
	behind := false
	err = wal.Inspect(o.FS, wo.Dir, s.st.Covers, func(f wal.Found) error {
		behind = behind || l.Damage != nil && reached(f, wo.Dir, l.Damage)
		if f.Kind != wal.KindRecord && f.Kind != wal.KindTorn || f.Type == recordFormatted {
			return nil
		}
		rec, err := protocol.DecodeRecord(protocol.RecordType(f.Type), f.Payload)
		if err != nil {
			return nil // a right checksum over nonsense: not one of ours
		}
		if behind {
			l.Behind.add(rec)
		} else if f.Kind == wal.KindRecord {
			l.Before.add(rec)
		}
		if visit != nil {
			visit(rec)
		}
		return nil
	})
	return l, err
}

// reached reports whether f is the place of the damage, or behind it.
func reached(f wal.Found, dir string, damage *wal.CorruptError) bool {
	path := wal.SegmentPath(dir, f.At.Segment)
	return f.Kind == wal.KindDamaged || path == filepath.Clean(damage.File) && f.At.Offset+f.Bytes > damage.Offset
}
