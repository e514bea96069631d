package protocol

import (
	"fmt"
	"time"
)

// NodeID names one process within its role. IDs start at 1; 0 means "nobody".
type NodeID uint32

// Valid reports whether id can name a process.
func (id NodeID) Valid() bool { return id != 0 }

func (id NodeID) String() string { return fmt.Sprintf("%d", uint32(id)) }

// StoreID is drawn at random when a store is formatted; it tells a store that
// came back from one that was wiped, copied or swapped (rule 10). 0 means "none".
type StoreID uint64

func (s StoreID) String() string { return fmt.Sprintf("%016x", uint64(s)) }

// ClusterID separates clusters that share a network: every message carries it.
type ClusterID uint64

func (c ClusterID) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// Instance numbers one slot of the replicated log. Instances start at 1; 0 means "none".
type Instance uint64

func (i Instance) String() string { return fmt.Sprintf("%d", uint64(i)) }

// Role says which part a process plays.
type Role uint8

// The roles. A list server plays acceptor, proposer and learner at once.
const (
	RoleClient Role = iota + 1
	RoleProposer
	RoleAcceptor
	RoleLearner
	RoleServer
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return r >= RoleClient && r <= RoleServer }

func (r Role) String() string {
	switch r {
	case RoleClient:
		return "client"
	case RoleProposer:
		return "proposer"
	case RoleAcceptor:
		return "acceptor"
	case RoleLearner:
		return "learner"
	case RoleServer:
		return "server"
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// Group is a multicast group: everybody who must hear what is sent to it.
type Group uint8

// The four groups, one for each multicast role.
const (
	GroupClients Group = iota
	GroupProposers
	GroupAcceptors
	GroupLearners
	Groups = 4 // how many groups there are
)

func (g Group) String() string {
	switch g {
	case GroupClients:
		return "clients"
	case GroupProposers:
		return "proposers"
	case GroupAcceptors:
		return "acceptors"
	case GroupLearners:
		return "learners"
	}
	return fmt.Sprintf("group(%d)", uint8(g))
}

// Time is a monotonic clock reading in nanoseconds since some start that is the
// same for one process. Cores are handed the time; they never ask for it.
type Time int64

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns how much later t is than u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// GroupOf is the multicast group that processes of role r listen to. A list
// server hears everything; its messages travel by peer, not by group.
func GroupOf(r Role) Group {
	switch r {
	case RoleClient:
		return GroupClients
	case RoleProposer:
		return GroupProposers
	case RoleAcceptor:
		return GroupAcceptors
	}
	return GroupLearners
}
