// Package storage is the durable half of a process: what its cores must not
// forget, in a write-ahead log in front of a bbolt database.
//
// # Use
//
//	store, restored, err := storage.Open(options)  // what was durable comes back
//	batch.Add(record)                              // the node loop, as often as it likes
//	err = store.Commit(&batch)                     // the disk goroutine: durable when nil
//	covers := store.Covered()                      // the node loop, when it freezes its state
//	err = store.Checkpoint(storage.Checkpoint{...}) // the background goroutine
//	data, err := store.Chunk(n)                    // any goroutine: what peers fetch
//	err = store.Close(&last)                       // at the end
//
// Records (votes, promises, rounds, pins) go to the log, many of them under one
// fdatasync. From time to time a checkpoint writes the state that they add up to,
// and the list, into the database, and the front of the log is dropped.
//
// # The rules kept here
//
//   - Rule 1: Commit returns nil only when the batch is durable.
//   - Rule 2: a vote promises its ballot; a checkpoint that would lower a
//     promise, a round or the applied instance is a broken invariant and panics.
//   - Rule 7: a checkpoint is one transaction, and the front of the log goes
//     only after it is durable.
//   - Rule 9: the first error of a write, a sync or the database ends the store for
//     good. Every later call returns that error; nothing is ever tried again.
//   - Rule 10: a store has an [Identity]. A folder is formatted only when asked
//     for, and never where anything is or may be stored.
//   - Rule 11: everything read back is checked, and damage is an [ErrCorrupt]
//     that names the file.
//
// # Where to read on
//
// docs/storage.md has the folder, the bytes, the life of a record and the table
// of what Open does with what it finds. In the code: open.go and format.go are
// that table; restore.go folds checkpoint and log into one state; state.go and
// database.go are the bytes in the database; checkpoint.go and store.go are the
// daily work; failure.go is rule 9.
package storage
