package node

import (
	"context"
	"errors"

	"paxos/protocol"
)

// Call is what a process was asked for at its front desk. The answer is there
// after some later Turn.
type Call struct {
	c   *call
	err error // of a call that was withdrawn
}

// Done reports whether there is an answer, or the call was withdrawn.
func (c *Call) Done() bool {
	if c.err != nil {
		return true
	}
	select {
	case <-c.c.done:
		return true
	default:
		return false
	}
}

// Err is why what was asked for did not happen, one of the errors of api.go; nil if
// it did, or while there is no answer.
func (c *Call) Err() error {
	if c.err == nil && c.Done() {
		return c.c.err
	}
	return c.err
}

// Placed is where the commands of an append stand; nil while there is no answer.
func (c *Call) Placed() []Placed {
	if c.err != nil || !c.Done() {
		return nil
	}
	return c.c.placed
}

// Session is the handle of an opened session, 0 while there is no answer.
func (c *Call) Session() protocol.SessionID {
	if c.err != nil || !c.Done() {
		return 0
	}
	return c.c.session
}

// Withdraw stops waiting, as a client does whose patience has ended, or whose
// server has. It reports whether the outcome is unknown: the cluster may have heard
// of the call. Otherwise nothing was done and nothing will be, or the answer was
// there already (look at Done before).
func (c *Call) Withdraw() (unknown bool) {
	if !c.Done() {
		c.err = c.c.withdraw(context.Canceled)
	}
	return errors.Is(c.Err(), ErrUnknown)
}

// Append appends payloads in their order; others may come in between.
func (p *Process) Append(payloads [][]byte) *Call {
	return p.call(func() *call { return p.r.askAppend(payloads) })
}

// AppendIn is Server.AppendIn.
func (p *Process) AppendIn(session protocol.SessionID, first protocol.Seq, payloads [][]byte) *Call {
	return p.call(func() *call { return p.r.askAppendIn(session, first, payloads) })
}

// OpenSession is Server.OpenSession.
func (p *Process) OpenSession(n protocol.Nonce) *Call {
	return p.call(func() *call { return p.r.askOpen(n) })
}

// Read is Server.Barrier: once it is done, List holds everything that was
// acknowledged before.
func (p *Process) Read() *Call { return p.call(p.r.askRead) }

// AddMember is Server.AddMember.
func (p *Process) AddMember(address string) *Call { return p.change(addServer(address)) }

// RemoveMember is Server.RemoveMember, and of an observer Observer.RemoveAcceptor.
func (p *Process) RemoveMember(id protocol.NodeID) *Call { return p.change(removeMember(id)) }

// AddAcceptor is Observer.AddAcceptor.
func (p *Process) AddAcceptor(id protocol.NodeID) *Call { return p.change(addAcceptor(id)) }

func (p *Process) change(w wish) *Call {
	return p.call(func() *call { return p.r.askChange(w) })
}

// TransferLeadership asks whoever leads to give way to a list server, 0 for any
// other one. It may come to nothing; Leads shows.
func (p *Process) TransferLeadership(to protocol.NodeID) {
	if p.err == nil {
		p.r.askYield(to)
	}
}

// call asks, unless the process has ended.
func (p *Process) call(ask func() *call) *Call {
	switch {
	case p.err != nil:
		return &Call{c: newCall(nil).refused(ErrStopped)}
	case p.r.machine.desk == nil:
		panic("node: only a list server and an observer have a front desk")
	}
	return &Call{c: ask()}
}

// Seed is Server.Seed.
func (p *Process) Seed(ids []protocol.NodeID) {
	if p.err == nil {
		p.r.askSeed(ids)
	}
}
