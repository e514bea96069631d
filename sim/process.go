package sim

import "paxos/node"

// process is what a host runs, and call what its front desk was asked for.
type (
	process = node.Process
	call    = node.Call
)
