package wal

import (
	"errors"
	"fmt"
	"hash/crc32"

	"paxos/internal/scratch"
)

// Batch collects the records that become durable together. The zero value is an
// empty batch. It keeps its memory over Reset, so that a batch in steady use does
// not allocate; after a flood it gives back what was more than usual. A batch is used
// by one goroutine at a time.
type Batch struct {
	keeper  scratch.Keeper
	buf     []byte // frames, their checksums not yet masked with their place
	records int
	sum     uint32 // see marker
	err     error  // what makes the batch unfit to be committed
	sealed  bool   // it was handed to the disk; only Reset makes it usable again
}

// Add appends one record whose payload is parts, joined; they are copied. typ
// must be from 1 to MaxType: anything else is a bug of the caller, and panics. A
// payload over MaxRecordBytes is not added, and Commit will return ErrTooLarge.
func (b *Batch) Add(typ uint8, parts ...[]byte) {
	if typ == 0 || typ > MaxType {
		panic(fmt.Sprintf("wal: record of the reserved type %d", typ))
	}
	payload := 0
	for _, part := range parts {
		payload += len(part)
	}
	if payload > MaxRecordBytes {
		b.err = fmt.Errorf("%w: record of %d bytes, the limit is %d", ErrTooLarge, payload, MaxRecordBytes)
		return
	}
	start := len(b.buf)
	b.buf = order.AppendUint32(b.buf, 0)
	b.buf = order.AppendUint32(b.buf, frameWord(typ, payload))
	for _, part := range parts {
		b.buf = append(b.buf, part...)
	}
	for len(b.buf)%frameAlignment != 0 {
		b.buf = append(b.buf, 0)
	}
	b.finish(start)
}

// finish sets the checksum of the frame that begins at start.
func (b *Batch) finish(start int) {
	frame := b.buf[start:]
	order.PutUint32(frame, frameCRC(frame))
	b.sum = crc32.Update(b.sum, castagnoli, frame[:frameHeaderBytes])
	b.records++
}

// Len returns the number of records.
func (b *Batch) Len() int { return b.records }

// Bytes returns what the records take in the log; see Log.MaxBatchBytes.
func (b *Batch) Bytes() int { return len(b.buf) }

// Reset empties the batch.
func (b *Batch) Reset() {
	empty := b.keeper.Emptied(b.buf)
	*b = Batch{keeper: b.keeper, buf: empty}
}

// check says why the batch cannot be committed into segments that take batches
// of up to limit bytes.
func (b *Batch) check(limit int64) error {
	switch {
	case b.err != nil:
		return b.err
	case b.sealed:
		return errors.New("wal: batch committed twice without Reset")
	case int64(len(b.buf)) > limit:
		return fmt.Errorf("%w: batch of %d bytes, the limit is %d", ErrTooLarge, len(b.buf), limit)
	}
	return nil
}

// seal closes the batch with a marker of type typ and makes its frames valid at
// their place in the log, and only there.
func (b *Batch) seal(typ uint8, seq uint64, logID uint64, at Position) []byte {
	m := marker{seq: seq, bytes: uint32(len(b.buf)), records: uint32(b.records), sum: b.sum}
	start := len(b.buf)
	b.buf = m.appendTo(b.buf, typ)
	order.PutUint32(b.buf[start:], frameCRC(b.buf[start:]))
	for off := 0; off < len(b.buf); {
		frame := b.buf[off:]
		mask := placeMask(logID, at.Segment, at.Offset+int64(off))
		order.PutUint32(frame, order.Uint32(frame)^mask)
		off += frameBytes(int(order.Uint32(frame[4:]) >> 8))
	}
	b.sealed = true
	return b.buf
}
