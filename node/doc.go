// Package node is the runtime of one process: it joins the pure cores, the
// list, the store and a transport.
//
// It has two halves.
//
//   - [Machine] is the deterministic half: the cores that this process is made
//     of and the list behind them, wired together. One call takes one event;
//     what it asks for gathers in a protocol.Output. It has no goroutine and no
//     clock, so a simulator can drive it.
//   - [Run] is the half with goroutines: the loop, which receives datagrams, steps
//     the machine and sends; a disk goroutine that commits groups of records; a
//     worker that writes checkpoints; a server of snapshots to peers; and, for a
//     learner, a feed that hands the list's entries out.
//
// [StartServer] runs the same loop for a list server: acceptor, proposer and
// learner in one machine, with a front desk (desk.go, deskread.go) for commands and
// linearizable reads. What a list server tells others it hears itself, as its
// transport does not bring it back: at once, or, where it waits for the disk, by
// its mailbox when it is durable (mailbox.go). A program that embeds the engine waits at
// the desk with a Proposal (proposal.go).
//
// [OpenProcess] is for a simulator: the same loop and the same disk, worker and
// server of snapshots, but without their goroutines. Its owner says when each of
// them does its next step, what the clock shows, and what is drawn at random
// (world, in random.go). Nothing in this package, or below it, may depend on the
// order of a map, on a clock or on randomness of its own: the same seed must send
// the same bytes.
//
// The loop sleeps in the transport's Receive. Whoever has news
// for it (the worker, a failure, a signal) leaves them and calls Wake.
//
// # The order that keeps it safe
//
// One turn of the loop takes everything that has arrived, steps the machine,
// and then, in this order: sends what may leave at once; hands the turn's
// records, together with the messages that wait for them, to the disk goroutine
// (or, while that is busy, adds them to the next group); and releases the
// messages of a group only when the store has said that its records are
// durable (rule 1). So one fdatasync covers every vote that arrived while the
// last one ran. The loop waits for the disk only with a single record, when
// nothing else is under way: that is quicker than handing it over.
//
// # What makes it bounded
//
// When a few MiB of values have been decided since the last checkpoint, the
// machine freezes a view of its state and the worker writes it to the database;
// only then are votes and decisions up to it forgotten, and the log's front
// dropped (rule 7).
package node
