package stream

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

// Receive implements transport.Transport. It reads each readable connection once,
// so that a busy peer does not starve the others, and blocks its thread: see
// "Receiving" in the package's comment.
func (t *Transport) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	t.receiving.Lock()
	defer t.receiving.Unlock()
	before := len(into)
	for !t.closed.Load() {
		if t.failure != nil {
			return into, t.failure
		}
		t.refresh()
		woken, err := t.poll()
		if err != nil {
			return into, err
		}
		into = t.drain(into)
		if t.closed.Load() {
			break
		}
		if woken || len(into) > before {
			t.woken.Store(false) // a Wake up to here is answered by returning
			t.count(into[before:])
			return into, nil
		}
	}
	return into, transport.ErrClosed
}

// poll blocks this thread until a connection is readable or there is another
// reason not to wait, and reports whether that is a Wake or the alarm.
func (t *Transport) poll() (woken bool, err error) {
	t.bell.waiting.Store(true)
	defer t.bell.waiting.Store(false)
	for {
		n, err := unix.Ppoll(t.polled, t.patience(), nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return false, fmt.Errorf("stream: waiting for datagrams: %w", err)
		}
		if t.polled[0].Revents != 0 {
			t.bell.calm()
		}
		if n == 0 && t.alarmed() {
			t.wakeAt = time.Time{} // it has rung
			return true, nil
		}
		return t.woken.Load(), nil
	}
}

func (t *Transport) alarmed() bool { return !t.wakeAt.IsZero() && !time.Now().Before(t.wakeAt) }

// patience is how long to wait at the most, nil for ever.
func (t *Transport) patience() *unix.Timespec {
	switch {
	case t.woken.Load() || t.changed.Load() || t.closed.Load():
		return &unix.Timespec{}
	case t.wakeAt.IsZero():
		return nil
	}
	left := unix.NsecToTimespec(max(time.Until(t.wakeAt), 0).Nanoseconds())
	return &left
}

// drain reads each connection that poll said is readable, or broken.
func (t *Transport) drain(into []transport.Datagram) []transport.Datagram {
	for i, in := range t.live {
		if t.polled[i+1].Revents == 0 {
			continue
		}
		var err error
		if into, err = in.read(into); err != nil {
			t.lost(in, err)
		}
	}
	return into
}

func (t *Transport) count(received []transport.Datagram) {
	bytes := 0
	for _, d := range received {
		bytes += len(d.Data)
	}
	t.counters.Received(len(received), bytes)
}

// lost gives up a connection that ended, or whose frames are none (rule 11).
func (t *Transport) lost(in *incoming, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if in.shut {
		return
	}
	defer t.drop(in) // when it is counted: who sees the end can see the count
	switch {
	case errors.Is(err, errTooLarge):
		t.counters.Oversized(1)
	case errors.Is(err, errFrame):
		t.counters.ReceiveError()
	default:
		t.options.Log.Debug("a peer's connection to us ended", "peer", in.from, "error", err)
		return
	}
	t.complain.warn(t.options.Log, "a peer sent what is not a frame; its connection was closed", "peer", in.from, "error", err)
}

// take makes conn the connection on which we hear that peer, in place of an
// earlier one.
func (t *Transport) take(from protocol.NodeID, conn net.Conn) (*incoming, error) {
	tune(conn, t.times.ack)
	in, err := newIncoming(from, conn, t.options.ReceiveBuffer)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peer(from) // there are none once we are closed
	if p == nil {
		in.shutDown()
		return nil, errors.Join(errNoMorePeers, unix.Close(in.fd))
	}
	if in.cipher != nil {
		t.goroutines.Go(in.decipher)
	}
	if old := t.accepted[from]; old != nil {
		t.drop(old)
	}
	t.accepted[from] = in
	t.notice()
	poke(p.hurry) // it is there: connect to it, too
	return in, nil
}

// drop shuts a connection down and leaves it to be closed. The caller holds mu.
func (t *Transport) drop(in *incoming) {
	if in.shut {
		return
	}
	in.shutDown()
	if t.accepted[in.from] == in {
		delete(t.accepted, in.from)
	}
	t.dropped = append(t.dropped, in)
	t.notice()
}

// notice lets Receive take note of changed connections; where nobody receives it
// is done here, so that what was dropped is not kept. The caller holds mu.
func (t *Transport) notice() {
	t.changed.Store(true)
	t.bell.ring()
	if t.receiving.TryLock() {
		t.rebuild()
		t.receiving.Unlock()
	}
}

// refresh takes note of changed connections. The caller holds receiving.
func (t *Transport) refresh() {
	if !t.changed.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rebuild()
}

// rebuild closes what was dropped and lists what is to be polled. The caller
// holds receiving and mu.
func (t *Transport) rebuild() {
	t.changed.Store(false)
	for _, in := range t.dropped {
		unix.Close(in.fd)
	}
	clear(t.live)
	t.dropped, t.live = nil, t.live[:0]
	t.polled = append(t.polled[:0], unix.PollFd{Fd: int32(t.bell.fd), Events: unix.POLLIN})
	for _, in := range t.accepted {
		t.live = append(t.live, in)
		t.polled = append(t.polled, unix.PollFd{Fd: int32(in.fd), Events: unix.POLLIN})
	}
}

// Wake implements transport.Transport. It costs a system call only while Receive
// waits.
func (t *Transport) Wake() {
	t.woken.Store(true)
	t.bell.ring()
}

// WakeAt implements transport.Transport. The time is honoured by the system call
// that waits, so that no other thread need wake up for it.
func (t *Transport) WakeAt(at time.Time) { t.wakeAt = at }
