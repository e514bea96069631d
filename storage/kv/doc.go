// Package kv is the little that the store asks of a database: buckets of sorted
// keys, changed in transactions that happen wholly or not at all, and read from
// consistent views while the next transaction is under way.
//
// Start with [DB] and [Tx]. Three things implement them:
//
//   - [OpenBolt] is the real one, bbolt in one file. What bbolt does on damage
//     (it panics, and reads through a memory map, which can fault) comes out as
//     an error of the class [ErrCorrupt] that names the file.
//   - [Memory] keeps its files in memory, for tests and the simulator. [Memory.Crash]
//     gives the disk after a power cut: what was committed, and nothing else.
//   - [Faulty] wraps another one and fails the n-th operation, so that a test
//     can ask "and what if this very one fails?" for each operation in turn.
//
// kv knows bytes, not Paxos, and it does not check the bytes: bbolt has no
// checksum for its data pages, so whoever stores something here adds one that
// covers key and value (package storage does).
package kv
