package list

import (
	"errors"

	"paxos/protocol"
)

// Machine is a replicated state machine, as its owner sees it: it is fed the
// decided values in instance order, and its whole state can be taken out and
// put in again. Two machines that were fed the same values are in the same
// state and append the same head.
type Machine interface {
	// Apply applies the value decided for instance i, which must be Applied()+1,
	// and adds to e what clients must hear of it. It must depend on nothing but
	// the state and v.
	Apply(i protocol.Instance, v protocol.Value, e *protocol.Effects)
	// Applied is the last applied instance, 0 at the beginning.
	Applied() protocol.Instance
	// AppendHead appends the state, without what was taken out for good before.
	AppendHead(b []byte) []byte
	// Restore replaces the state by that of a head. After an error the state is
	// what it was.
	Restore(head []byte) error
}

var _ Machine = (*State)(nil)

// Why a head or a chunk was not taken.
var (
	// ErrCorrupt is the class of everything that cannot have been written by
	// this package.
	ErrCorrupt = errors.New("corrupt")
	// ErrVersion is a head of another format version.
	ErrVersion = errors.New("head of another format version")
	// ErrSessionsOnly is a head without entries where entries are needed.
	ErrSessionsOnly = errors.New("head holds sessions only, no entries")
	// ErrOlder is a head that would take the state back.
	ErrOlder = errors.New("head is older than the state")
)
