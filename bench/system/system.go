package system

import (
	"context"
	"slices"
)

// Host is what systems are started with.
type Host struct {
	Dir      string // the folder of all systems
	Programs string // the folder with the programs that Packages names, and with our own, paxos
}

// System is one system of the comparison.
type System struct {
	Name string
	// Ours says that it is no peer, but what is compared with the peers.
	Ours bool
	// What says in a few words what runs, and where the load is made.
	What string
	// programs are those of the folder peer that it needs.
	programs []string
	start    func(context.Context, *Running, Host) error
}

// The programs that more than their name must be known of.
const (
	paxosProposer = "paxosproposer"
	paxosClient   = "paxosclient"
	etcdServer    = "etcdserver"
	etcdClient    = "etcdclient"
)

// All are the systems, ours first.
var All = []System{
	{"paxos-roles", true, "3 acceptors, 1 proposer, 1 learner; load in the leader's process", []string{paxosProposer}, startRoles},
	{"paxos-roles-udp", true, "the same; UDP client in a process of its own", []string{paxosClient}, startRolesUDP},
	{"paxos-servers", true, "3 list servers; Go client over HTTP in a process of its own", []string{paxosClient}, startServers},
	{"paxos-engine", true, "the library paxos/engine, 3 processes; load in the leader's process", []string{"paxosengine"}, library},
	{"raft-wal", false, "hashicorp/raft with raft-wal, 3 processes; load in the leader's process", []string{"hashicorp"}, library},
	{"raft-boltdb", false, "hashicorp/raft with raft-boltdb, 3 processes; load in the leader's process", []string{"hashicorp"}, library},
	{"dragonboat", false, "dragonboat with its default log (pebble), 3 processes; load in the leader's process", []string{"dragonboat"}, library},
	{"dragonboat-tan", false, "dragonboat with its log tan, 3 processes; load in the leader's process", []string{"dragonboat"}, library},
	{"etcd-embedded", false, "3 etcd servers; etcd's client without a connection, in the leader's process", []string{etcdServer}, startEmbedded},
	{"etcd", false, "3 etcd servers; gRPC client in a process of its own, at the leader", []string{etcdServer, etcdClient}, startEtcd},
}

// Packages are the Go packages of the programs that systems need, of the module paxos/bench.
func Packages(all []System) (names []string) {
	for _, s := range all {
		for _, program := range s.programs {
			if name := "paxos/bench/peer/" + program; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
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
