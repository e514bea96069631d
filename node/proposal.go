package node

import (
	"context"
	"sync"
	"sync/atomic"
)

// Proposal is a payload on its way into the list, for somebody who waits for what a
// reader of Views makes of it. It has one owner at a time, who answers it, once, and
// then never touches it again:
//
//   - the loop, from Server.Begin on, answers what gets no place, and all where
//     Options.Placed is not set;
//   - Options.Placed gets those that have their place, and answers by Finish or Fail.
//
// Who waits has a Pending, and makes the Proposal ready for the next payload only after
// a good answer. After an error, or where ctx or the server has ended, the owner may
// hold it still: it is left alone.
type Proposal struct {
	call
	payload [1][]byte
	place   [1]Placed
	result  any
	waits   atomic.Uint64 // how many Waits it has had, in all its lives
}

// Pending is for who waits for a Proposal's answer. Copies of it stand for the same
// one Wait.
type Pending struct {
	proposal *Proposal
	waits    uint64          // that the proposal has had before
	ended    <-chan struct{} // closed when the server has ended
}

// proposalPool has those that are ready for the next payload: a command costs no memory, as long as
// all goes well.
var proposalPool = sync.Pool{New: func() any {
	p := new(Proposal)
	p.done, p.proposal = make(chan struct{}, 1), p
	return p
}}

// keptPayload bounds the memory that a Proposal keeps for the next payload, in bytes,
// and from its place on: others are let go then (rule 8).
const keptPayload = 2 << 10

// PlacedAt makes a Proposal that has its place: for tests of who is told of places.
func PlacedAt(index uint64, payload []byte) (*Proposal, Pending) {
	p := newProposal(payload)
	p.begin()
	p.placed = append(p.placed, Placed{Index: index})
	return p, p.pending(nil)
}

// newProposal makes a Proposal of a copy of a payload.
func newProposal(payload []byte) *Proposal {
	p := proposalPool.Get().(*Proposal)
	p.payload[0] = append(p.payload[0][:0], payload...)
	p.payloads, p.placed = p.payload[:], p.place[:0]
	return p
}

// Index is the payload's place in the list, for its owner after Options.Placed.
func (p *Proposal) Index() uint64 { return p.place[0].Index }

// Finish answers with a result.
func (p *Proposal) Finish(result any) {
	p.result = result
	p.answer()
}

// Fail answers that there will be no result here, and why.
func (p *Proposal) Fail(err error) {
	p.err = err
	p.answer()
}

// pending is for who waits. It is made while nobody else has p.
func (p *Proposal) pending(ended <-chan struct{}) Pending {
	return Pending{proposal: p, waits: p.waits.Load(), ended: ended}
}

// Wait waits for the answer, or until ctx ends, as Server.Append does. It need not be
// called. It panics where it, or a copy's, was called before: the Proposal may be another
// caller's by now.
func (w Pending) Wait(ctx context.Context) (result any, err error) {
	p := w.proposal
	if p == nil {
		panic("node: Wait for what Begin has not begun")
	}
	if !p.waits.CompareAndSwap(w.waits, w.waits+1) {
		panic("node: Wait was called twice for what was begun once")
	}
	select {
	case <-p.done: // mostly, for who has begun many
		err = p.err
	default:
		err = p.wait(ctx, w.ended)
	}
	if err != nil {
		return nil, err
	}
	result = p.result
	p.putBack()
	return result, nil
}

// putBack makes p ready for the next payload. Nobody else holds it any more.
func (p *Proposal) putBack() {
	p.result, p.offered = nil, 0
	p.state.Store(callWaits)
	p.letGo()
	proposalPool.Put(p)
}

// letGo lets go of the payload, which the client core has a copy of, if it is large.
func (p *Proposal) letGo() {
	if cap(p.payload[0]) > keptPayload {
		p.LetGo()
	}
}

// LetGo lets go of the payload's memory, for an owner who has many wait (rule 8).
func (p *Proposal) LetGo() { p.payload[0] = nil }

// Propose is Begin, and then Wait.
func (s *Server) Propose(ctx context.Context, payload []byte) (result any, err error) {
	return s.Begin(payload).Wait(ctx)
}

// Begin begins to append a payload, of which it takes a copy, for somebody who waits
// for what a reader of Views makes of it: what Options.Placed answers. Where that is not
// set, the answer is the payload's index, a uint64, when Views show it. Errors, of Wait,
// are those of Append, and those of Fail. Payloads begun one after the other are
// appended in this order.
func (s *Server) Begin(payload []byte) Pending {
	p := newProposal(payload)
	w := p.pending(s.ended)
	s.r.askToAppend(&p.call)
	return w
}

// tellPlaced tells which proposals have their place, before any View shows it, and
// returns the other calls. From here on the proposals are Options.Placed's.
func (r *runner) tellPlaced(finished []*call) (others []*call) {
	others = finished[:0]
	for _, c := range finished {
		switch placed := c.proposal != nil && c.err == nil; {
		case placed && r.Placed != nil:
			c.proposal.letGo()
			r.told = append(r.told, c.proposal)
			continue
		case placed:
			c.proposal.result = c.proposal.Index()
		}
		others = append(others, c)
	}
	if len(r.told) > 0 {
		r.Placed(r.told)
		clear(r.told)
		r.told = r.told[:0]
	}
	return others
}

// endProposals answers the proposals that the loop, which has ended, does not get to
// any more. Other calls see the end by themselves.
func (r *runner) endProposals() {
	if r.box == nil {
		return
	}
	for _, a := range r.box.close() {
		endProposal(a.append)
	}
	d := r.machine.desk
	for _, calls := range [][]*call{d.queue.all(), d.flight.all(), d.takeFinished()} {
		for _, c := range calls {
			endProposal(c)
		}
	}
}

// endProposal answers a call, if it is a proposal, as if its ctx had ended: that says
// whether the cluster may have heard of it.
func endProposal(c *call) {
	if c == nil || c.proposal == nil {
		return
	}
	if c.err == nil {
		c.err = c.unanswered(ErrStopped)
	}
	c.answer()
}
