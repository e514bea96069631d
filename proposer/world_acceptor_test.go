package proposer

import (
	"maps"
	"slices"
	"time"

	"paxos/protocol"
)

// acceptorNode is a minimal acceptor.
type acceptorNode struct {
	w        *world
	id       protocol.NodeID
	store    protocol.StoreID
	promised protocol.Ballot
	votes    map[protocol.Instance]protocol.Vote
	trim     protocol.Instance
	heardAt  protocol.Time
	pins     map[protocol.NodeID]protocol.StoreID
	down     bool
}

func newAcceptorNode(w *world, id protocol.NodeID) *acceptorNode {
	return &acceptorNode{
		w: w, id: id, store: protocol.StoreID(0xa0 + id), heardAt: -1 << 40,
		votes: make(map[protocol.Instance]protocol.Vote), pins: make(map[protocol.NodeID]protocol.StoreID),
	}
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
		if a.follow(m.Ballot) {
			a.onAccept(m)
		}
	case *protocol.Heartbeat:
		a.w.checkMark(m.Mark)
		if a.follow(m.Ballot) {
			a.answer(0, protocol.GroupProposers, &protocol.HeartbeatAck{Ballot: m.Ballot, Window: 200_000})
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

// trimTo forgets votes of instances that are decided.
func (a *acceptorNode) trimTo(i protocol.Instance) {
	if i > a.trim {
		a.trim = i
		maps.DeleteFunc(a.votes, func(k protocol.Instance, _ protocol.Vote) bool { return k <= i })
	}
}
