package inspect

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"time"

	"paxos/wal"
)

// followEvery is how often Follow looks for something new.
const followEvery = 100 * time.Millisecond

// Follow visits the records of the log from a position on, and goes on with what is
// written, until ctx is done: then it returns nil. A batch is shown when its commit
// frame is there, so it was written whole; that it is durable, only the node knows.
func (f *Folder) Follow(ctx context.Context, from wal.Position, visit func(*LogEntry) error) error {
	for {
		next, err := f.newBatches(from, visit)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, errEnough) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		from = next
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// newBatches visits the whole batches from a position on, and returns where they end.
func (f *Folder) newBatches(from wal.Position, visit func(*LogEntry) error) (wal.Position, error) {
	var batch []*LogEntry
	err := f.everything(from, func(e *LogEntry) error {
		switch e.Kind {
		case wal.KindDamaged:
			return errEnough // it is being written, or verify will tell
		case wal.KindUnused, wal.KindTorn:
			return nil
		}
		e.Payload = bytes.Clone(e.Payload)
		batch = append(batch, e)
		if e.Kind == wal.KindRecord {
			return nil
		}
		for _, e := range batch {
			if err := visit(e); err != nil {
				return err
			}
		}
		batch = batch[:0]
		from = wal.Position{Segment: e.At.Segment, Offset: e.At.Offset + e.Bytes}
		return nil
	})
	return from, err
}
