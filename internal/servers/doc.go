// Package servers starts the list servers of a cluster as real processes on this
// host, for `paxos start-servers` and for tests: each server is a child process of
// the same binary, with its own data folder.
//
//   - cluster.go: a cluster: its folder, its cluster file, its servers;
//   - control.go: start, kill -9, pause, resume, stop and restart one server, or
//     let one join that stands in no cluster file;
//   - keep.go: what start-servers does while they run;
//   - ask.go: what the servers say over HTTP: who leads, who is ready;
//   - ports.go: free addresses on this host;
//   - network.go: a network of namespaces, in which servers can be parted;
//   - links.go: multicast and loss in such a network, and sockets beside it.
//
// The folder of a cluster:
//
//	servers         the cluster file, unless another one is named
//	cluster-name    the cluster's name, drawn at the first start
//	server-N/       the store of server N
//	server-N.log    stderr of all starts of server N
//
// A program that uses this package must be able to play a server itself, for it
// is its own binary that is started: see Options.Binary.
package servers
