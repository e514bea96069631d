package memory

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// errTooLarge is why a datagram of more than MaxDatagram bytes is not sent.
var errTooLarge = errors.New("memory: datagram larger than MaxDatagram")

// Member is one endpoint of a Network. The network's lock guards it.
type Member struct {
	network  *Network
	index    int
	joined   [protocol.Groups]bool
	side     int
	limit    int
	queue    []transport.Datagram
	arrived  sync.Cond
	closed   bool
	woken    bool // Wake was called since Receive last returned
	alarm    *time.Timer
	counters transport.Counters
}

var _ transport.Transport = (*Member)(nil)

// Send implements transport.Transport.
func (m *Member) Send(out []transport.Datagram) {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	for _, d := range out {
		switch {
		case m.closed:
			m.counters.SendFailed(1, transport.ErrClosed)
		case len(d.Data) > MaxDatagram:
			m.counters.SendFailed(1, errTooLarge)
		default:
			m.counters.Sent(1, len(d.Data))
			m.network.carry(m, d)
		}
	}
}

// put queues a copy of d in front of up to overtake waiting datagrams.
func (m *Member) put(d transport.Datagram, overtake int) {
	if len(m.queue) >= m.limit {
		m.counters.Overflowed(1)
		return
	}
	d.Data = bytes.Clone(d.Data)
	m.queue = slices.Insert(m.queue, max(0, len(m.queue)-overtake), d)
	m.arrived.Signal()
}

// Poll appends what has arrived, and never waits.
func (m *Member) Poll(into []transport.Datagram) []transport.Datagram {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	return m.take(into)
}

// Receive implements transport.Transport.
func (m *Member) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	for len(m.queue) == 0 && !m.woken && !m.closed {
		m.arrived.Wait()
	}
	m.woken = false
	if m.closed {
		return into, transport.ErrClosed
	}
	return m.take(into), nil
}

// Wake implements transport.Transport.
func (m *Member) Wake() {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	m.woken = true
	m.arrived.Signal()
}

// WakeAt implements transport.Transport.
func (m *Member) WakeAt(at time.Time) {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	if m.alarm != nil {
		m.alarm.Stop()
		m.alarm = nil
	}
	if !at.IsZero() {
		m.alarm = time.AfterFunc(time.Until(at), m.Wake)
	}
}

func (m *Member) take(into []transport.Datagram) []transport.Datagram {
	for _, d := range m.queue {
		m.counters.Received(1, len(d.Data))
	}
	into = append(into, m.queue...)
	clear(m.queue)
	m.queue = m.queue[:0]
	return into
}

// MaxDatagram implements transport.Transport.
func (m *Member) MaxDatagram() int { return MaxDatagram }

// Window implements transport.Transport: half of the queue.
func (m *Member) Window() int { return max(1, m.limit/2) * MaxDatagram }

// Stats implements transport.Transport.
func (m *Member) Stats() transport.Stats { return m.counters.Snapshot() }

// Close implements transport.Transport. The network forgets what waited.
func (m *Member) Close() error {
	m.network.mu.Lock()
	defer m.network.mu.Unlock()
	m.closed = true
	m.queue = nil
	if m.alarm != nil {
		m.alarm.Stop()
	}
	m.arrived.Broadcast()
	return nil
}
