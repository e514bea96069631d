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
//	       nothing is decided any more; the acceptors do not learn what is
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
// phase1.go: one Prepare asks for all instances, from 1 on: whatever the own
// list stands for. An acceptor answers in pages, from its trim point on; each
// must continue where its last one ended, and only acceptors that delivered all
// count (rules 4 and 5).
//
// recovery.go: T is the highest trim point in the promises; the proposer is
// silent until its list has reached T (rule 6). Each instance from T+1 to the
// last one voted for, applied here or not, gets the vote of the highest ballot
// that any promise reported, and a no-op only where none did, a later vote
// exists, and the instance is not applied here (rule 5). Client commands are
// proposed after these, and admitted once all of these are applied.
//
// phase2.go: one Accept for each instance, many under way at once (window.go),
// repeated until the instance is settled. leader.go: signs of life, and the
// reasons to step down.
//
// # Who tells the acceptors
//
// An acceptor does not hear the others' Accepted. What is decided it learns from
// a leader's [protocol.Mark], or from another acceptor that did. And only an
// acceptor that knows what is decided applies it, checkpoints it, forgets its
// votes, and can tell late learners. So a leader owes it to them, whatever its
// predecessor may have told, and whatever it knows itself. The invariant of a
// leadership that goes on:
//
//	every instance is at or below the trim point of an acceptor, which has it
//	in its checkpoint; or within this leadership's mark; or open, which means
//	proposed in its ballot and repeated until a majority of distinct acceptors
//	has accepted it in this very ballot; or still to be proposed.
//
// It holds at the beginning, because phase 1 begins at instance 1 and proposes
// everything above T again. An open instance is settled by a majority's Accepted
// of this ballot, which the proposer counts itself, or by an acceptor's Trimmed,
// and by nothing else. That it was applied here only drives acknowledgements
// and admission: the Accepted of an older ballot may come late, be counted by
// the learner half of this process and by nobody else, and say nothing to
// acceptors. Nor does it allow to mark the instance. A mark says that it is
// decided with *the value that this ballot gave it*, and its hearers believe it
// without a further check; but a leader may be deposed, not have heard of it,
// and learn from a decided list what a higher ballot chose.
//
// Acceptors may forget what they were told: all of them, in a power failure. If
// the only checkpoint of an instance below the mark is lost with its disk, then
// nobody will ever tell the others. So they say with each HeartbeatAck how far
// they have applied; a leader that sees none of them come any further, below
// its mark's end, steps down, and phase 1 begins again at their trim points.
//
// # Reads
//
// A linearizable read (rule 12) must see every command that was acknowledged to
// anybody before it was sent. reads.go answers it with an instance R: who has
// applied R and all before it sees them. R is the highest instance that was
// proposed in this ballot, or recovered by its phase 1, when the Read came. The
// answer leaves when a majority has answered a Heartbeat that was sent after the
// Read came, and R is applied here. Why it suffices: let a value be chosen, at
// instance n > R in ballot c, before the Read came, and b be the leader's ballot.
// Where R is applied it is known who votes up to R+Alpha (rule 13), and the
// promises of b, and the answers, are a majority of all of these. For n up to there:
//
//   - c > b is impossible. The majority that accepted in c shares an acceptor with
//     the one that answered, and that one had promised c when it answered a
//     Heartbeat of the lower ballot b; it would have refused it.
//   - c = b: this leader had proposed it, so n <= R after all.
//   - c < b: phase 1 of b recovered it, or found it below a trim point, so n <= R.
//
// And if n > R+Alpha then who proposed it had applied R+1, which so was chosen
// before the Read came as well; but that is impossible, as has just been shown.
//
// That R is applied is needed. A slow leader may have proposed a change of the
// voters that it has not applied yet, and others may have gone on without it,
// among voters that it does not know of.
//
// What the leader itself knows to be decided would not suffice: Accepted go to
// everybody, and another list server may have counted a majority, applied the
// command and answered its client before this one heard of it. Nor would a round
// that was under way when the Read came: its Heartbeat may have been answered
// before a higher ballot was promised, and the command acknowledged since.
// Reads write nothing to any log.
//
// # Who votes
//
// members.go: the voters are part of the applied state, and a change that is
// applied at instance i governs from i+Alpha on (rule 13). Hence
//
//   - phase 1 needs a majority of every configuration that governs an instance
//     above the highest trim point;
//   - a value is proposed for an instance only if it is at most Alpha above what
//     is applied here, so that it is known who votes on it, and if a majority of
//     those has promised the ballot;
//   - it counts as accepted when a majority of those has accepted it.
//
// When a change is applied the leader goes on in its ballot as far as the
// promises go, learns the new voters' stores from their first words, and stands
// again, at once, when it knows enough of them to get their promises. It fills the
// instances up to the change's first one with no-ops if it has nothing better, and
// when a majority of the new voters has told that its durable checkpoints hold
// what the old ones decided, it proposes to settle: the old ones are forgotten. A
// list server that is to be removed may lead until then, and hands over when it
// applies that.
//
// # Handing over
//
// yield.go: a leader that will end, or shall not lead, says so in a Yield. The
// acceptors forget that they hear a leader; its target stands at once, without a
// canvass. Only liveness hangs on it: the successor's phase 1 is like any other.
//
// # Full disks
//
// A leader whose acceptors say that a disk is nearly full admits no commands,
// and says so in its Heartbeats. Votes, checkpoints and reads go on.
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
// Applied for what the learner half found, then Flush, once. Tick at the
// Deadline. A leader's own Accepts and Heartbeats must reach the learner
// half of its own process. Nothing here is safe for concurrent use.
//
// Everything is bounded: open instances and bytes by the window, queued bytes
// by QueueBytes, cursors and openings by constants, votes in phase 1 by what
// the acceptors keep between two checkpoints.
package proposer
