package listclient

import "time"

// How a session ends. In each case the batches under way are dissolved: what their
// lanes hear later is not heeded.

// restart ends the session, of which the oldest batch b is certainly not done. The batches behind it, and b too if
// again is set, are queued again before all others, in their order. Otherwise b's groups are dead, and
// the caller tells them.
func (a *appender) restart(b *batch, again bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !again {
		for _, cmd := range b.commands {
			cmd.group.dead = true
		}
	}
	old := a.dissolve()
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(old[i].commands) - 1; j >= 0; j-- {
			a.requeue(old[i].commands[j])
		}
	}
	a.purge()
}

func (a *appender) requeue(cmd command) {
	if !cmd.group.dead {
		cmd.again = true
		cmd.group.waiting++
		a.queue.pushFront(cmd)
	}
}

// abandon ends the session; the outcome of everything under way is unknown. It gives these commands, for the
// caller to tell their groups.
func (a *appender) abandon(why *Error) []command {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lost []command
	for _, b := range a.dissolve() {
		lost = append(lost, b.commands...)
	}
	for _, cmd := range lost {
		cmd.group.dead = true
	}
	a.purge() // the rest of a call does not overtake what was lost
	if len(lost) > 0 {
		a.c.cfg.Log.Warn("session given up", "unknown", len(lost), "error", why)
	}
	return lost
}

// refuse fails all that is queued, and begins a new reckoning of how long nothing works.
func (a *appender) refuse(err *Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.troubled = time.Time{}
	a.refuseQueue(err)
}

// refuseQueue fails all that is queued. What was sent earlier of the same calls is done by now: nothing is
// under way without a session. The lock is held, and let go of meanwhile.
func (a *appender) refuseQueue(err *Error) {
	var refused []command
	for i := range a.queue.len() {
		cmd := *a.queue.at(i)
		cmd.group.dead = true
		refused = append(refused, cmd)
	}
	a.purge()
	a.mu.Unlock()
	fail(refused, err)
	a.mu.Lock()
}

// close ends everything; lanes find it out by themselves.
func (a *appender) close() {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	fail(a.abandon(closed(Unknown)), closed(Unknown))
	a.refuse(closed(NotDone))
	a.mu.Lock()
	a.more.Broadcast()
	a.mu.Unlock()
}

// dissolve ends the session and gives the batches that were under way.
func (a *appender) dissolve() []*batch {
	old := a.underway
	a.underway, a.session = nil, 0
	for _, b := range old {
		b.dissolved = true
	}
	a.moved.Broadcast()
	return old
}

// purge drops the commands of dead groups from the queue.
func (a *appender) purge() {
	weight := int64(0)
	a.queue.remove(func(cmd *command) bool {
		if cmd.group.dead {
			cmd.group.waiting--
			weight += cmd.reserved()
		}
		return cmd.group.dead
	})
	a.room.Release(weight)
}
