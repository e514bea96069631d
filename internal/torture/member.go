package torture

import (
	"context"

	"paxos/internal/process"
)

// member is one process of the cluster that is tortured. Members are numbered from 0.
type member struct {
	name  string // like server-1, or acceptor-1
	voter bool   // it is one of those of whom a majority is needed
	leads bool   // it may become leader
}

// unknownLeader is the number of the leader where none is known.
const unknownLeader = -1

// fleet is a cluster of real processes, of either shape. Its methods may be called by
// any goroutine.
type fleet interface {
	members() []member
	// start starts a member that does not run, on the store that it has.
	start(i int) error
	// process is the last start of a member; nil before the first.
	process(i int) *process.Process
	// leader is the member that leads, as far as it can be found out.
	leader(ctx context.Context) int
	// ready waits until the cluster takes commands, after its first start.
	ready(ctx context.Context) error
	// started waits until everybody who runs has come so far that it hears a request to stop.
	started(ctx context.Context) error
	// store is the folder of a member's store, log the file with all that it said.
	store(i int) string
	log(i int) string
	// stop stops all that runs, cleanly, and fails where that was not possible.
	stop() error
	close()
}

// names are those of some members.
func names(all []member, some []int) (list []string) {
	for _, i := range some {
		list = append(list, all[i].name)
	}
	return list
}
