package acceptor

import (
	"bytes"
	"fmt"

	"paxos/protocol"
)

// accept is phase 2b.
func (a *Acceptor) accept(now protocol.Time, from protocol.Sender, m *protocol.Accept, out *protocol.Output) {
	if m.Ballot.Less(a.promised) {
		a.refuse(from.Peer, m.Ballot, out)
		return
	}
	a.hear(now, m.Ballot)
	if m.Instance <= a.votes.trim {
		a.forgotten(from.Peer, out)
		return
	}
	held := a.votes.get(m.Instance)
	switch {
	case held != nil && held.Ballot == m.Ballot:
		a.repeat(held, m, out)
	case !a.mayVoteIn(m.Ballot):
		a.stats.Unvouched++
	case a.hasRoom(m):
		a.vote(m, out)
	}
}

// mayVoteIn asks that the owner of a ballot has told in a Heartbeat that it knows
// this acceptor by this very store (rule 10). So it holds a majority's promises, and
// none of them spoke of another store: it counts this vote, and so may everybody.
// That this store has promised the ballot would not do: the candidate may not have
// known yet that it was wiped, and who hears such a vote and is new would count it.
// To abstain is always safe, and the next Heartbeat and a retransmission end it.
func (a *Acceptor) mayVoteIn(b protocol.Ballot) bool { return a.vouched && b == a.beat }

// vote casts a vote. The record is a promise of its ballot too (rule 2).
func (a *Acceptor) vote(m *protocol.Accept, out *protocol.Output) {
	rec := &protocol.Voted{Vote: protocol.Vote{Ballot: m.Ballot, Instance: m.Instance, Value: m.Value}}
	a.promised = m.Ballot // not lower than before: accept has looked
	a.votes.put(rec)
	a.stats.Voted++
	out.Records = append(out.Records, rec)
	a.accepted(m.Ballot, m.Instance, out)
}

// repeat answers a retransmitted Accept with the vote that was cast for it. The
// record exists, but may be under way still, so the answer is held (rule 1).
// Another value in the same ballot means that the proposer broke rule 3; it
// gets no vote, and no other acceptor dies of it.
func (a *Acceptor) repeat(held *protocol.Vote, m *protocol.Accept, out *protocol.Output) {
	if !bytes.Equal(held.Value, m.Value) {
		a.stats.Conflicts++
		if a.stats.Conflict == nil {
			a.stats.Conflict = fmt.Errorf("rule 3: ballot %s proposed two values for instance %d (%d and %d bytes)",
				m.Ballot, m.Instance, len(held.Value), len(m.Value))
		}
		return
	}
	a.stats.Repeated++
	a.accepted(m.Ballot, m.Instance, out)
}

// accepted holds the answer back with the records of this output. One message
// speaks for all votes of one group commit, as far as it fits a datagram.
func (a *Acceptor) accepted(b protocol.Ballot, i protocol.Instance, out *protocol.Output) {
	last, ok := out.LastHeld().(*protocol.Accepted)
	if !ok || last.Ballot != b {
		last = nil
	}
	if last != nil && extend(last, i) {
		return
	}
	if last != nil && len(last.Spans) < a.maxSpans {
		last.Spans = append(last.Spans, protocol.Span{First: i, Last: i})
		return
	}
	out.PersistOne(nil, protocol.GroupLearners, &protocol.Accepted{Ballot: b, Spans: []protocol.Span{{First: i, Last: i}}})
}

// extend stretches the last span over i if it touches it.
func extend(m *protocol.Accepted, i protocol.Instance) bool {
	span := &m.Spans[len(m.Spans)-1]
	switch {
	case span.Contains(i):
	case span.Last+1 == i:
		span.Last = i
	default:
		return false
	}
	return true
}

// forgotten answers an Accept at or below the trim point: decided and in the
// checkpoint, so there is no vote any more (rule 6). Proposers hear it too: it
// is for the one that asked.
func (a *Acceptor) forgotten(to protocol.Peer, out *protocol.Output) {
	a.stats.Forgotten++
	if n := len(out.Now); n > 0 && out.Now[n-1].Only == to {
		if last, ok := out.Now[n-1].Msg.(*protocol.Trimmed); ok && last.Trim == a.votes.trim {
			return // once for a burst
		}
	}
	out.Now = append(out.Now, protocol.Send{To: protocol.GroupLearners, Only: to,
		Msg: &protocol.Trimmed{Trim: a.votes.trim, Applied: a.votes.trim}})
}

// hasRoom keeps the table bounded (rule 8). To abstain is always safe. When
// the votes have taken their bytes, it abstains beyond the last vote only:
// holes below must still be filled, or nothing would ever be decided, applied,
// checkpointed and trimmed again.
func (a *Acceptor) hasRoom(m *protocol.Accept) bool {
	if m.Instance-a.votes.trim > protocol.Instance(a.cfg.MaxOpen) {
		a.stats.Beyond++
		return false
	}
	limit := a.cfg.MaxVoteBytes
	if m.Instance <= a.votes.last {
		limit *= 2
	}
	if a.votes.bytes+voteCost(m.Value) > limit {
		a.stats.Full++
		return false
	}
	return true
}

// spansWithin is how many spans an Accepted of the given body bytes may have.
func spansWithin(bytes int) int {
	const head, span = 8 + 4 + 8 + 5, 20
	return max(1, (bytes-head)/span)
}
