package server

import (
	"context"
	"time"

	"paxos/list"
	"paxos/node"
	"paxos/protocol"
)

// Engine is the replicated list, as a member of the cluster has it: a
// node.Server. All methods may be called from any goroutine.
//
// Errors are those of package node. Where ctx ends first, the error wraps
// node.ErrUnknown if the command may be applied all the same, else it wraps
// ctx's error.
type Engine interface {
	// Append appends each payload once and returns their places once they are
	// applied here. Where it fails, payloads may be looked at after it returned.
	Append(ctx context.Context, payloads [][]byte) ([]node.Placed, error)
	// OpenSession opens the session of a nonce, or finds it.
	OpenSession(ctx context.Context, nonce protocol.Nonce) (protocol.SessionID, error)
	// AppendIn is Append in a session: the payloads have the seqs from first on.
	// Those that were applied before keep their places.
	AppendIn(ctx context.Context, s protocol.SessionID, first protocol.Seq, payloads [][]byte) ([]node.Placed, error)
	// Barrier returns once a View holds everything that was acknowledged, by any
	// server, before the call (rule 12).
	Barrier(ctx context.Context) error

	// View is the list as applied here.
	View() list.View
	// Snapshot is the head of the list as it stands, and the View of that moment:
	// with the chunks that left memory, all that a backup holds.
	Snapshot(ctx context.Context) (head []byte, view list.View, err error)
	// Applied is the instance that View stands for, or a later one.
	Applied() protocol.Instance
	// Chunk is the encoded chunk n of those that a View does not hold any more.
	// The bytes are the caller's.
	Chunk(n uint64) ([]byte, error)
	// Changed is closed when the list has grown since the call.
	Changed() <-chan struct{}

	Status() node.Status
	// Figures is what monitoring wants to know; false: there is nothing to tell yet.
	Figures() (node.Figures, bool)
	// Transfer hands leadership to a member, or to any other one if to is 0.
	// Errors that are not of package node say why it is not possible now.
	Transfer(ctx context.Context, to protocol.NodeID) error
	// AddMember makes the server at an address a member that learns, RemoveMember
	// returns when a server is not needed any more, ReplaceMember adds one, waits
	// until it votes, and removes the other. To repeat one of them is harmless.
	// Errors that are neither of package node nor ctx's say why it is not possible now.
	AddMember(ctx context.Context, address string) error
	RemoveMember(ctx context.Context, id protocol.NodeID) error
	ReplaceMember(ctx context.Context, id protocol.NodeID, address string) error
	// Failed is closed when the engine has ended.
	Failed() <-chan struct{}
}

// staleTeller is what an Engine offers if it can tell Status().Stale alone, for
// less than a whole Status costs. Local reads ask it.
type staleTeller interface {
	Stale() time.Duration
}

// PeerStatus is what the transport tells of its connection to a peer.
type PeerStatus struct {
	ID          protocol.NodeID
	Address     string // host:port
	Connected   bool
	QueuedBytes int64  // wait to be sent
	Shed        uint64 // messages dropped so far because the queue was full
}
