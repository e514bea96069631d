package proposer

import (
	"maps"
	"slices"
	"time"

	"paxos/protocol"
)

// acceptorNode is a minimal acceptor. It learns what is decided from marks and
// from other acceptors only, as the real ones do.
type acceptorNode struct {
	w        *world
	id       protocol.NodeID
	store    protocol.StoreID
	promised protocol.Ballot
	votes    map[protocol.Instance]protocol.Vote
	trim     protocol.Instance
	applied  protocol.Instance          // all up to here is known to be decided
	known    map[protocol.Instance]bool // what is known beyond
	heardAt  protocol.Time
	pins     map[protocol.NodeID]protocol.StoreID
	down     bool
}

func newAcceptorNode(w *world, id protocol.NodeID) *acceptorNode {
	a := &acceptorNode{
		w: w, id: id, store: protocol.StoreID(0xa0 + id), heardAt: -1 << 40,
		votes: make(map[protocol.Instance]protocol.Vote), pins: make(map[protocol.NodeID]protocol.StoreID),
		known: make(map[protocol.Instance]bool),
	}
	a.poll()
	return a
}

func (a *acceptorNode) hears(g protocol.Group) bool { return g == protocol.GroupAcceptors }
func (a *acceptorNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: a.id}, Store: a.store}
}

func (a *acceptorNode) answer(d time.Duration, to protocol.Group, m protocol.Message) {
	a.w.after(d, func() { a.w.send(a, []protocol.Send{{To: to, Msg: m}}) })
}

func (a *acceptorNode) receive(_ protocol.Sender, m protocol.Message) {
	if a.down {
		return
	}
	switch m := m.(type) {
	case *protocol.Canvass:
		granted := a.w.now.Sub(a.heardAt) > 400*time.Millisecond
		a.answer(0, protocol.GroupProposers, &protocol.Support{Round: m.Round, Granted: granted, Promised: a.promised})
	case *protocol.Prepare:
		a.onPrepare(m)
	case *protocol.Accept:
		a.w.checkMark(m.Mark)
		a.mark(m.Mark)
		if a.follow(m.Ballot) {
			a.onAccept(m)
		}
	case *protocol.Heartbeat:
		a.w.checkMark(m.Mark)
		a.mark(m.Mark)
		if a.follow(m.Ballot) {
			a.answer(0, protocol.GroupProposers, &protocol.HeartbeatAck{Ballot: m.Ballot, Window: 200_000, Applied: a.applied})
		}
	}
}

func (a *acceptorNode) follow(b protocol.Ballot) bool {
	if b.Less(a.promised) {
		a.answer(0, protocol.GroupProposers, &protocol.Refuse{Ballot: b, Promised: a.promised})
		return false
	}
	a.promised, a.heardAt = b, a.w.now
	return true
}

func (a *acceptorNode) onPrepare(m *protocol.Prepare) {
	if m.Target != 0 && m.Target != a.id {
		return
	}
	if m.Ballot.Less(a.promised) {
		a.answer(0, protocol.GroupProposers, &protocol.Refuse{Ballot: m.Ballot, Promised: a.promised})
		return
	}
	a.promised = m.Ballot
	if next := a.page(m.Ballot, m.From); next != 0 {
		a.page(m.Ballot, next) // a burst
	}
}

// page sends one page of a promise, and says where the next one starts.
func (a *acceptorNode) page(b protocol.Ballot, from protocol.Instance) protocol.Instance {
	page := &protocol.Promise{Ballot: b, From: from, Trim: a.trim}
	for _, i := range slices.Sorted(maps.Keys(a.votes)) {
		if i < from || i <= a.trim {
			continue
		}
		if len(page.Votes) == a.w.pageVotes {
			page.Next = i
			break
		}
		page.Votes = append(page.Votes, a.votes[i])
	}
	a.answer(a.w.disk(), protocol.GroupProposers, page)
	return page.Next
}

func (a *acceptorNode) onAccept(m *protocol.Accept) {
	if m.Instance <= a.trim {
		a.answer(0, protocol.GroupLearners, &protocol.Trimmed{Trim: a.trim, Applied: a.trim})
		return
	}
	v := protocol.Vote{Ballot: m.Ballot, Instance: m.Instance, Value: m.Value}
	a.votes[m.Instance] = v
	a.w.after(a.w.disk(), func() {
		a.w.vote(a.id, v)
		a.w.send(a, []protocol.Send{{To: protocol.GroupLearners, Msg: &protocol.Accepted{
			Ballot: v.Ballot, Spans: []protocol.Span{{First: v.Instance, Last: v.Instance}},
		}}})
	})
}

// mark learns: an instance with a vote of the mark's own ballot is decided as that.
func (a *acceptorNode) mark(m protocol.Mark) {
	for i := max(m.First, a.applied+1); !m.IsZero() && i <= m.Last; i++ {
		if a.votes[i].Ballot == m.Ballot {
			a.known[i] = true
		}
	}
	a.advance()
}

func (a *acceptorNode) advance() {
	for a.known[a.applied+1] {
		a.applied++
		delete(a.known, a.applied)
	}
}

// poll asks one of the others now and then: for what it knows, or for its checkpoint.
func (a *acceptorNode) poll() {
	a.w.after(20*time.Millisecond, func() {
		peer := a.w.acceptors[a.w.rng.IntN(len(a.w.acceptors))]
		if !a.down && !peer.down && a.w.rng.Float64() >= a.w.loss {
			if peer.trim > a.applied {
				a.trimTo(peer.trim)
			}
			for i := a.applied + 1; i <= peer.applied; i++ {
				a.known[i] = true
			}
			a.advance()
		}
		a.poll()
	})
}

// restart loses all that was learned and not checkpointed. The votes stay.
func (a *acceptorNode) restart() {
	clear(a.known)
	a.applied = a.trim
}

// trimTo makes a checkpoint, or takes a peer's, and forgets the votes.
func (a *acceptorNode) trimTo(i protocol.Instance) {
	if i > a.trim {
		a.trim, a.applied = i, max(a.applied, i)
		maps.DeleteFunc(a.votes, func(k protocol.Instance, _ protocol.Vote) bool { return k <= i })
	}
}
