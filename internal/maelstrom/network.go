package maelstrom

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

const (
	// maxDatagram is the largest datagram, in bytes: that of an Ethernet with jumbo
	// frames. A line of Maelstrom's is a third longer.
	maxDatagram = 8 << 10
	// maxQueued and maxQueuedBytes bound what waits for the engine.
	maxQueued      = 4096
	maxQueuedBytes = 4 << 20
	// window is what may be on its way to one node, in bytes.
	window = 512 << 10
)

// typePaxos is the type of messages between nodes:
//
//	{"type": "paxos", "group": 2, "data": "...a datagram in base64..."}
const typePaxos = "paxos"

// Why a datagram was lost at its sender.
var (
	errTooLarge = errors.New("maelstrom: datagram larger than the largest")
	errNoPeer   = errors.New("maelstrom: no such peer")
	errBacklog  = errors.New("maelstrom: stdout is not read fast enough")
)

// network carries the engine's datagrams as messages of Maelstrom's network. The
// nodes have the ids 1, 2, ... in the order of their names.
type network struct {
	out      *printer
	peers    []peer // by id - 1
	counters transport.Counters

	mu      sync.Mutex
	arrived sync.Cond
	queue   []transport.Datagram
	bytes   int // in queue
	closed  bool
	woken   bool // Wake was called since Receive last returned
	alarm   *time.Timer
}

var _ transport.Transport = (*network)(nil)

// peer is a node, also this one, as the network knows it.
type peer struct {
	name   string
	self   bool
	prefix []byte // of all lines to it, up to the body
}

// newNetwork returns the network of the node names[self].
func newNetwork(out *printer, names []string, self int) (*network, error) {
	n := &network{out: out}
	n.arrived.L = &n.mu
	src, err := encodeText(names[self])
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		dest, err := encodeText(name)
		if err != nil {
			return nil, err
		}
		prefix := fmt.Appendf(nil, `{"src":%s,"dest":%s,"body":`, src, dest)
		n.peers = append(n.peers, peer{name, i == self, prefix})
	}
	return n, nil
}

// Send implements transport.Transport. Every peer hears every group, as list
// servers play all roles; a datagram for one of them goes to nobody else.
func (n *network) Send(out []transport.Datagram) {
	var body []byte
	for _, d := range out {
		if len(d.Data) > maxDatagram {
			n.counters.SendFailed(1, errTooLarge)
			continue
		}
		if d.Only.ID > protocol.NodeID(len(n.peers)) {
			n.counters.SendFailed(1, errNoPeer)
			continue
		}
		body = appendBody(body[:0], d)
		for i := range n.peers {
			if p := &n.peers[i]; !p.self && (d.Only.ID == 0 || d.Only.ID == protocol.NodeID(i+1)) {
				n.sendTo(p, body, len(d.Data))
			}
		}
	}
}

func (n *network) sendTo(p *peer, body []byte, size int) {
	if n.out.print(datagramBacklog, p.prefix, body) {
		n.counters.Sent(1, size)
	} else {
		n.counters.SendFailed(1, errBacklog)
	}
}

// appendBody appends a message's body, and the end of the message.
func appendBody(b []byte, d transport.Datagram) []byte {
	b = append(b, `{"type":"`+typePaxos+`","group":`...)
	b = strconv.AppendUint(b, uint64(d.Group), 10)
	b = append(b, `,"data":"`...)
	b = base64.StdEncoding.AppendEncode(b, d.Data)
	return append(b, `"}}`...)
}

// deliver takes in what a peer sent. What the datagram says is the engine's
// business (rule 11).
func (n *network) deliver(m *message) {
	var body struct {
		Group uint8  `json:"group"`
		Data  []byte `json:"data"`
	}
	if err := json.Unmarshal(m.Body, &body); err != nil || body.Group >= protocol.Groups || !n.knows(m.Src) {
		n.counters.ReceiveError()
		return
	}
	if len(body.Data) > maxDatagram {
		n.counters.Oversized(1)
		return
	}
	n.put(transport.Datagram{Group: protocol.Group(body.Group), Data: body.Data})
}

func (n *network) knows(name string) bool {
	for i := range n.peers {
		if n.peers[i].name == name {
			return !n.peers[i].self
		}
	}
	return false
}

func (n *network) put(d transport.Datagram) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.queue) >= maxQueued || n.bytes+len(d.Data) > maxQueuedBytes {
		n.counters.Overflowed(1)
		return
	}
	n.queue = append(n.queue, d)
	n.bytes += len(d.Data)
	n.arrived.Signal()
}

// Receive implements transport.Transport.
func (n *network) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.queue) == 0 && !n.woken && !n.closed {
		n.arrived.Wait()
	}
	n.woken = false
	if n.closed {
		return into, transport.ErrClosed
	}
	into = append(into, n.queue...)
	n.counters.Received(len(n.queue), n.bytes)
	clear(n.queue)
	n.queue, n.bytes = n.queue[:0], 0
	return into, nil
}

// Wake implements transport.Transport.
func (n *network) Wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.woken = true
	n.arrived.Signal()
}

// WakeAt implements transport.Transport.
func (n *network) WakeAt(at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.alarm != nil {
		n.alarm.Stop()
		n.alarm = nil
	}
	if !at.IsZero() {
		n.alarm = time.AfterFunc(time.Until(at), n.Wake)
	}
}

// MaxDatagram implements transport.Transport.
func (n *network) MaxDatagram() int { return maxDatagram }

// Window implements transport.Transport.
func (n *network) Window() int { return window }

// Stats implements transport.Transport. A datagram counts once for each peer.
func (n *network) Stats() transport.Stats { return n.counters.Snapshot() }

// Close implements transport.Transport.
func (n *network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	n.queue, n.bytes = nil, 0
	if n.alarm != nil {
		n.alarm.Stop()
	}
	n.arrived.Broadcast()
	return nil
}
