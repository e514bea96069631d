package node

import (
	"runtime"
	"testing"
	"weak"

	"paxos/protocol"
	"paxos/transport"
)

// handed is a transport that notes what it is handed at once.
type handed struct {
	transport.Transport
	bytes     []int
	instances []protocol.Instance
	t         *testing.T
}

func (h *handed) Send(out []transport.Datagram) {
	bytes := 0
	for _, d := range out {
		_, m, err := protocol.DecodeMessage(7, d.Data)
		if err != nil {
			h.t.Fatal(err)
		}
		h.instances = append(h.instances, m.(*protocol.Accept).Instance)
		bytes += len(d.Data)
	}
	h.bytes = append(h.bytes, bytes)
}

func TestMuchIsSentInOrderAndInParts(t *testing.T) {
	h := &handed{t: t}
	o := &outbox{transport: h, cluster: 7, self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}}}
	const count = 100
	var sends []protocol.Send
	for i := range count {
		m := &protocol.Accept{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Instance: protocol.Instance(i + 1), Value: protocol.Value{}.AppendRun(protocol.Run{
			Session: 1, First: protocol.Seq(i + 1), Count: 1, Block: protocol.AppendPayload(nil, make([]byte, 10000)),
		})}
		sends = append(sends, protocol.Send{To: protocol.GroupAcceptors, Msg: m})
	}
	for range 2 { // its memory is used again
		h.bytes, h.instances = nil, nil
		o.send(sends)
		if len(h.instances) != count {
			t.Fatalf("sent %d messages, want %d", len(h.instances), count)
		}
		for i, got := range h.instances {
			if got != protocol.Instance(i+1) {
				t.Fatalf("message %d is instance %d", i, got)
			}
		}
		for _, n := range h.bytes {
			if n > outboxBytes+protocol.MaxDatagram {
				t.Errorf("%d bytes were handed over at once", n)
			}
		}
	}
}

func TestTheOutboxGivesBackWhatAFloodMadeLarge(t *testing.T) {
	o := &outbox{transport: &handed{t: t}, cluster: 7, self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}}}
	value := protocol.Value{}.AppendRun(protocol.Run{Session: 1, First: 1, Count: 1, Block: protocol.AppendPayload(nil, make([]byte, 1200))})
	var flood []protocol.Send
	for i := range 200 {
		m := &protocol.Accept{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Instance: protocol.Instance(i + 1), Value: value}
		flood = append(flood, protocol.Send{To: protocol.GroupAcceptors, Msg: m})
	}
	o.send(flood)
	large := weak.Make(&o.buffer[:1][0])
	for range 600 {
		o.send(flood[:1])
	}
	runtime.GC()
	if large.Value() != nil {
		t.Error("the buffer of the flood is still reachable")
	}
	runtime.KeepAlive(o)
}
