package cluster

import (
	"paxos/internal/process"
	"paxos/protocol"
)

// Process is one start of a role. Its Stdin is a client's input, and nil for the
// other roles.
type Process struct {
	*process.Process
	Role protocol.Role
	ID   int

	args []string // beside the usual ones
}
