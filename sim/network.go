package sim

import "paxos/protocol"

// network carries datagrams between endpoints.
type network struct {
	w         *world
	endpoints []*endpoint
}

// endpoint is a place in the network: a host's, or a multicast client's.
type endpoint struct {
	network *network
	number  int
	peer    protocol.Peer
	region  int
	hear    func(data []byte) // a datagram arrives
	closed  bool
}

// joinClient makes the endpoint of a multicast client. hear gets the messages to
// the clients' group, each in an event of its own.
func (n *network) joinClient(id protocol.NodeID, hear func(from protocol.Sender, m protocol.Message)) *endpoint {
	return nil
}

// send lets messages of a client leave.
func (e *endpoint) send(sends []protocol.Send) {}

// close ends the endpoint: its client has died. Nothing more arrives.
func (e *endpoint) close() { e.closed = true }
