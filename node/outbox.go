package node

import (
	"sync"

	"paxos/internal/scratch"
	"paxos/protocol"
	"paxos/transport"
)

// outbox encodes messages and hands them to the transport. The loop, the disk
// goroutine's releases and the snapshot server share it.
type outbox struct {
	mu        sync.Mutex
	transport transport.Transport
	cluster   protocol.ClusterID
	self      protocol.Sender
	own       *mailbox // of a list server, which hears itself; nil for the others
	watch     func(protocol.Send)
	buffer    []byte
	keeper    scratch.Keeper // of buffer
	ends      []int
	datagrams []transport.Datagram
}

// outboxBytes of messages, about, are handed to the transport at once.
const outboxBytes = 256 << 10

// send encodes and sends messages, in order. Errors are loss, and counted by
// the transport.
func (o *outbox) send(sends []protocol.Send) {
	if len(sends) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range sends {
		if o.watch != nil {
			o.watch(s)
		}
		if o.inside(s) {
			continue
		}
		o.buffer = protocol.AppendMessage(o.buffer, o.cluster, o.self, s.Msg)
		o.ends = append(o.ends, len(o.buffer))
		o.datagrams = append(o.datagrams, transport.Datagram{Group: s.To, Only: s.Only})
		if len(o.buffer) >= outboxBytes {
			o.flush()
		}
	}
	o.flush()
}

// flush hands what was encoded to the transport.
func (o *outbox) flush() {
	start := 0
	for i, end := range o.ends { // the buffer has stopped moving
		o.datagrams[i].Data = o.buffer[start:end]
		start = end
	}
	if len(o.datagrams) > 0 {
		o.transport.Send(o.datagrams)
	}
	clear(o.datagrams) // or what a flood made large stays reachable
	o.buffer, o.ends, o.datagrams = o.keeper.Emptied(o.buffer), o.ends[:0], o.datagrams[:0]
}

// inside reports whether a message need not leave this list server: it is for
// itself, or for clients, which are at its front desk.
func (o *outbox) inside(s protocol.Send) bool {
	return o.own != nil && (s.To == protocol.GroupClients || s.Only == o.self.Peer)
}

// release sends what waited for the disk. A list server hears it itself, too:
// now that it is durable, and not before (rule 1).
func (o *outbox) release(sends []protocol.Send) {
	if len(sends) == 0 {
		return
	}
	o.send(sends)
	if o.own != nil {
		o.own.put(o.self, sends)
	}
}
