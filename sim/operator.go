package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"paxos/list"
	"paxos/node"
	"paxos/protocol"
)

// operator changes the members, one change at a time, as a person would: asks a
// server, or an observer of the acceptors; asks again elsewhere when there is no
// answer; starts who was added, and switches off who was removed.
type operator struct {
	w      *world
	rng    *rand.Rand // of the change under way
	wish   *wish
	latest list.Members
}

// wish is one change of the members.
type wish struct {
	add      bool
	id       protocol.NodeID // who is added (an acceptor), or removed
	address  string          // of a list server that is added
	via      *host
	era      int32
	call     *call
	patience time.Duration // until when an answer is waited for
}

// operatorEvery is how often the operator looks.
const operatorEvery = 20 * time.Millisecond

func (o *operator) busy() bool { return o.wish != nil }

// members are those of now, as far as any process that runs knows.
func (w *world) members() *list.Members {
	for _, h := range w.hosts {
		if h.up() && h.voter() {
			if m := h.process.Members(); m.Epoch > w.operator.latest.Epoch || m.Epoch == w.operator.latest.Epoch && !m.Changing() {
				w.operator.latest = m
			}
		}
	}
	return &w.operator.latest
}

// hostOf is the host that votes under an id, nil if there is none.
func (w *world) hostOf(id protocol.NodeID) *host {
	for _, h := range w.hosts {
		if h.voter() && h.peer.ID == id {
			return h
		}
	}
	return nil
}

// mostMembers bounds how many members there are at a time.
const mostMembers = 8

// breakMembers adds a member, or removes one: gladly one whose store is lost.
func breakMembers(w *world, f *Fault, r *rand.Rand) func() {
	o := &w.operator
	m := w.members()
	if o.busy() || m.Changing() || len(m.Learners) > 0 || len(m.Voters) == 0 {
		f.What = impossible
		return nil
	}
	if remove := o.dispensable(m, r); remove != 0 && r.IntN(2) == 0 {
		o.wish = &wish{id: remove}
		w.done(f, fmt.Sprintf("member %v", remove), "is removed")
	} else if len(m.Voters) < mostMembers {
		o.wish = &wish{add: true, id: m.Next, address: fmt.Sprintf("added-%d", f.Number)}
		w.done(f, fmt.Sprintf("member %v", m.Next), "is added")
	} else {
		f.What = impossible
		return nil
	}
	o.rng = r
	o.look()
	return nil
}

// dispensable is a member without whom a majority of the others still has its
// stores: one that has lost its own, if there is one; 0 if there is none at all.
func (o *operator) dispensable(m *list.Members, r *rand.Rand) protocol.NodeID {
	var bad, good []protocol.NodeID
	for _, v := range m.Voters {
		if h := o.w.hostOf(v.ID); h == nil || h.storeless() {
			bad = append(bad, v.ID)
		} else {
			good = append(good, v.ID)
		}
	}
	n := len(m.Voters) - 1
	switch {
	case n < 1:
		return 0
	case len(bad) > 0:
		return bad[r.IntN(len(bad))]
	}
	return good[r.IntN(len(good))]
}

// look sees how the change goes on, and looks again later.
func (o *operator) look() {
	if o.wish == nil {
		return
	}
	x := o.wish
	switch {
	case x.call == nil:
		o.ask()
	case x.via.era != x.era || o.w.now > x.patience:
		x.call.Withdraw()
		o.release()
		x.call = nil
	case x.call.Done():
		o.answered(x.call.Err())
	}
	o.w.later(operatorEvery, o.look)
}

// ask asks somebody.
func (o *operator) ask() {
	x := o.wish
	if x.via == nil {
		x.via = o.counter()
	}
	if x.via == nil || !x.via.up() {
		x.via = nil
		return
	}
	p := x.via.process
	switch {
	case !x.add:
		x.call = p.RemoveMember(x.id)
	case x.via.observer:
		x.call = p.AddAcceptor(x.id)
	default:
		x.call = p.AddMember(x.address)
	}
	x.era, x.patience = x.via.era, o.w.now+5*time.Second
	x.via.touch()
}

// counter is whom the operator asks: any server that runs, or an observer.
func (o *operator) counter() *host {
	w := o.w
	if !w.network.streams {
		h := w.newObserver()
		h.start()
		return h
	}
	var running []*host
	for _, h := range w.roles(protocol.RoleServer) {
		if h.up() && !(h.peer.ID == o.wish.id && !o.wish.add) {
			running = append(running, h)
		}
	}
	if len(running) == 0 {
		return nil
	}
	return running[o.rng.IntN(len(running))]
}

// release lets go whom the operator asked.
func (o *operator) release() {
	x := o.wish
	if x.via != nil && x.via.observer {
		x.via.stop()
		x.via.gone, x.via.end.closed = true, true
	}
	x.via = nil
}

// answered carries out what was decided.
func (o *operator) answered(err error) {
	x, w := o.wish, o.w
	if err != nil && !errors.Is(err, node.ErrConflict) || errors.Is(err, node.ErrUnknown) {
		w.note("the operator's wish: %v", err)
		o.release()
		x.call = nil // and asks somebody else
		return
	}
	members := x.via.process.Members()
	o.release()
	o.wish = nil
	switch {
	case err != nil:
		w.count("refused changes", 1)
	case x.add:
		w.count("members added", 1)
		o.added(x, &members)
	default:
		w.count("members removed", 1)
		if h := w.hostOf(x.id); h != nil {
			h.stop()
			h.gone = true
			h.end.closed = !w.network.streams
		}
	}
}

// added starts the new member.
func (o *operator) added(x *wish, members *list.Members) {
	w := o.w
	role := protocol.RoleAcceptor
	if w.network.streams {
		role = protocol.RoleServer
		for _, m := range members.All() {
			if m.Address == x.address {
				x.id = m.ID
			}
		}
	}
	if w.hostOf(x.id) != nil { // the operator did not know that it is a member already
		return
	}
	h := w.newHost(protocol.Peer{Role: role, ID: x.id})
	h.address = x.address
	h.seed(members)
	h.start()
}

// newObserver makes an observer of the acceptors.
func (w *world) newObserver() *host {
	w.observers++
	h := w.machine(protocol.Peer{Role: protocol.RoleLearner, ID: 1<<31 + protocol.NodeID(w.observers)})
	h.observer = true
	return h
}
