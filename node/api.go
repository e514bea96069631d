package node

import (
	"errors"
	"time"

	"paxos/client"
	"paxos/protocol"
	"paxos/storage"
	"paxos/transport"
)

// What becomes of a command that a [Server] was asked to append. Errors that
// are none of ErrUnknown, ErrExpired and ErrForgotten say that nothing was done,
// and nothing will be.
var (
	// ErrUnknown says that the command was handed to the cluster and no answer
	// came in time: it may have been applied, may be later, or never.
	ErrUnknown = errors.New("outcome unknown")
	// ErrBusy says that too much is waiting already.
	ErrBusy = errors.New("too many commands are waiting")
	// ErrFull says that a member's disk is nearly full.
	ErrFull = errors.New("a disk is nearly full")
	// ErrStopped says that the server is stopping, or has failed.
	ErrStopped = errors.New("the server has stopped")
	// ErrOutOfTurn says that a session's commands do not follow on those applied
	// and those under way.
	ErrOutOfTurn = errors.New("commands of a session out of turn")
	// ErrForgotten says that a session's command was applied, so long ago that its
	// place in the list is not kept any more.
	ErrForgotten = errors.New("applied, but its place is not known any more")
	// ErrExpired says that a session is not known (any more).
	ErrExpired = client.ErrExpired
	// ErrConflict says that a membership change is not possible, or not now.
	ErrConflict = errors.New("membership change not possible")
	// ErrRemoved says that the server was removed from the cluster.
	ErrRemoved = errors.New("this server was removed from the cluster")
	// ErrTooLong says that a command is longer than the limit.
	ErrTooLong = client.ErrTooLong
)

// Placed is where an applied command stands.
type Placed struct {
	Index    uint64            // in the list, from 0
	Instance protocol.Instance // that decided it; 0 where the command was applied by an earlier request
}

// Leader is who leads, as far as a server knows.
type Leader struct {
	ID    protocol.NodeID // 0: nobody is known to
	Leads bool            // it is this server, and it may propose
}

// Member is a server of the cluster.
type Member struct {
	ID      protocol.NodeID
	Address string // host:port
	Voter   bool   // false: it still catches up
}

// Status is what a server can tell of itself at a moment.
type Status struct {
	Cluster protocol.ClusterID
	Self    Member
	Leads   bool
	Leader  protocol.NodeID // 0: none is known
	Ballot  protocol.Ballot // the highest promised
	Decided protocol.Instance
	Applied protocol.Instance
	Trim    protocol.Instance // forgotten up to here: it stands in the checkpoint

	Length   uint64 // of the list
	Sessions int
	Waiting  int // commands that wait for their answer here

	FreeBytes int64 // left on the disk; -1: not known
	Full      bool  // commands are refused because a member's disk is nearly full

	// Stale is how long ago this server last stood where the leader said that the
	// cluster did; negative: never yet.
	Stale  time.Duration
	Uptime time.Duration

	Members  []Member // voters, also those that a change under way removes, and learners
	First    []Member // the servers that the cluster began with
	Changing bool     // a change of the voters is under way
	Removed  bool     // this server is no member any more

	Store   storage.Stats
	Network transport.Stats
	Drops   map[string]uint64 // messages that were not for us, by reason
}
