package proposer

import "paxos/protocol"

// told is what the acceptors say that they know of what is decided. A leader
// tells them by its marks; but what lies below its marks, and in the checkpoint
// of no acceptor that lives, no mark will ever tell them (see "Who tells the
// acceptors" in doc.go). The remedy is another phase 1, from their trim points.
//
// As long as any of them knows, the others can ask it, so that the best counts.
type told struct {
	within  protocol.Time       // how old an acceptor's last word may be
	applied []protocol.Instance // by place: an acceptor's last word
	at      []protocol.Time     // by place: when it came; 0: never
	best    protocol.Instance
	movedAt protocol.Time // when best moved, or was high enough, or nobody said anything
}

func newTold(cfg Config) told {
	return told{
		within:  protocol.Time(cfg.ElectionMax),
		applied: make([]protocol.Instance, cfg.Quorum.Size()),
		at:      make([]protocol.Time, cfg.Quorum.Size()),
	}
}

// begin gives the acceptors of a new leadership their time.
func (t *told) begin(now protocol.Time) { t.best, t.movedAt = 0, now }

// says notes that the acceptor at place has applied what is decided up to i.
func (t *told) says(now protocol.Time, place int, i protocol.Instance) {
	t.applied[place], t.at[place] = i, max(now, 1)
}

// look finds what the best of the acceptors heard lately knows, and reports
// whether there was any.
func (t *told) look(now protocol.Time) (best protocol.Instance, any bool) {
	for place, at := range t.at {
		if at != 0 && now < at+t.within {
			best, any = max(best, t.applied[place]), true
		}
	}
	return best, any
}

// unheeded reports whether for too long none of the acceptors has come any
// further, though they answer heartbeats, and though all of them lack something
// below the end of the mark.
func (p *Proposer) unheeded(now protocol.Time) bool {
	t := &p.lead.told
	best, any := t.look(now)
	if p.state != leading || !any || best != t.best || best >= p.lead.first-1 {
		t.best, t.movedAt = best, now
	}
	return now.Sub(t.movedAt) >= p.cfg.StallTimeout
}
