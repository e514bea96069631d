package multicast

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

// Transport is one process's place in the four groups; see transport.Transport.
type Transport struct {
	ifi           *net.Interface
	receiveBuffer int // granted bytes
	datagram      int // payload bytes of the largest to send
	counters      transport.Counters

	sending sync.Mutex // guards what send.go uses
	udp     *net.UDPConn
	conn    *ipv4.PacketConn
	addrs   [protocol.Groups]net.Addr
	batch   []ipv4.Message

	receiving sync.Mutex // guards what receive.go uses
	groups    []protocol.Group
	polled    []unix.PollFd // the sockets of groups, in their order, then wake
	read      *batch
	wakeAt    time.Time // when Receive shall stop waiting; zero: never

	closed  atomic.Bool
	woken   atomic.Bool // Wake was called since Receive last returned
	waiting atomic.Bool // Receive is in poll, or about to be: Wake must write to wake
	closing sync.Mutex  // held to use descriptors out of Receive, and to close them
	sockets []int       // of groups, in their order; nil once closed
	wake    int         // an eventfd that ends poll; -1 once closed

	echoes     [protocol.Groups]atomic.Uint64 // what we sent to each group
	overflowed [protocol.Groups]uint64        // as last seen; guarded by closing
}

var _ transport.Transport = (*Transport)(nil)

// Open joins the groups and returns a transport that is ready. Its errors say
// which option to change.
func Open(o Options) (*Transport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	ifi, err := resolve(o.Interface, o.Groups[0])
	if err != nil {
		return nil, err
	}
	t := &Transport{ifi: ifi, groups: append([]protocol.Group(nil), o.Join...), wake: -1}
	if err := t.open(o); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Transport) open(o Options) error {
	if err := t.openSend(o); err != nil {
		return err
	}
	if err := t.openReceive(o); err != nil {
		return err
	}
	var err error
	if t.receiveBuffer, err = t.grantedReceiveBuffer(o); err != nil {
		return err
	}
	t.datagram = o.DatagramBytes
	if t.datagram == 0 {
		t.datagram = datagramBytes(t.ifi.MTU, t.receiveBuffer)
	}
	return nil
}

// grantedReceiveBuffer asks a receive socket for its size. Who joins no group
// asks a socket of its own: other members' buffers are taken to be like it.
func (t *Transport) grantedReceiveBuffer(o Options) (int, error) {
	fd := -1
	if len(t.sockets) > 0 {
		fd = t.sockets[0]
	} else {
		var err error
		if fd, err = receiveSocket(t.ifi, o.Groups[0], o.ReceiveBuffer); err != nil {
			return 0, err
		}
		defer unix.Close(fd)
	}
	granted, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return 0, fmt.Errorf("multicast: reading the granted receive buffer: %w", err)
	}
	return granted, nil
}

// Interface is the name of the interface in use.
func (t *Transport) Interface() string { return t.ifi.Name }

// Loopback reports whether that interface stays within this host.
func (t *Transport) Loopback() bool { return t.ifi.Flags&net.FlagLoopback != 0 }

// ReceiveBuffer is the size in bytes of each group's receive buffer, as granted
// and counted by the kernel: see Charge for what a datagram takes of it.
func (t *Transport) ReceiveBuffer() int { return t.receiveBuffer }

// MaxDatagram implements transport.Transport: the interface's MTU less headers,
// at most so much that the granted receive buffer holds 24 of them.
func (t *Transport) MaxDatagram() int { return t.datagram }

// Window implements transport.Transport. Datagrams of other sizes are safe as
// long as the sum of their Charge is at most ReceiveBuffer()/2.
func (t *Transport) Window() int { return windowBytes(t.datagram, t.receiveBuffer) }

// Stats implements transport.Transport.
func (t *Transport) Stats() transport.Stats {
	s := t.counters.Snapshot()
	t.closing.Lock()
	defer t.closing.Unlock()
	s.Overflowed += t.overflows()
	return s
}

// Close implements transport.Transport.
func (t *Transport) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	var errs []error
	if t.udp != nil {
		errs = append(errs, t.udp.Close())
	}
	t.Wake()
	// Only when Receive has returned may descriptors be closed: their numbers are
	// used again by whatever is opened next.
	t.receiving.Lock()
	defer t.receiving.Unlock()
	return errors.Join(append(errs, t.closeSockets())...)
}

func (t *Transport) closeSockets() error {
	t.closing.Lock()
	defer t.closing.Unlock()
	var errs []error
	t.counters.Overflowed(int(t.overflows()))
	for _, fd := range t.sockets {
		errs = append(errs, unix.Close(fd))
	}
	t.sockets, t.polled = nil, nil
	if t.wake >= 0 {
		errs = append(errs, unix.Close(t.wake))
		t.wake = -1
	}
	return errors.Join(errs...)
}
