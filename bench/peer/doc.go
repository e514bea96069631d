// Package peer has a driver for each system of the comparison.
//
//   - hashicorp.go: hashicorp/raft, with raft-wal or raft-boltdb as its log;
//   - dragonboat.go: lni/dragonboat, with its default log or with tan;
//   - etcd.go: an embedded etcd server, and etcdclient.go its gRPC client;
//   - rolesclient.go: the client of our multicast roles, over UDP;
//   - listclient.go: the Go client of our list servers, over HTTP;
//   - engine.go: our engine as a library.
//
// Where a system is a library, the load is made inside the leader's process, by
// goroutines that call it, which is the cheapest way to it. Where it is a server, a
// process of its own makes the load through the system's client. A system's
// settings are those that its documentation gives for such a load; where they
// differ from its defaults, the line says why. Every system syncs its log
// before it acknowledges.
package peer
