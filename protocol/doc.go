// Package protocol is the vocabulary of the house: ballots, instances, values,
// quorums, every message that crosses a network and every record that goes to
// a log, with the one binary codec that both share.
//
// # Paxos in this vocabulary
//
// The replicated log is a row of [Instance]s. For each of them the acceptors
// choose one [Value]: a batch of client commands, or a no-op. A proposer works
// under a [Ballot] that nobody else ever uses (rule 3). Phase 1 ([Prepare],
// [Promise]) is run once for all open instances, phase 2 ([Accept],
// [Accepted]) once for each. A value is chosen when a majority of the distinct
// members of a [Quorum] accepted it in one ballot (rule 4).
//
// The terms are those of Lamport, "Paxos Made Simple" (2001), and of van
// Renesse and Altinbuken, "Paxos Made Moderately Complex" (2015). An instance
// is the latter's slot, a vote its pvalue.
//
// # Who says what to whom
//
//	client   -> proposers   Open, Submit
//	proposer -> clients     Opened, Acks, Expired
//	proposer -> acceptors   Canvass, Prepare, Accept, Heartbeat, Yield, Stranger
//	acceptor -> proposers   Support, Promise, Refuse, HeartbeatAck
//	acceptor -> learners    Accepted, Trimmed
//	server   -> proposers   Read, Reconfigure
//	proposer -> server      ReadAt
//	anybody  -> anybody     Ask, Decided, Fetch, Piece
//
// Learners and standby proposers listen to the acceptors' group too: there they
// hear the values, in the Accept itself.
//
// # Who votes
//
// The voters are part of the replicated state: a [Change] is a command in the
// log. A [Membership] says who votes on which instance (rule 13), and counts.
//
// # Outputs of a core
//
// A core answers each event by adding to an [Output]. What may leave at once is
// in Output.Now; what must wait for the disk is given together with its records
// to [Output.Persist] and is out of reach until the node loop, the only caller
// of [Held.Release], has seen the records durable (rule 1).
//
// # Limits
//
// Decoders check every length against the bytes at hand before they allocate;
// see limits.go for the numbers. docs/protocol.md has the byte tables.
package protocol
