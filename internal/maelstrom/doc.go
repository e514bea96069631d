// Package maelstrom is a node for Maelstrom (https://github.com/jepsen-io/maelstrom),
// so that Jepsen's own checkers can judge the list servers' engine. It speaks
// Maelstrom's protocol, one JSON object a line on stdin and stdout, and serves the
// workloads lin-kv and txn-list-append. Start with [Run].
//
// The engine is the one that 'paxos server' runs (node.StartServer, with its store
// on a disk). Only what is around it is other:
//
//   - network.go: a transport whose datagrams travel as messages of Maelstrom's
//     simulated network, so that its delays, losses and partitions befall Paxos;
//   - state.go: a small state machine in memory. Its commands are the entries of
//     the replicated list, so every node computes the same results;
//   - replica.go: feeds the list to the state machine, and the results to those
//     who wait for them;
//   - request.go: what clients may ask, and the shape of the answers;
//   - serve.go: the way of a request, and what failures are called;
//   - message.go, reader.go, printer.go: lines in and out, all of them bounded;
//   - canonical.go: JSON values that are equal get the same text.
//
// # The way of a request
//
// Whatever changes something is appended to the list as a command, with a tag that
// says who waits for it. When the entry is applied at this node, its result is
// computed and answered. What only reads writes no log: the engine's Barrier
// (rule 12) tells when this node knows of everything that was acknowledged before,
// and the state machine is read as soon as it has come as far.
//
// # What failures are called
//
// A code that Maelstrom takes for definite is answered only where nothing was done
// and nothing ever will be; whatever the cluster may have heard of and did not
// answer in time is a timeout (0) or, where this node has stopped, a crash (13).
//
// # Bounds
//
// A line is at most [MaxLine] bytes long; longer ones are skipped. Datagrams that
// find a queue full, in either direction, are lost, as on any network. Requests
// beyond [MaxRequests] at once are refused. The state machine itself is in memory:
// it is as large as what the clients store.
package maelstrom
