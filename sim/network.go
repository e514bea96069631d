package sim

import (
	"math/rand/v2"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// network carries datagrams between endpoints: over multicast groups (here), or
// over connections between list servers (streams.go).
type network struct {
	w         *world
	streams   bool
	endpoints []*endpoint
	groups    [protocol.Groups][]*endpoint // who listens
	links     [][]*link                    // by the numbers of sender and receiver
	cuts      []*cut                       // partitions under way
}

// endpoint is a place in the network: a host's, or a multicast client's.
type endpoint struct {
	network *network
	number  int
	key     uint64 // of its randomness: who it is, not when it came
	peer    protocol.Peer
	region  int
	host    *host                                          // nil for a client
	hear    func(from protocol.Sender, m protocol.Message) // of a client
	peers   map[protocol.NodeID]bool                       // of a list server: whom it knows
	queue   []*packet                                      // what has arrived and was not taken yet
	queued  int                                            // what that takes of the receive buffer, in bytes
	closed  bool
	stats   transport.Stats
}

// packet is a datagram on its way. All receivers share its bytes; nobody changes them.
type packet struct {
	from  *endpoint
	to    *endpoint
	data  []byte
	group protocol.Group
	link  *link // that it came on, of a connection
	epoch int   // of the link
}

// link is the way from one endpoint to another.
type link struct {
	rng  *rand.Rand
	base time.Duration // of the latency
	last time.Duration // when the last datagram arrives: those in order come behind it
	stream
}

func newNetwork(w *world) *network {
	return &network{w: w, streams: w.plan.streams()}
}

// listens says which groups a role hears, as the program has it.
var listens = map[protocol.Role][]protocol.Group{
	protocol.RoleAcceptor: {protocol.GroupAcceptors},
	protocol.RoleProposer: {protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners},
	protocol.RoleLearner:  {protocol.GroupAcceptors, protocol.GroupLearners},
	protocol.RoleClient:   {protocol.GroupClients},
}

func (n *network) join(p protocol.Peer, h *host) *endpoint {
	e := &endpoint{network: n, number: len(n.endpoints), key: uint64(p.Role)<<32 | uint64(p.ID), peer: p, host: h}
	e.region = n.w.random("region", e.key).IntN(len(regions))
	n.endpoints = append(n.endpoints, e)
	n.links = append(n.links, nil)
	for _, g := range listens[p.Role] {
		n.groups[g] = append(n.groups[g], e)
	}
	return e
}

// joinClient makes the endpoint of a multicast client. hear gets the messages to
// the clients' group, each in an event of its own.
func (n *network) joinClient(id protocol.NodeID, hear func(from protocol.Sender, m protocol.Message)) *endpoint {
	e := n.join(protocol.Peer{Role: protocol.RoleClient, ID: id}, nil)
	e.hear = hear
	return e
}

// send lets messages of a client leave.
func (e *endpoint) send(sends []protocol.Send) {
	for _, s := range sends {
		data := protocol.AppendMessage(nil, e.network.w.plan.cluster, protocol.Sender{Peer: e.peer}, s.Msg)
		e.network.carry(e, s.To, s.Only, data)
	}
}

// close ends the endpoint: its client has died. Nothing more arrives.
func (e *endpoint) close() { e.closed = true }

// carry brings a datagram on its way. It keeps data.
func (n *network) carry(from *endpoint, group protocol.Group, only protocol.Peer, data []byte) {
	from.stats.SentDatagrams++
	from.stats.SentBytes += uint64(len(data))
	n.w.tally.sent++
	if n.streams {
		n.overStreams(from, group, only, data)
		return
	}
	for _, to := range n.groups[group] {
		if to != from && !to.closed {
			n.datagram(n.link(from, to), packet{from: from, to: to, data: data, group: group})
		}
	}
}

// link is the way between two endpoints.
func (n *network) link(from, to *endpoint) *link {
	row := n.links[from.number]
	for len(row) <= to.number {
		row = append(row, nil)
	}
	n.links[from.number] = row
	l := row[to.number]
	if l == nil {
		l = &link{rng: n.w.random("link", from.key, to.key, uint64(from.number), uint64(to.number)), base: n.w.plan.latency}
		if n.w.plan.wan {
			l.base += oneWay(from.region, to.region)
		}
		row[to.number] = l
	}
	return l
}

// datagram draws what befalls one datagram on its way to one receiver.
func (n *network) datagram(l *link, p packet) {
	w := n.w
	if n.isCut(p.from, p.to) {
		w.tally.cut++
		return
	}
	rates := &w.plan.rates
	fate := l.rng.Uint64()
	at := w.now + l.base + w.jitter(fate)
	switch {
	case share(fate, 0) < rates.loss:
		w.tally.lost++
		return
	case share(fate, 1) < rates.duplication:
		w.tally.duplicated++
		twin := p
		n.deliver(w.now+l.base+time.Duration(l.rng.Int64N(int64(10*time.Millisecond))), &twin)
	}
	if share(fate, 3) < rates.delay {
		w.tally.delayed++
		at += time.Duration(l.rng.Int64N(int64(300 * time.Millisecond)))
		n.deliver(at, &p)
		return
	}
	if share(fate, 2) < rates.reordering {
		w.tally.reordered++
		at += time.Duration(l.rng.Int64N(int64(4*l.base + 2*time.Millisecond)))
	} else {
		at = max(at, l.last) // a quiet network keeps the order
		l.last = at
	}
	n.deliver(at, &p)
}

// share takes one of four numbers from 0 to 1 out of a random word, so that each
// datagram draws one word, whatever the rates are.
func share(word uint64, i int) float64 { return float64(uint16(word>>(16*i))) / (1 << 16) }

// jitter is what a datagram takes longer than the least.
func (w *world) jitter(fate uint64) time.Duration {
	if w.plan.jitter == 0 {
		return 0
	}
	return time.Duration((fate * 0x9e3779b97f4a7c15) % uint64(w.plan.jitter))
}

func (n *network) deliver(at time.Duration, p *packet) {
	n.w.schedule(event{at: at, kind: eventDelivery, packet: p})
}

// arrive puts a datagram into the receiver's buffer, or hands it to a client. It
// reports whether anything happened.
func (n *network) arrive(p *packet) bool {
	to := p.to
	if n.w.trace != nil {
		n.w.trace.arrives(p)
	}
	switch {
	case to.closed || to.host != nil && !to.host.up():
		return false
	case p.link != nil && p.epoch != p.link.epoch:
		return false // the connection has ended
	case to.hear != nil:
		n.tellClient(p)
		return true
	case p.link == nil && to.queued+charge(len(p.data)) > n.w.plan.buffer:
		to.stats.Overflowed++
		n.w.tally.overflowed++
		return true
	}
	to.queued += charge(len(p.data))
	to.queue = append(to.queue, p)
	to.host.arrived()
	return true
}

func (n *network) tellClient(p *packet) {
	from, m, err := protocol.DecodeMessage(n.w.plan.cluster, p.data)
	if err != nil {
		n.w.fail("network", "%s %d sent a client what cannot be decoded: %v", p.from.peer.Role, p.from.peer.ID, err)
	}
	p.to.hear(from, m)
}

// charge is what a datagram takes of a receive buffer, in bytes, about.
func charge(bytes int) int { return bytes + 768 }

// take empties the receive buffer.
func (e *endpoint) take(into []transport.Datagram) []transport.Datagram {
	for i, p := range e.queue {
		into = append(into, transport.Datagram{Group: p.group, Data: p.data})
		e.stats.ReceivedDatagrams++
		e.stats.ReceivedBytes += uint64(len(p.data))
		if p.link != nil {
			p.link.taken(p)
		}
		e.queue[i] = nil
	}
	e.queue, e.queued = e.queue[:0], 0
	return into
}
