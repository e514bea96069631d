package storage

import (
	"paxos/protocol"
	"paxos/wal"
)

// Batch collects the records that one fdatasync makes durable. The zero value is
// an empty batch; it keeps its memory over Reset, so that in steady use Add does
// not allocate. A batch is used by one goroutine at a time: the node loop fills
// one while the disk goroutine commits another.
type Batch struct {
	log     wal.Batch
	scratch []byte
}

// Add appends a record; it is copied.
func (b *Batch) Add(rec protocol.Record) {
	b.scratch = rec.AppendTo(b.scratch[:0])
	b.log.Add(uint8(rec.Type()), b.scratch)
}

// Len is the number of records.
func (b *Batch) Len() int { return b.log.Len() }

// Bytes is what the records take in the log; see Store.MaxBatchBytes.
func (b *Batch) Bytes() int { return b.log.Bytes() }

// Reset empties the batch, also after it was committed.
func (b *Batch) Reset() { b.log.Reset() }
