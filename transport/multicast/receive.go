package multicast

import (
	"encoding/binary"
	"fmt"
	"net"
	_ "runtime"
	"time"

	"golang.org/x/sys/unix"

	"paxos/transport"
)

func (t *Transport) openReceive(o Options) error {
	for _, g := range t.groups {
		fd, err := receiveSocket(t.ifi, o.Groups[g], o.ReceiveBuffer)
		if err != nil {
			return err
		}
		t.sockets = append(t.sockets, fd)
		if err := dropEcho(fd, t.ifi, t.udp.LocalAddr().(*net.UDPAddr).Port); err != nil {
			return err
		}
		t.polled = append(t.polled, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("multicast: making the descriptor that ends a wait: %w", err)
	}
	t.wake = wake
	t.polled = append(t.polled, unix.PollFd{Fd: int32(wake), Events: unix.POLLIN})
	t.read = newBatch()
	return nil
}

// Receive implements transport.Transport. It takes up to 32 datagrams from each
// group at a time, so that a busy group does not starve the others.
//
// It blocks its thread, and the runtime takes its time to find goroutines that
// were made runnable on it just before: see "Receiving" in the package's comment.
func (t *Transport) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	t.receiving.Lock()
	defer t.receiving.Unlock()
	before := len(into)
	for i := range t.polled { // under load there is always something: read first, poll after
		t.polled[i].Revents = unix.POLLIN
	}
	for woken := false; !t.closed.Load(); {
		var err error
		into, err = t.drain(into)
		if err != nil {
			return into, err
		}
		if woken || len(into) > before {
			t.woken.Store(false) // a Wake up to here is answered by returning
			return into, nil
		}
		if woken, err = t.wait(); err != nil {
			return into, err
		}
	}
	return into, transport.ErrClosed
}

// drain reads a batch from each socket that poll said, or may say, is readable.
func (t *Transport) drain(into []transport.Datagram) ([]transport.Datagram, error) {
	for i, group := range t.groups {
		if t.polled[i].Revents == 0 {
			continue
		}
		n, err := t.read.read(t.sockets[i])
		if err := t.receiveError(err); err != nil {
			return into, fmt.Errorf("multicast: receiving from group %s: %w", group, err)
		}
		before := len(into)
		var oversized int
		into, oversized = t.read.appendCopies(into, group, n)
		t.count(into[before:], oversized)
	}
	return into, nil
}

func (t *Transport) count(received []transport.Datagram, oversized int) {
	bytes := 0
	for _, d := range received {
		bytes += len(d.Data)
	}
	t.counters.Received(len(received), bytes)
	t.counters.Oversized(oversized)
}

// receiveError returns err only where reading again could not help: the others
// are the socket's empty queue, and passing troubles, which are counted.
func (t *Transport) receiveError(err error) error {
	switch err {
	case nil, unix.EAGAIN, unix.EINTR:
		return nil
	case unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.EINVAL:
		return err
	}
	t.counters.ReceiveError()
	return nil
}

// wait blocks this thread until a socket is readable or Wake was called, and
// reports whether it was. Wake sets woken, then looks at waiting; here it is the
// other way round, so that one of the two sees the other.
func (t *Transport) wait() (woken bool, err error) {
	t.waiting.Store(true)
	defer t.waiting.Store(false)
	if t.woken.Load() {
		return true, nil
	}
	for {
		n, err := unix.Ppoll(t.polled, t.patience(), nil)
		if err == nil && n == 0 {
			t.wakeAt = time.Time{} // it has rung
			return true, nil
		}
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return false, fmt.Errorf("multicast: waiting for datagrams: %w", err)
		}
	}
	if t.polled[len(t.groups)].Revents == 0 {
		return false, nil
	}
	return true, t.calm()
}

// patience is how long to wait at the most, nil for ever.
func (t *Transport) patience() *unix.Timespec {
	if t.wakeAt.IsZero() {
		return nil
	}
	left := unix.NsecToTimespec(max(time.Until(t.wakeAt), 0).Nanoseconds())
	return &left
}

// WakeAt implements transport.Transport. The time is honoured by the system call
// that waits, so that no other thread need wake up for it.
func (t *Transport) WakeAt(at time.Time) { t.wakeAt = at }

// calm makes the eventfd unreadable again, however often Wake has written to it.
func (t *Transport) calm() error {
	var count [8]byte
	_, err := unix.Read(int(t.polled[len(t.groups)].Fd), count[:])
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		return fmt.Errorf("multicast: reading the descriptor that ends a wait: %w", err)
	}
	return nil
}

// Wake implements transport.Transport. It costs a system call only while Receive
// waits.
func (t *Transport) Wake() {
	t.woken.Store(true)
	if !t.waiting.Load() {
		return
	}
	t.closing.Lock()
	defer t.closing.Unlock()
	if t.wake < 0 {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	for {
		_, err := unix.Write(t.wake, one[:])
		switch err {
		case nil, unix.EAGAIN: // EAGAIN: it was written to 2^64-2 times, and so is readable
			return
		case unix.EINTR:
			continue
		}
		panic("multicast: an open eventfd cannot be written: " + err.Error())
	}
}
