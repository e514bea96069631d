// Package list is the replicated list: what the decided values do. It is a
// [Machine], a state machine that is fed one decided value after the other and
// reaches the same state on every replica, byte for byte.
//
// # The apply rule
//
// A command is applied, that is, its payload is appended to the list, if its
// seq is exactly the last applied seq of its session plus one. Every other
// command is skipped. Since a session's commands carry the seqs 1, 2, 3, ...,
// this one rule gives exactly-once and first-in-first-out for each client,
// whatever networks and leaders repeat, reorder or lose. docs/list.md has the
// argument.
//
// # What is where
//
//	machine.go  the interface of a replicated state machine
//	state.go    State and Apply: start reading here
//	session.go  the sessions, found by id and by nonce, and who is evicted next
//	members.go  who takes part, and how that changes
//	results.go  the places in the list of a session's last commands
//	entries.go  the list itself: closed chunks, and the tail that still grows
//	view.go     reading the list, older chunks included, in constant memory
//	chunk.go    the encoded form of a chunk
//	head.go     the encoded form of everything else
//
// # Memory
//
// A State holds the tail (less than ChunkEntries entries), the chunks that
// were closed and not yet checkpointed, and at most MaxSessions sessions with
// their results (at most 8 KiB each). The rest of the list is the caller's:
// it takes closed chunks with [State.TakeClosed], makes them durable, and says
// so with [State.Checkpointed].
//
// A State belongs to one goroutine. What it hands out ([Chunk], [View]) never
// changes and may be read by others while the State goes on.
package list
