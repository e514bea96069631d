package sim

import (
	"bytes"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// socket is the transport of one life of a host's process.
type socket struct {
	end  *endpoint
	host *host
	life int
}

var _ transport.Transport = (*socket)(nil)

// Send implements transport.Transport.
func (s *socket) Send(out []transport.Datagram) {
	for _, d := range out {
		if s.host.life != s.life || len(d.Data) > protocol.MaxDatagram {
			s.end.stats.SendFailures++
			continue
		}
		s.end.network.carry(s.end, d.Group, d.Only, bytes.Clone(d.Data))
	}
}

// Receive implements transport.Transport, but never waits.
func (s *socket) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	return s.end.take(into), nil
}

// Wake implements transport.Transport: the process wants a turn.
func (s *socket) Wake() {
	if s.host.life == s.life && s.host.up() {
		s.host.touch()
	}
}

// WakeAt implements transport.Transport; Process.Deadline says it, too.
func (s *socket) WakeAt(time.Time) {}

// MaxDatagram implements transport.Transport.
func (s *socket) MaxDatagram() int { return s.end.network.w.plan.datagram }

// Window implements transport.Transport: half of the buffer.
func (s *socket) Window() int {
	p := &s.end.network.w.plan
	if s.end.network.streams {
		return max(p.queue/2/charge(p.datagram), 1) * p.datagram
	}
	return max(p.buffer/2/charge(p.datagram), 1) * p.datagram
}

// Stats implements transport.Transport.
func (s *socket) Stats() transport.Stats { return s.end.stats }

// Close implements transport.Transport.
func (s *socket) Close() error { return nil }
