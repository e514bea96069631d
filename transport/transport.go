package transport

import (
	"errors"
	"time"

	"paxos/protocol"
)

// ErrClosed is what Receive returns once the transport was closed.
var ErrClosed = errors.New("transport closed")

// Datagram is one opaque message and the group that it goes to or came from.
// Only, if not zero, is the one process of the group that need hear it: a network
// of connections sends it to nobody else, a multicast one to the whole group.
type Datagram struct {
	Group protocol.Group
	Only  protocol.Peer
	Data  []byte
}

// Transport carries datagrams between the members of groups.
type Transport interface {
	// Send hands the datagrams to the network, in order. Those that the network
	// refuses (a firewall, a full queue, more than MaxDatagram bytes) are counted as
	// SendFailures; the others go their way. It never blocks for more than some
	// milliseconds, and the caller may reuse out and its Data when it returns.
	Send(out []Datagram)

	// Receive blocks until at least one datagram arrived, and appends to into what
	// can be had without waiting any longer. What this transport itself sent is not
	// among it. Each Data belongs to the caller for ever. It returns ErrClosed after
	// Close; any other error is fatal. After a Wake it may append nothing. It may
	// block its thread, not only its goroutine: who has just handed work to another
	// goroutine calls runtime.Gosched before Receive.
	Receive(into []Datagram) ([]Datagram, error)

	// Wake makes a Receive that waits return, or the next one that would wait. So
	// one goroutine can wait for datagrams and for anything else that ends in a Wake
	// (a disk that is done, a tick): tell first, then Wake; look after Receive.
	Wake()

	// WakeAt makes Receive return at that time, about, if it waits then; a later call
	// replaces an earlier one, and the zero time means never. Only the goroutine that
	// calls Receive may call it. It costs less than a timer that calls Wake.
	WakeAt(at time.Time)

	// MaxDatagram is the size of the largest datagram to send, in payload bytes.
	// It does not change. Larger ones may arrive, from members with other settings.
	MaxDatagram() int

	// Window is how many payload bytes, in datagrams of MaxDatagram bytes, may be on
	// their way to one receiver without overflowing a receive buffer like our own.
	// It is at least MaxDatagram, and does not change. Small datagrams fill a buffer
	// faster than their payload says; the implementation tells by how much.
	Window() int

	// Stats returns what was counted since the transport was opened.
	Stats() Stats

	// Close frees what the transport holds and ends a Receive that waits. Further
	// calls return nil. Wake and Send then do nothing but count.
	Close() error
}
