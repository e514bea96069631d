package node

import (
	"paxos/protocol"
)

// The front door of a list server and of an observer: each of these leaves a call
// for the desk in the loop's mailbox, and returns at once. A call that is refused
// here is answered already.

func (r *runner) askAppend(payloads [][]byte) *call { return r.askToAppend(newCall(payloads)) }

func (r *runner) askToAppend(c *call) *call {
	if err := r.shown.refuses(); err != nil {
		return c.refused(err)
	}
	return r.offer(c, ask{append: c})
}

func (r *runner) askAppendIn(session protocol.SessionID, first protocol.Seq, payloads [][]byte) *call {
	c := newCall(payloads)
	if err := r.shown.refuses(); err != nil {
		return c.refused(err)
	}
	return r.ask(c, func(now protocol.Time) { r.machine.desk.appendIn(now, session, first, c) })
}

func (r *runner) askOpen(nonce protocol.Nonce) *call {
	c := newCall(nil)
	if err := r.shown.refuses(); err != nil {
		return c.refused(err)
	}
	return r.ask(c, func(now protocol.Time) { r.machine.desk.open(now, nonce, c) })
}

func (r *runner) askRead() *call {
	c := newCall(nil)
	if r.shown.gone.Load() {
		return c.refused(ErrRemoved)
	}
	return r.ask(c, func(protocol.Time) { r.machine.desk.read(c) })
}

// askChange asks for a change of the members as they are, not as they were: so
// behind a barrier.
func (r *runner) askChange(want wish) *call {
	c := newCall(nil)
	if r.shown.gone.Load() {
		return c.refused(ErrRemoved)
	}
	return r.ask(c, func(protocol.Time) {
		r.machine.desk.behind(c, func(now protocol.Time) { r.machine.desk.reconfigure(now, want, c) })
	})
}

// askYield asks whoever leads to give way, to a certain server or 0 for any.
func (r *runner) askYield(to protocol.NodeID) {
	r.box.ask(func(now protocol.Time) { r.machine.yield(now, to) })
}

func (r *runner) ask(c *call, begin func(protocol.Time)) *call { return r.offer(c, ask{do: begin}) }

func (r *runner) offer(c *call, a ask) *call {
	if err := r.box.offer(a, c.size()); err != nil {
		return c.refused(err)
	}
	return c
}
