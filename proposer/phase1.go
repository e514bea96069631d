package proposer

import (
	"fmt"

	"paxos/protocol"
)

// phase1 collects the promises of one ballot (Lamport 2001, phase 1; van
// Renesse and Altinbuken 2015, the scout).
type phase1 struct {
	pinned   protocol.Tally      // acceptors whose pins are durable when the Prepare leaves (rule 10)
	next     []protocol.Instance // by place: where the acceptor's next page must start
	done     protocol.Tally      // acceptors that have delivered all pages
	more     protocol.Tally      // acceptors to ask for their next page at the end of this batch of events
	heard    bool                // a Promise proves that the Prepare left, and the round is durable
	votes    votes
	attempts int
	resendAt protocol.Time
	giveUpAt protocol.Time // when no page came for too long
}

// firstPage is where every acceptor's first page starts, whatever is applied
// here: its true beginning is the acceptor's trim point. An acceptor may not
// know that what was applied here is decided, and who leads must tell it.
const firstPage = protocol.Instance(1)

// stand starts phase 1 under a ballot that was never used: its round is above
// all rounds seen and recorded, and the Prepare waits for its record (rule 3).
func (p *Proposer) stand(now protocol.Time, out *protocol.Output) {
	round := p.nextRound()
	if round == 0 {
		out.Fail(errRounds)
		return
	}
	if round <= p.round {
		panic(fmt.Sprintf("proposer: rule 3: round %d after round %d", round, p.round))
	}
	p.round = round
	p.ballot = protocol.Ballot{Round: round, Proposer: p.cfg.Self.ID, Incarnation: p.cfg.Incarnation}
	p.state = preparing
	p.phase1 = newPhase1(p.pins.known(), p.members.All().Size())
	p.stats.Candidacies++
	out.Persist([]protocol.Record{&protocol.Round{Round: round}})
	p.resendPrepare(now, out)
	p.phase1.giveUpAt = now.Add(p.cfg.ElectionMin)
}

func newPhase1(pinned protocol.Tally, acceptors int) phase1 {
	f := phase1{pinned: pinned, votes: newVotes(), next: make([]protocol.Instance, acceptors)}
	for place := range f.next {
		f.next[place] = firstPage
	}
	return f
}

// resendPrepare asks for what is missing: everybody's first page, or the next
// page of each acceptor that has not delivered all.
func (p *Proposer) resendPrepare(now protocol.Time, out *protocol.Output) {
	f := &p.phase1
	f.attempts++
	f.resendAt = now.Add(backOff(p.cfg.RetransmitMin, p.cfg.RetransmitMax, f.attempts))
	if !f.heard {
		// Rule 3: a repeated Prepare, too, waits for the record of its round.
		out.PersistOne(nil, protocol.GroupAcceptors, p.prepare(firstPage, 0))
		return
	}
	all := p.members.All()
	for place, id := range all.Members() {
		if !all.Has(f.done, id) {
			out.Send(protocol.GroupAcceptors, p.prepare(f.next[place], id))
		}
	}
}

func (p *Proposer) prepare(from protocol.Instance, target protocol.NodeID) *protocol.Prepare {
	return &protocol.Prepare{Ballot: p.ballot, From: from, Target: target, Pins: p.pins.table.List()}
}

func (p *Proposer) tickPhase1(now protocol.Time, out *protocol.Output) {
	switch {
	case now >= p.phase1.giveUpAt:
		p.failed(now)
	case now >= p.phase1.resendAt:
		p.resendPrepare(now, out)
	}
}

// onPromise takes one page. A page counts only where the last one ended, so
// that no vote is missed however pages are lost, repeated or overtaken (rule 5).
func (p *Proposer) onPromise(now protocol.Time, from protocol.NodeID, m *protocol.Promise, out *protocol.Output) {
	p.pins.learn(m.Pins, out)
	p.checkQuorum(now)
	if p.state != preparing || m.Ballot != p.ballot {
		return
	}
	p.phase1.heard = true
	if all := p.members.All(); !all.Has(p.phase1.pinned, from) || !p.phase1.take(all, from, m) {
		return
	}
	p.phase1.attempts = 0
	p.phase1.giveUpAt = now.Add(p.cfg.ElectionMin)
	p.finishPhase1(now, out)
}

// askForMore asks for the pages that follow those of this batch: an acceptor
// may answer one Prepare with several pages, and not each of them needs one.
func (p *Proposer) askForMore(out *protocol.Output) {
	f := &p.phase1
	all := p.members.All()
	for place, id := range all.Members() {
		if all.Has(f.more, id) {
			out.Send(protocol.GroupAcceptors, p.prepare(f.next[place], id))
		}
	}
	f.more = 0
}

// take adds a page if it continues exactly where its acceptor's last page ended.
func (f *phase1) take(q protocol.Quorum, from protocol.NodeID, m *protocol.Promise) bool {
	place := placeOf(q, from)
	if q.Has(f.done, from) || m.From != f.next[place] {
		return false
	}
	for _, v := range m.Votes {
		f.votes.add(v)
	}
	f.votes.trimTo(m.Trim)
	f.next[place] = m.Next
	if m.Next == 0 {
		f.done = q.Add(f.done, from)
		f.more &^= q.Add(0, from)
	} else {
		f.more = q.Add(f.more, from)
	}
	return true
}

// finishPhase1 goes on to phase 2 once a majority has delivered all pages: of
// every configuration that governs an instance above the trim point (rule 13).
func (p *Proposer) finishPhase1(now protocol.Time, out *protocol.Output) {
	quorum := p.phase1.done &^ p.pins.disputed
	if !p.members.Covers(quorum, p.phase1.votes.trim) {
		return
	}
	p.state = catchingUp
	p.stats.Leaderships++
	p.election.failures = 0
	p.lead.begin(now, p.ballot, quorum, p.phase1.votes)
	p.phase1 = phase1{}
	p.tryLead(now, out)
	if p.state >= catchingUp {
		p.beat(now, out)
	}
}

// checkQuorum voids a leadership whose promises came from a store that is
// disputed since (rule 10).
func (p *Proposer) checkQuorum(now protocol.Time) {
	trim := p.lead.votes.trim
	if p.state >= catchingUp && p.members.Covers(p.lead.quorum, trim) && !p.members.Covers(p.rests(), trim) {
		p.failed(now)
	}
}
