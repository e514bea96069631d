// Package vfs is the little that the write-ahead log asks of a file system, so
// that the log can run on something other than a disk.
//
// Start with [FS] and [File]: a dozen operations, each with what it promises
// after a crash. Three things implement them:
//
//   - [OS] is the real one.
//   - [Mem] is a twin in memory that can lose power: [Mem.Crash] returns the
//     disk as a machine might find it after a power cut, with unsynced data and
//     unsynced directory entries lost at random. Everything it does follows from
//     its seed, so a simulator can replay a run.
//   - [Faulty] wraps another one and fails the n-th operation, so that a test
//     can ask "and what if this very one fails?" for every operation in turn.
//
// What is durable when, in all three:
//
//   - written bytes, and the size of a file: after File.Sync returned nil;
//   - a name that was created, renamed or removed: after SyncDir of its folder
//     returned nil. Syncing a file says nothing about its name;
//   - a folder made by MkdirAll: when MkdirAll returns.
package vfs
