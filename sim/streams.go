package sim

import (
	"time"

	"paxos/protocol"
)

// stream is the state of a connection from one list server to another, if the
// link is one. What is sent arrives in order or not at all. It breaks when either
// machine goes down, when nothing is acknowledged for a while, and now and then for
// no reason (a middlebox); what was on its way is lost then.
type stream struct {
	epoch   int           // counts the connections
	upAt    time.Duration // from when on there is one; never: not until somebody says
	pending int           // bytes that were sent and not taken by the receiver yet
	stuckAt time.Duration // since when a partition holds up what was sent; 0: it does not
	held    []*packet     // what it holds up
}

const (
	never = 1 << 62
	// patience is how long bytes may stay unacknowledged, as package stream has it.
	patience = 2 * time.Second
	// frameCost is what a waiting frame takes beside its bytes, as package stream has it.
	frameCost = 64
	// retransmit is the shortest time after which TCP repeats what nobody acknowledges.
	retransmit = 200 * time.Millisecond
)

// overStreams sends to one server, or to all that this one knows.
func (n *network) overStreams(from *endpoint, group protocol.Group, only protocol.Peer, data []byte) {
	for _, to := range n.endpoints {
		if to == from || !from.peers[to.peer.ID] || only != (protocol.Peer{}) && only != to.peer {
			continue
		}
		n.overStream(n.link(from, to), &packet{from: from, to: to, data: data, group: group})
	}
}

// overStream writes to one connection, if there is one, and room.
func (n *network) overStream(l *link, p *packet) {
	w := n.w
	switch {
	case w.now < l.upAt || !p.to.host.up():
		w.tally.unconnected++
		return
	case !p.to.peers[p.from.peer.ID]:
		w.tally.refused++ // the server there does not know this one (any more)
		return
	case l.pending+len(p.data)+frameCost > w.plan.queue:
		w.tally.shed++
		return
	}
	l.pending += len(p.data) + frameCost
	p.link, p.epoch = l, l.epoch
	forth, back := n.isCut(p.from, p.to), n.isCut(p.to, p.from)
	if (forth || back) && l.stuckAt == 0 {
		n.stick(l, p.from, p.to)
	}
	if forth {
		l.held = append(l.held, p)
		return
	}
	n.flow(l, p)
}

// flow lets a frame travel behind the one before it. Loss and delay hold it up, and
// all that follow.
func (n *network) flow(l *link, p *packet) {
	w, rates := n.w, &n.w.plan.rates
	fate := l.rng.Uint64()
	at := w.now + l.base + w.jitter(fate)
	if share(fate, 0) < rates.loss/64 {
		w.tally.reset++
		n.breakUp(l, p.from, p.to)
		l.upAt = w.now + n.redial(l)
		return
	}
	if share(fate, 1) < rates.loss {
		w.tally.lost++ // and repeated
		at += 2 * l.base
		if fate&1 != 0 {
			at += retransmit
		}
	}
	if share(fate, 3) < rates.delay {
		w.tally.delayed++
		at += time.Duration(l.rng.Int64N(int64(300 * time.Millisecond)))
	}
	l.last = max(at, l.last)
	n.deliver(l.last, p)
}

// taken gives back the room of what the receiver has read.
func (l *link) taken(p *packet) {
	if p.epoch == l.epoch {
		l.pending -= len(p.data) + frameCost
	}
}

// stick notes that a partition holds up a connection, which ends if that lasts.
func (n *network) stick(l *link, from, to *endpoint) {
	l.stuckAt = n.w.now
	epoch := l.epoch
	n.w.later(patience, func() {
		if l.epoch != epoch || l.stuckAt == 0 {
			return
		}
		n.w.tally.broken++
		n.breakUp(l, from, to)
	})
}

// breakUp ends a connection: what is on its way is lost.
func (n *network) breakUp(l *link, from, to *endpoint) {
	l.epoch++
	l.upAt, l.pending, l.stuckAt, l.held, l.last = never, 0, 0, nil, 0
	n.w.note("the connection from %v to %v ends", from.peer.ID, to.peer.ID)
}

// redial is how long it takes to connect again.
func (n *network) redial(l *link) time.Duration {
	return 2*l.base + time.Duration(l.rng.Int64N(int64(500*time.Millisecond)))
}

// mended is told that a partition has ended: what is held up goes on, and what is
// not connected connects.
func (n *network) mended() {
	for i, row := range n.links {
		for j, l := range row {
			if l != nil {
				n.mend(l, n.endpoints[i], n.endpoints[j])
			}
		}
	}
}

func (n *network) mend(l *link, from, to *endpoint) {
	if !n.streams || n.isCut(from, to) || n.isCut(to, from) {
		return
	}
	if l.upAt == never && from.host.up() && to.host.up() {
		l.upAt = n.w.now + n.redial(l)
	}
	if l.stuckAt != 0 {
		held := l.held
		l.stuckAt, l.held = 0, nil
		l.last = max(l.last, n.w.now+time.Duration(l.rng.Int64N(int64(2*retransmit))))
		for _, p := range held {
			n.flow(l, p)
		}
	}
}

// hostUp connects a host that has started: with everybody who is up and within reach.
func (n *network) hostUp(e *endpoint) {
	n.each(e, func(l *link, from, to *endpoint) {
		n.breakUp(l, from, to)
		if !n.isCut(from, to) && !n.isCut(to, from) && from.host.up() && to.host.up() {
			l.upAt = n.w.now + 2*l.base + time.Duration(l.rng.Int64N(int64(100*time.Millisecond)))
		}
	})
}

// hostDown ends the connections to a host that has gone down. What it had sent
// before still arrives, unless it comes back first.
func (n *network) hostDown(e *endpoint) {
	e.queue, e.queued = nil, 0
	n.each(e, func(l *link, from, to *endpoint) {
		if to == e {
			n.breakUp(l, from, to)
		}
	})
}

// each calls do for both directions between e and every other list server.
func (n *network) each(e *endpoint, do func(l *link, from, to *endpoint)) {
	if !n.streams {
		return
	}
	for _, other := range n.endpoints {
		if other != e {
			do(n.link(e, other), e, other)
			do(n.link(other, e), other, e)
		}
	}
}
