package stream

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// link is one connection that we send on.
type link struct {
	conn     net.Conn
	patience time.Duration   // for a write that waits
	raw      syscall.RawConn // to write without waiting; nil unless plain TCP
	step     func(fd uintptr) bool

	rest    []byte // what tryWrite is to write
	written int
	failure error

	frames net.Buffers // being written; for the goroutine that writes
	coded  []byte

	cause error // why the connection was given up; guarded by the peer's lock
}

func newLink(conn net.Conn, patience time.Duration) (*link, error) {
	l := &link{conn: conn, patience: patience}
	if tcp, ok := conn.(*net.TCPConn); ok {
		var err error
		if l.raw, err = tcp.SyscallConn(); err != nil {
			return nil, err
		}
		l.step = l.writeOnce
	}
	return l, nil
}

// tryWrite writes as much of b as the kernel takes at once. It must not be called
// while a write waits.
func (l *link) tryWrite(b []byte) (int, error) {
	l.rest, l.written, l.failure = b, 0, nil
	err := l.raw.Write(l.step)
	l.rest = nil
	if err == nil {
		err = l.failure
	}
	return l.written, err
}

func (l *link) writeOnce(fd uintptr) bool {
	for {
		n, err := unix.Write(int(fd), l.rest)
		switch err {
		case nil:
			l.written = n
		case unix.EINTR:
			continue
		case unix.EAGAIN:
		default:
			l.failure = err
		}
		return true // whatever was written, do not wait
	}
}

// write writes the frames, and waits for a peer that is slow to take them.
func (l *link) write(frames net.Buffers) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.patience)); err != nil {
		return err
	}
	if l.raw != nil {
		_, err := frames.WriteTo(l.conn) // one writev for up to 1,024 frames
		return err
	}
	// A layer such as TLS would make a record of each frame.
	l.coded = l.coded[:0]
	for _, f := range frames {
		l.coded = append(l.coded, f...)
	}
	_, err := l.conn.Write(l.coded)
	return err
}

// idle is called when nothing waits any more, so that tryWrite meets no deadline.
func (l *link) idle() error { return l.conn.SetWriteDeadline(time.Time{}) }
