package proposer

import (
	"cmp"
	"slices"

	"paxos/protocol"
)

// answers gathers what clients must hear, until the end of a batch of events.
type answers struct {
	acks    []protocol.Ack
	expired []protocol.SessionID
}

func (a *answers) ack(k protocol.Ack) { a.acks = append(a.acks, k) }

// answer takes the effects of an applied instance: clients hear of them, and
// cursors follow them. Without effects (a snapshot) all cursors are void.
func (p *Proposer) answer(e *protocol.Effects, out *protocol.Output) {
	a := &p.admit
	if e == nil {
		for id := range a.sessions {
			a.resync(id, p.lead.next-1)
		}
		clear(a.opens)
		return
	}
	for _, o := range e.Opened {
		delete(a.opens, o.Nonce)
		out.Send(protocol.GroupClients, &protocol.Opened{Nonce: o.Nonce, Session: o.Session})
	}
	a.answers.acks = append(a.answers.acks, e.Advanced...)
	for _, s := range e.Skipped {
		a.resync(s.Session, p.lead.next-1)
	}
	for _, id := range e.Expired {
		a.forget(id)
		a.answers.expired = append(a.answers.expired, id)
	}
}

// sendAnswers sends what was gathered, as few messages as the size of a
// datagram allows; for each session its highest ack only.
func (p *Proposer) sendAnswers(out *protocol.Output) {
	a := &p.admit.answers
	if len(a.acks) > 0 {
		const ackSize = 20 // two uvarints, at most
		all := slices.Clone(compactAcks(a.acks))
		for part := range slices.Chunk(all, max(p.cfg.ValueBytes/ackSize, 1)) {
			out.Send(protocol.GroupClients, &protocol.Acks{Acks: part})
		}
		a.acks = a.acks[:0]
	}
	slices.Sort(a.expired)
	for _, id := range slices.Compact(a.expired) {
		out.Send(protocol.GroupClients, &protocol.Expired{Session: id})
	}
	a.expired = a.expired[:0]
}

// compactAcks sorts acks by session and leaves the highest of each.
func compactAcks(acks []protocol.Ack) []protocol.Ack {
	if len(acks) == 1 {
		return acks
	}
	slices.SortFunc(acks, func(a, b protocol.Ack) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), -cmp.Compare(a.Through, b.Through))
	})
	return slices.CompactFunc(acks, func(a, b protocol.Ack) bool { return a.Session == b.Session })
}
