// Package proposer is the proposer's core: who leads, phase 1, phase 2, and the
// admission of client commands. It is a pure state machine: events and the time
// come in by calls, what must be done goes out in a [protocol.Output].
//
// The terms are those of Lamport, "Paxos Made Simple" (2001). Van Renesse and
// Altinbuken, "Paxos Made Moderately Complex" (2015), call phase 1 a scout,
// phase 2 a commander, and the proposer a leader; Chand, Liu and Stoller,
// "Formal Verification of Multi-Paxos for Distributed Consensus" (2016), prove
// the choice of phase 1 for all instances at once, as it is done here.
//
// # The way to leadership
//
//	           silence             majority grants        majority's pages
//	standby ------------> canvassing ------> preparing ------> catching up
//	   ^                                                            |
//	   |   a higher ballot; no majority answers;                    | applied >= trim point
//	   +-------------------------------------------- leading <------+
//	       nothing is decided any more
//
// election.go: a follower that hears no leader for a random time first asks the
// acceptors whether they miss one, too (Canvass), which changes nothing. So a
// proposer that alone is cut off does not depose a leader that others hear.
// Only when a majority grants it does it take a ballot: a round above all it
// has seen or used, recorded before the Prepare may leave (rule 3). Two that
// stand at once refuse each other at most for a while: the one with the lower
// ballot makes room when it hears the other's Prepare or a Refuse, and waits
// twice as long each time.
//
// phase1.go: one Prepare asks for all instances above the own applied one. An
// acceptor answers in pages; each must continue where its last one ended, and
// only acceptors that delivered all count (rules 4 and 5).
//
// recovery.go: T is the highest trim point in the promises; the proposer is
// silent until its list has reached T (rule 6). Above it each instance gets the
// vote of the highest ballot that any promise reported, and a no-op only where
// none did and a later vote exists (rule 5). Client commands are admitted once
// all of this is applied.
//
// phase2.go: one Accept for each instance, many under way at once (window.go),
// repeated until it is known that the instance is decided. leader.go: signs of
// life, and the reasons to step down.
//
// # What is decided, and by what
//
// The node's learner half says when an instance is chosen and when it is
// applied; either ends its retransmission. A [protocol.Mark], however, says
// that an instance is decided with *the value that this ballot gave it*, and
// its hearers believe it without a further check. That the instance was applied
// here does not prove it: a leader may be deposed, not have heard of it, and
// learn from a decided list what a higher ballot chose. So the proposer counts
// the Accepted of its own ballot itself, and marks only what a majority of
// distinct acceptors accepted in it (rule 4). See leadership.mark.
//
// # Admission and batching
//
// admission.go keeps a cursor for each session, from the applied state, afresh
// in every leadership: what is applied is acknowledged again, what is under way
// is dropped, what comes early waits for the hole to be filled. It makes
// repetitions rare; that a command is applied exactly once and in order is
// guaranteed by the list's rule (seq = last + 1) alone.
//
// queue.go: admitted runs wait in one queue, without being copied, until the
// window has room; then as many as fit are copied into one value. When nothing
// is under way a value goes at once, so a lone command never waits; when the
// acceptors are busy the queue grows, and so do the values.
//
// # How to use it
//
// For each batch of events: Step for every message (Submit and Open included),
// Applied and Chosen for what the learner half found, then Flush, once. Tick at
// the Deadline. A leader's own Accepts and Heartbeats must reach the learner
// half of its own process. Nothing here is safe for concurrent use.
//
// Everything is bounded: open instances and bytes by the window, queued bytes
// by QueueBytes, cursors and openings by constants, votes in phase 1 by what
// the acceptors keep between two checkpoints.
package proposer
