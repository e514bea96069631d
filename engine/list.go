package engine

import (
	"context"
	"time"

	"paxos/list"
	"paxos/node"
	"paxos/protocol"
	"paxos/transport/stream"
)

// The names of other packages that callers meet.
type (
	// NodeID numbers a node of the cluster, from 1 on.
	NodeID = protocol.NodeID
	// Member is a node of the cluster.
	Member = node.Member
	// Status is what a node can tell of itself at a moment.
	Status = node.Status
	// Figures are what monitoring wants to know of a node.
	Figures = node.Figures
	// PeerStatus tells how it stands with the connection to another node.
	PeerStatus = stream.PeerStatus
)

// The list of commands itself. Without a machine it is the state; the list servers
// (package server) are built on these methods.

// Append appends payloads in their order, each once; others may come in between. It
// returns their places when they stand in the list here. Errors are those of Propose;
// after ErrUnknown the payloads may still be sent, so they must not be changed.
func (e *Engine) Append(ctx context.Context, payloads [][]byte) ([]node.Placed, error) {
	return e.node.Append(ctx, payloads)
}

// OpenSession opens the session of a nonce, or finds it; see AppendIn.
func (e *Engine) OpenSession(ctx context.Context, nonce protocol.Nonce) (protocol.SessionID, error) {
	return e.node.OpenSession(ctx, nonce)
}

// AppendIn appends payloads as the commands first, first+1, ... of a session. To
// ask again, here or at another node, is always safe: what was applied is answered
// with its place.
func (e *Engine) AppendIn(ctx context.Context, s protocol.SessionID, first protocol.Seq, payloads [][]byte) ([]node.Placed, error) {
	return e.node.AppendIn(ctx, s, first, payloads)
}

// Barrier returns when View holds everything that was acknowledged by any node
// before the call. It writes no log. Read is for machines.
func (e *Engine) Barrier(ctx context.Context) error { return e.node.Barrier(ctx) }

// View is the list as it was last applied here.
func (e *Engine) View() list.View { return e.node.View() }

// Applied is the instance that View stands for, or a later one.
func (e *Engine) Applied() protocol.Instance { return e.node.Applied() }

// Snapshot is the head of the list and the View of the same moment: what a backup
// is made of.
func (e *Engine) Snapshot(ctx context.Context) (head []byte, view list.View, err error) {
	return e.node.Snapshot(ctx)
}

// Chunk returns the encoded chunk n of those that a View does not hold any more;
// nil if an image stands for it.
func (e *Engine) Chunk(n uint64) ([]byte, error) { return e.node.Chunk(n) }

// Changed returns a channel that is closed when the list has changed since.
func (e *Engine) Changed() <-chan struct{} { return e.node.Changed() }

// Stale is Status().Stale, and costs less.
func (e *Engine) Stale() time.Duration { return e.node.Stale() }

// Status tells how the node is. After the end it is the zero Status.
func (e *Engine) Status() Status { return e.node.Status() }

// Figures is what monitoring wants to know; false: there is nothing to tell yet.
// Package engine/metrics has it, and what MachineFigures tells, for Prometheus.
func (e *Engine) Figures() (Figures, bool) { return e.node.Figures() }

// Peers tells how it stands with the connections to the others.
func (e *Engine) Peers() []PeerStatus { return e.transport.Peers() }

// Members are those who vote, or learn to do so, as far as this node knows. Behind
// a Read it is as of now.
func (e *Engine) Members() []Member { return e.node.Status().Members }

// AddMember makes the node at an address (host:port, its Options.Self) a member that
// learns, and returns when that is decided. Start that node with Join; when it is in
// step it asks for its vote itself. To add a member again changes nothing.
func (e *Engine) AddMember(ctx context.Context, address string) error {
	return e.node.AddMember(ctx, address)
}

// RemoveMember takes a node out of the cluster, and returns when it is not needed any
// more: it may be stopped then. To remove it again changes nothing.
func (e *Engine) RemoveMember(ctx context.Context, id NodeID) error {
	return e.node.RemoveMember(ctx, id)
}

// ReplaceMember adds the node at an address, waits until it votes, and then removes
// another. If ctx ends before, what is done stays; to call it again goes on.
func (e *Engine) ReplaceMember(ctx context.Context, id NodeID, address string) error {
	return e.node.ReplaceMember(ctx, id, address)
}

// Transfer gives the leadership to a node, 0 for anyone but the present leader, and
// returns when that is known here to lead.
func (e *Engine) Transfer(ctx context.Context, to NodeID) error { return e.node.Transfer(ctx, to) }
