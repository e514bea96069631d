package compare

import (
	"time"

	"paxos/bench/load"
)

// Raw is everything that was measured.
type Raw struct {
	Started  time.Time
	CPUs     int
	Rounds   int
	Phase    time.Duration
	Warmup   time.Duration
	Payloads []int
	InFlight []int
	Systems  []SystemInfo
	Samples  []Sample
	// Uncounted says why no fsyncs were counted; empty: they were.
	Uncounted string
	// FsyncP50 is what one fdatasync took on this machine in this run.
	FsyncP50 time.Duration
}

// SystemInfo is what is known of a system beside its phases.
type SystemInfo struct {
	Name string
	Ours bool
	What string
	// Idle is the share of one core that its processes took while others had their turn.
	Idle float64
	// Again is how many phases had to be repeated, because the leader was lost under them.
	Again int
}

// Sample is one phase of one system.
type Sample struct {
	System   string
	Payload  int
	InFlight int
	Round    int
	load.Result
	CPU     time.Duration // of all processes, from before the phase until the system was idle again
	PeakRSS int64         // of the replicas' processes together
	Anon    int64         // of it, anonymous memory as it was when the phase ended
	Client  int64         // of the process that made the load, where it is no replica
	Syncs   uint64        // of the replicas, in the same time
}
