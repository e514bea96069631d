package node

import (
	"context"
	"sync"
)

// Proposal is a payload on its way into the list, for somebody who waits for what a
// reader of Views makes of it. It has one owner at a time, who answers it, once, and
// then never touches it again:
//
//   - the loop, from Server.Begin on, answers what gets no place, and all where
//     Options.Placed is not set;
//   - Options.Placed gets those that have their place, and answers by Finish or Fail.
//
// Who waits makes it ready for the next payload only after a good answer. After an
// error, or where ctx has ended, the owner may hold it still: it is left alone.
type Proposal struct {
	call
	payload [1][]byte
	place   [1]Placed
	result  any
}

// proposalPool has those that are ready for the next payload: a command costs no memory, as long as
// all goes well.
var proposalPool = sync.Pool{New: func() any {
	p := new(Proposal)
	p.done, p.proposal = make(chan struct{}, 1), p
	return p
}}

// keptPayload bounds the memory that a Proposal keeps for the next payload, in bytes.
const keptPayload = 2 << 10

// PlacedAt makes a Proposal that has its place: for tests of who is told of places.
func PlacedAt(index uint64) *Proposal {
	p := newProposal(nil)
	p.begin()
	p.placed = append(p.placed, Placed{Index: index})
	return p
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

// Wait waits for the answer, or until ctx ends, as Server.Append does. It may be
// called once.
func (p *Proposal) Wait(ctx context.Context) (result any, err error) {
	select {
	case <-p.done: // mostly, for who has begun many
		err = p.err
	default:
		err = p.wait(ctx, nil)
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
	if cap(p.payload[0]) > keptPayload {
		p.payload[0] = nil
	}
	proposalPool.Put(p)
}

// Propose is Begin, and then Wait.
func (s *Server) Propose(ctx context.Context, payload []byte) (result any, err error) {
	return s.Begin(payload).Wait(ctx)
}

// Begin begins to append a payload, of which it takes a copy, for somebody who waits
// for what a reader of Views makes of it: what Options.Placed answers. Where that is not
// set, the answer is the payload's index, a uint64, when Views show it. Errors, of Wait,
// are those of Append, and those of Fail. Payloads begun one after the other are
// appended in this order.
func (s *Server) Begin(payload []byte) *Proposal {
	p := newProposal(payload)
	s.r.askToAppend(&p.call)
	return p
}

// tellPlaced tells which proposals have their place, before any View shows it, and
// returns the other calls. From here on the proposals are Options.Placed's.
func (r *runner) tellPlaced(finished []*call) (others []*call) {
	others = finished[:0]
	for _, c := range finished {
		switch placed := c.proposal != nil && c.err == nil; {
		case placed && r.Placed != nil:
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
