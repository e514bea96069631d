package node

import (
	"sync"

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
	buffer    []byte
	ends      []int
	datagrams []transport.Datagram
}

// outboxKeep bounds the buffer that is kept from one Send to the next, in bytes.
const outboxKeep = 1 << 20

// send encodes and sends messages, in order. Errors are loss, and counted by
// the transport.
func (o *outbox) send(sends []protocol.Send) {
	if len(sends) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer, o.ends, o.datagrams = o.buffer[:0], o.ends[:0], o.datagrams[:0]
	for _, s := range sends {
		o.buffer = protocol.AppendMessage(o.buffer, o.cluster, o.self, s.Msg)
		o.ends = append(o.ends, len(o.buffer))
	}
	start := 0
	for i, s := range sends {
		o.datagrams = append(o.datagrams, transport.Datagram{Group: s.To, Only: s.Only, Data: o.buffer[start:o.ends[i]]})
		start = o.ends[i]
	}
	o.transport.Send(o.datagrams)
	if cap(o.buffer) > outboxKeep {
		o.buffer = nil
	}
}
