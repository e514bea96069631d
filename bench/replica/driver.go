package replica

import (
	"context"

	"paxos/bench/load"
)

// Spec says what a child is to play. It travels as JSON in an argument.
type Spec struct {
	System    string   // what a driver is found by
	ID        int      // 1 to len(Addresses), of a replica; 0 of a client
	Dir       string   // its folder, which exists
	Addresses []string // host:port of all replicas, on loopback
	Clients   []string // where clients are served, if that is elsewhere
	Config    string   // a configuration file, where the system has one
}

// Driver is a running replica or client.
type Driver interface {
	// Ready reports whether load can be made here now: of a replica, whether it
	// leads; of a client, whether its system answers.
	Ready(ctx context.Context) bool
	// Run makes load.
	Run(ctx context.Context, p load.Phase) (load.Result, error)
	// Close ends it.
	Close() error
}
