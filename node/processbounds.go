package node

import "paxos/protocol"

// Bound is the size that a structure has now, and the limit that it never
// exceeds (rule 8), in bytes unless its name says otherwise.
type Bound struct {
	Name        string
	Size, Limit int
}

// Sizes returns the structures that grow with the traffic, and must be bounded. It
// costs little enough to be called after every turn, and does not allocate; the
// slice is good until the next call.
func (p *Process) Sizes() []Bound {
	b := p.bounds[:0]
	m, budgets := p.r.machine, &p.r.Budgets
	held, ahead := budgets.Held, budgets.Open
	if m.Acceptor != nil {
		s := m.Acceptor.Stats()
		// Holes below the last vote are filled beyond the budget, up to its double.
		b = append(b, Bound{"votes", s.Bytes, 2 * budgets.Votes}, Bound{"votes (count)", s.Open, budgets.Open})
		held = 2 * budgets.Votes
	}
	l := m.Learner.Stats()
	b = append(b,
		// The next instance always has room, in each ballot that is remembered.
		Bound{"undelivered values", l.HeldBytes, held + maxBallots*p.r.sizes.Value},
		Bound{"recent decisions", l.CacheBytes, 2 * budgets.Cache},
		// A turn may apply all that was held before the loop waits for the checkpoint.
		Bound{"applied since the checkpoint began", int(m.Pending()), 2*int(p.r.threshold) + 2*held + ahead*instanceCost},
		Bound{"sessions (count)", m.List.Sessions(), protocol.MaxSessions})
	if m.Proposer != nil {
		s := m.Proposer.Stats()
		b = append(b, Bound{"queue of the leader", s.Queued, budgets.Queue},
			Bound{"under way (count)", s.InFlight, protocol.Alpha / 2})
	}
	if d := m.desk; d != nil {
		b = append(b, Bound{"commands at the desk", d.queued, deskBytes}, Bound{"commands of sessions at the desk", d.hosted, deskBytes},
			Bound{"commands behind a barrier at the desk", d.held, deskBytes},
			Bound{"calls at the desk (count)", d.waiting(), deskCalls})
	}
	p.bounds = b
	return b
}

// maxBallots is how many ballots a learner remembers of one instance.
const maxBallots = 8
