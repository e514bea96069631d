// Package wal is a segmented write-ahead log. It knows bytes, not what they
// mean: records of a type and a payload go in, in batches; after a crash the same
// records come out in the same order.
//
// # Use
//
//	log, report, err := wal.Open(options, from, replay) // replays what is there
//	batch.Add(typ, payload)                             // as often as you like
//	end, err := log.Commit(&batch)                      // one write, one fdatasync
//	batch.Reset()
//	...
//	log.DropBefore(position)                            // the front is not needed any more
//	log.Close()
//
// When Commit returns nil, everything in the batch is durable; before that,
// nothing of it may be relied on, and after a crash the whole batch is there or
// nothing of it. A batch is built by one goroutine while another one commits the
// batch before it: that is the whole of group commit, and the caller's to arrange.
// The package starts no goroutine. Prepare and DropBefore do the slow work on
// files (filling the next segment with zeros, renaming, removing); call them from
// a goroutine of your own, and Commit never has to.
//
// The first error of an operation on a file is final (safety rule 9): every later
// call returns it, and no sync is tried again. What was acknowledged is on
// the disk; open the log again, in a new process, once the cause is gone.
//
// # Where to read on
//
// docs/wal.md has the format in byte tables, the assumptions about the disk, and
// the table of what Open does with what it finds. In the code:
//
//   - format.go and header.go: the bytes of frames and of a segment's header;
//   - batch.go: how a batch becomes bytes; log.go: how these become durable;
//   - segment.go, upkeep.go and folder.go: the life of a segment file;
//   - reader.go and batches.go: from bytes back to frames and batches;
//   - recovery.go, evidence.go and settle.go: Open's three steps: replay, tell a
//     torn tail from damage, make the end of the log fit to go on from;
//   - inspect.go: read-only iteration for tools.
package wal
