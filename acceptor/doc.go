// Package acceptor is the acceptor's core: a pure state machine that promises
// ballots, votes for values, and remembers its votes until its own checkpoint
// has made them superfluous. It has no clock, file, socket or goroutine: the
// same events make the same outputs.
//
// # What it does, by the papers
//
// Lamport, "Paxos Made Simple" (2001), section 2.2: phase 1b is [Acceptor.Step]
// with a Prepare, phase 2b with an Accept. Van Renesse and Altinbuken, "Paxos
// Made Moderately Complex" (2015), figure 4, is the same for many instances:
// one promised ballot for all of them, and for each instance the vote of the
// highest ballot (their section 4.1: older ones are never needed).
//
// Four things go beyond the papers:
//
//   - Votes are forgotten once the list up to them stands in this process's own
//     durable checkpoint ([Acceptor.Trim], rule 7). A Promise carries this trim
//     point; an Accept at or below it is answered with Trimmed and gets no vote
//     (rule 6).
//   - A Promise comes in pages, because the votes need not fit one datagram.
//     Each page is an answer to one Prepare and nothing is remembered between
//     them. That is sound: once a ballot is promised, no lower one changes a
//     vote any more, so pages taken at different times belong to one promise.
//     If the trim point moves in between, the later pages say so, and the
//     proposer is behind it (rule 6).
//   - A leader that is heard is protected: Canvass is granted only after
//     Config.LeaderTimeout without one.
//   - Stores have an identity (rule 10), and no vote is cast in a ballot whose
//     owner has not told which stores it knows: see pins.go.
//
// # What waits for the disk
//
// Promise and Accepted are always handed over as held messages, also where no
// record goes with them: a repeated Prepare or Accept may overtake the record
// of the first on its way to the disk, and then the answer to the repeated one
// must wait for it as well (rule 1). Everything else that an acceptor says
// commits it to nothing and leaves at once. A Refuse or Support may name a
// promise that is not durable yet; after a crash the acceptor may have
// forgotten it, and all that came of it is that somebody chose a higher round
// than necessary.
//
// # Where to read on
//
// acceptor.go has the way in and who takes part, prepare.go phase 1, accept.go
// phase 2, leader.go canvassing and heartbeats, votes.go the table of votes.
package acceptor
