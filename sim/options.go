package sim

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Options say what one run is. The zero value is a run of seed 0 with everything
// drawn from it.
type Options struct {
	// Seed decides everything: the cluster, the load, the network, the faults.
	Seed uint64
	// Steps is how many events happen with faults on; 0 means DefaultSteps. Then all
	// is healed, and the run must come to its end within a bounded number of further
	// events.
	Steps int
	// Shape is one of the Shapes; drawn from the seed if empty.
	Shape string
	// Faults are the kinds of fault that are allowed; nil: all of FaultKinds.
	Faults []string
	// Without are faults of the schedule that are left out, by their number in
	// Result.Faults. That changes nothing about the others: each has a source of
	// randomness of its own.
	Without []int
	// Trace, if not nil, gets one line for each event.
	Trace io.Writer
}

// DefaultSteps is how many events happen with faults on, unless Options say so.
const DefaultSteps = 20_000

// The shapes of a cluster.
const (
	ShapeRoles   = "roles"   // separate roles over multicast
	ShapeServers = "servers" // list servers over streams
	ShapeImages  = "images"  // the same, as an engine's nodes: with a state machine that keeps images
)

// Shapes are the shapes of a cluster.
func Shapes() []string { return []string{ShapeRoles, ShapeServers, ShapeImages} }

// FaultKinds are the kinds of fault, by the names that Options.Faults has.
func FaultKinds() []string { return slices.Clone(faultKinds[:]) }

// The kinds of fault. The first ones befall the network all the time, at a rate
// drawn from the seed; the others are scheduled one by one.
const (
	faultLoss        = "loss"
	faultDuplication = "duplication"
	faultReordering  = "reordering"
	faultDelay       = "delay"
	faultWAN         = "wan"
	faultPartition   = "partition"
	faultOneWay      = "one-way"
	faultCrash       = "crash"
	faultRestart     = "restart"
	faultPause       = "pause"
	faultDrift       = "drift"
	faultJump        = "jump"
	faultWriteError  = "write-error"
	faultSyncError   = "sync-error"
	faultFullDisk    = "full-disk"
	faultRotLog      = "bit-rot-log"
	faultRotDB       = "bit-rot-db"
	faultWipe        = "wipe"
	faultSwap        = "swap"
	faultMembers     = "members"
	faultTransfer    = "transfer"
)

var faultKinds = [...]string{
	faultLoss, faultDuplication, faultReordering, faultDelay, faultWAN, faultPartition, faultOneWay,
	faultCrash, faultRestart, faultPause, faultDrift, faultJump, faultWriteError, faultSyncError,
	faultFullDisk, faultRotLog, faultRotDB, faultWipe, faultSwap, faultMembers, faultTransfer,
}

// Check says what is wrong with options.
func (o *Options) Check() error {
	if o.Steps < 0 {
		return fmt.Errorf("%d steps", o.Steps)
	}
	if o.Shape != "" && !slices.Contains(Shapes(), o.Shape) {
		return fmt.Errorf("shape %q: want one of %q", o.Shape, Shapes())
	}
	for _, kind := range o.Faults {
		if !slices.Contains(faultKinds[:], kind) {
			return fmt.Errorf("fault %q: want one of %v", kind, faultKinds)
		}
	}
	return nil
}

// allows reports whether a kind of fault may happen.
func (o *Options) allows(kind string) bool { return o.Faults == nil || slices.Contains(o.Faults, kind) }

// steps is Steps, or its default.
func (o *Options) steps() int {
	if o.Steps == 0 {
		return DefaultSteps
	}
	return o.Steps
}

// Fault is one entry of a run's schedule.
type Fault struct {
	Number int // in the schedule, from 0
	Kind   string
	Target string // whom it befalls
	What   string // what happens
	At     time.Duration
	Until  time.Duration // 0: it is over at once
	Left   bool          // left out, by Options.Without
}
