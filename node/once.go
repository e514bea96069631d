package node

import (
	"time"

	"paxos/protocol"
)

// once is Options.Once: stop when everything that was decided at the start has
// been delivered.
type once struct {
	on      bool
	giveUp  protocol.Time
	known   bool              // a leader was heard
	through protocol.Instance // what it said is decided
}

// oncePatience is how long a learner waits for a leader to say what is decided,
// before it is content with what it has.
const oncePatience = 3 * time.Second

func (o *once) deadline() protocol.Time {
	if o.on && !o.known {
		return o.giveUp
	}
	return 0
}

func (o *once) done(r *runner) bool {
	if !o.on {
		return false
	}
	if decided, heard := r.machine.LeaderSays(); heard && !o.known {
		o.known, o.through = true, decided
	}
	if !o.known {
		return r.now() >= o.giveUp
	}
	return r.machine.List.Applied() >= o.through
}
