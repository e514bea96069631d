package system

import (
	"context"
	"slices"

	"paxos/bench/peer"
)

// Host is what systems are started with.
type Host struct {
	Dir   string // the folder of all systems
	Self  string // this program, which plays replicas and clients with `replica SPEC`
	Paxos string // our own program
}

// System is one system of the comparison.
type System struct {
	Name string
	// Ours says that it is no peer, but what is compared with the peers.
	Ours bool
	// What says in a few words what runs, and where the load is made.
	What  string
	start func(context.Context, *Running, Host) error
}

// All are the systems, ours first.
var All = []System{
	{"paxos-roles", true, "3 acceptors, 1 proposer, 1 learner; UDP client in a process of its own", startRoles},
	{"paxos-servers", true, "3 list servers; Go client over HTTP in a process of its own", startServers},
	{peer.RaftWAL, false, "hashicorp/raft with raft-wal, 3 processes; load in the leader's process", library(peer.RaftWAL)},
	{peer.RaftBolt, false, "hashicorp/raft with raft-boltdb, 3 processes; load in the leader's process", library(peer.RaftBolt)},
	{peer.Dragonboat, false, "dragonboat with its default log (pebble), 3 processes; load in the leader's process", library(peer.Dragonboat)},
	{peer.DragonboatTan, false, "dragonboat with its log tan, 3 processes; load in the leader's process", library(peer.DragonboatTan)},
	{peer.Etcd, false, "3 etcd servers; gRPC client in a process of its own, at the leader", startEtcd},
}

// Names are the names of all systems.
func Names() (names []string) {
	for _, s := range All {
		names = append(names, s.Name)
	}
	return names
}

// Find returns the system of a name.
func Find(name string) (System, bool) {
	i := slices.IndexFunc(All, func(s System) bool { return s.Name == name })
	if i < 0 {
		return System{}, false
	}
	return All[i], true
}
