// Package driver plays Maelstrom, for tests: it starts nodes, carries their
// messages over a network with delays, losses and partitions, lets clients work,
// kills nodes and starts them again, and hands out what the clients saw, for
// package history to judge.
//
//   - cluster.go: the nodes, from init to the end;
//   - process.go: a node that is a process of its own;
//   - network.go: who hears whom, and when;
//   - client.go: one request and its answer;
//   - load.go, registers.go, txns.go: the workloads lin-kv and txn-list-append;
//   - nemesis.go: what breaks, and when.
//
// Unlike Maelstrom it restarts nodes, with their store. What befalls the n-th
// message from one node to another follows from the seed; when messages are sent
// does not, as nodes have clocks and disks of their own.
package driver
