// Package client is the client's core: it opens a session, numbers its
// commands, sends them in runs, and repeats what is not acknowledged. It is a
// pure state machine: events and the time come in by calls, what is to be sent
// goes out in a [protocol.Output].
//
// # Exactly once, in order
//
// The client draws a random nonce and asks for a session (Open); the list
// numbers the sessions it opens and answers with the id. Each command has a
// number within its session, without gaps. The list applies a command if its
// number is exactly the last one + 1, so however often a run is sent, and
// whichever parts of it were applied before, each command takes effect once,
// in the order in which it was offered. (This is the client protocol of van
// Renesse and Altinbuken, "Paxos Made Moderately Complex", 2015, section 2,
// with the duplicate check made part of the replicated state.)
//
// The list keeps a bounded number of sessions. A client whose session was
// evicted is told so and stops with [ErrExpired]: of its unacknowledged commands
// nobody knows any more which were applied.
//
// # Repeating
//
// An Ack stands for all commands up to its number. When the oldest run gets no
// answer in time (a smoothed round trip, at least RetransmitMin), it is sent
// again, and after it all others that are late, burst by burst: small runs that
// follow each other lie side by side in memory and go as one. Answers that stay
// away several times mean that there is no leader: then one datagram at a time
// looks for the next one, ever more slowly. The first answer brings everything
// back.
//
// # How to use it
//
// Offer commands until it returns false; Flush once a batch of events; Step
// every message that comes; Tick at the Deadline. Payloads are copied once, into
// a ring of bytes that was allocated at the start; nothing is allocated for a
// command or a run. Messages in the Output alias that ring: encode them before
// the next call.
package client
