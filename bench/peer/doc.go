// Package peer has, in the folders below, a program for each system of the
// comparison: what plays its replicas, and what makes its load.
//
//   - hashicorp: hashicorp/raft, with raft-wal or raft-boltdb as its log;
//   - dragonboat: lni/dragonboat, with its default log or with tan;
//   - etcdserver: an embedded etcd server; etcdclient: its gRPC client; etcdput: what both put;
//   - paxosengine: our engine as a library;
//   - paxosproposer: the proposer of our multicast roles;
//   - paxosclient: the UDP client of our multicast roles, the Go client of our list servers;
//   - loopback: how these two find the roles.
//
// Where a system is a library, the load is made inside the leader's process,
// which is the cheapest way to it; so it is for our multicast roles, by the ordinary client
// core, and for etcd, by its client for embedding. Where a system is a server, a
// process of its own makes the load through the system's client; so it is for our roles
// and etcd once more. A system's
// settings are those that its documentation gives for such a load; where they
// differ from its defaults, the line says why. Every system syncs its log
// before it acknowledges. They are programs of their own so that no system's memory
// holds another one's code.
package peer
