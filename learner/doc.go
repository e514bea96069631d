// Package learner is the learner's core: a pure state machine that finds out
// what is decided, delivers it strictly in instance order, and repairs what
// the network lost. It has no clock, file, socket or goroutine: the same events
// make the same outputs.
//
// # How an instance becomes known
//
// Lamport, "Paxos Made Simple" (2001), section 2.3: a value is chosen when a
// majority of the acceptors accepted it in one ballot. Three things tell so:
//
//   - Accepted from a majority of distinct members in one ballot (rules 3 and 4);
//     who the members are, for each instance, is in members.go (rule 13);
//   - a [protocol.Mark] of the leader: the value of this very ballot is decided;
//   - a Decided list of somebody who knows.
//
// Accepted and Mark name a ballot, not a value: the value is the one in the
// Accept of that ballot, which everybody hears for himself. So an instance can
// be known chosen before its value is known; then the Accept that comes late,
// or somebody's Decided list, completes it. A Heartbeat's Decided, like
// Decided.Applied, says only *that* instances are decided, never *what*: it
// raises the watermark and nothing else. A value that was heard, even one that
// the own acceptor voted for, is not decided because it lies below the watermark.
//
// That an instance is never decided twice with different values (van Renesse
// and Altinbuken, "Paxos Made Moderately Complex" (2015), invariant C2) is
// asserted for all undelivered and cached instances. Such a learner must not
// deliver anything any more: it panics and names the instance.
//
// # Repair
//
// A learner that knows of later instances and delivered nothing for
// Config.AskDelay asks one peer for what is missing, as much as its answer may
// take in the own socket buffer (Config.ReplyBytes). When the whole answer is
// there it asks for the next lot at once; when it isn't, it waits twice as long
// and asks the next peer. A peer that has forgotten the instance answers with
// Trimmed; then only a snapshot helps ([Learner.Behind], [Fetcher]).
//
// # Pins, and why counting does not wait for them
//
// An Accepted counts only if it comes from the store that its acceptor is
// pinned to (rule 10). The first one of an acceptor pins it: the record is
// handed to the log, and the vote counts at once. If this process crashed before
// the pin is durable it has forgotten a store, not a vote. That can matter only
// if the acceptor is wiped in the same moment, and then the leader and the other
// acceptors still hold their pins: a leader counts no vote before its own pins are
// durable, and the newcomer's promise is void for it. The learner's pin is
// the second lock on that door, and not worth a disk's wait before delivery
// (learners never wait for their own disk).
//
// A learner that was new when a wiped acceptor spoke first has pinned the wrong
// store. So it counts votes of other stores, as a number to look at, but stops
// nobody; Marks and Decided lists tell it what the votes it ignores would have.
//
// # Bounds (rule 8)
//
// Undelivered instances are held in a ring of at most Config.MaxAhead slots with
// at most Config.MaxHeldBytes of values; what does not fit is dropped and asked
// for when its turn comes. The very next instance always fits. Delivered ones
// are kept to answer others within Config.CacheBytes, see cache.go.
//
// # Where to read on
//
// learner.go has the way in, choose.go the counting, members.go who votes,
// slots.go the ring, repair.go the asking, serve.go the answering; fetch.go
// pulls snapshots.
package learner
