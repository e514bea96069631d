package node

import (
	"paxos/protocol"
	"paxos/storage"
)

// Watch is told what a process does, for checks: by whichever goroutine does it.
// Each of its functions may be nil. None of them may change what it is given, nor
// keep it, but for values, which never change.
type Watch struct {
	// Restored is told what was found durable at the start.
	Restored func(storage.Restored)
	// Sent is told of every message that leaves the process, at that moment; also of
	// those that a list server tells only itself, and of those to its clients, which
	// go nowhere: its front desk asks the list.
	Sent func(protocol.Send)
	// Durable is told of records when storage.Commit has returned nil, before the
	// messages that wait for them leave.
	Durable func([]protocol.Record)
	// Applied is told of each value that was applied to the list, in order.
	Applied func(i protocol.Instance, value []byte)
	// Installed is told when a snapshot took the list to instance i.
	Installed func(i protocol.Instance)
	// Checkpointed is told when the state at instance i is durable, and what stands
	// below may be forgotten.
	Checkpointed func(i protocol.Instance)
}
