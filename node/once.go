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
	through protocol.Instance // 0: not known yet
}

// oncePatience is how long a learner waits for a leader to say what is decided,
// before it is content with what it has.
const oncePatience = 3 * time.Second

func (o *once) deadline() protocol.Time {
	if o.on && o.through == 0 {
		return o.giveUp
	}
	return 0
}

func (o *once) done(r *runner) bool {
	if !o.on {
		return false
	}
	if o.through == 0 {
		o.through = r.machine.Learner.Watermark()
	}
	if o.through == 0 {
		return r.now() >= o.giveUp
	}
	return r.machine.List.Applied() >= o.through
}
