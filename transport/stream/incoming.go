package stream

import (
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

const (
	// readBytes is how much of a connection is read at a time: at least maxFrame.
	readBytes = 256 << 10
	// sharedBytes bounds an allocation that several small datagrams share, and so
	// how much memory one that is kept for long can hold back.
	sharedBytes = 4 << 10
)

// incoming is a connection that we receive on: a descriptor that only Receive
// reads. Who holds Transport.mu may shut it down; only who holds receiving, too,
// may close it, lest a read meets another file under the same number.
type incoming struct {
	from   protocol.NodeID
	fd     int
	buffer []byte // what was read and not handed out; nil before the first read
	shut   bool   // guarded by Transport.mu

	// Where something is between us and TCP (TLS), a goroutine reads cipher and
	// writes what comes out into clear, whose other end is fd. Else both are nil.
	cipher, clear net.Conn
}

// newIncoming duplicates conn's descriptor, if it is plain TCP. conn itself is to be
// closed soon: Go's network poller knows it, and would wake a thread for each
// datagram, which Receive reads by itself.
func newIncoming(from protocol.NodeID, conn net.Conn, buffer int) (*incoming, error) {
	tcp := plainTCP(conn)
	if tcp == nil {
		return newDeciphered(from, conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	in := &incoming{from: from}
	var failure error
	err = raw.Control(func(fd uintptr) {
		if buffer > 0 {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, buffer) // as much as is granted
		}
		in.fd, failure = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return nil, fmt.Errorf("taking the connection's descriptor: %w", err)
	}
	return in, nil
}

// newDeciphered joins conn to a descriptor by a socket pair.
func newDeciphered(from protocol.NodeID, conn net.Conn) (*incoming, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair: %w", err)
	}
	file := os.NewFile(uintptr(fds[1]), "deciphered")
	defer file.Close() // FileConn duplicates it
	clear, err := net.FileConn(file)
	if err != nil {
		unix.Close(fds[0])
		return nil, fmt.Errorf("using a socket pair: %w", err)
	}
	return &incoming{from: from, fd: fds[0], cipher: conn, clear: clear}, nil
}

// decipher brings what arrives to the descriptor until one of them is closed.
func (in *incoming) decipher() {
	_, _ = io.Copy(in.clear, in.cipher) // however it ends, it ends this connection
	in.clear.Close()
	abort(in.cipher)
}

// shutDown ends the connection, but keeps the descriptor's number taken.
func (in *incoming) shutDown() {
	in.shut = true
	_ = unix.Shutdown(in.fd, unix.SHUT_RDWR) // fails where the peer was faster
	if in.cipher != nil {
		in.clear.Close()
		abort(in.cipher)
	}
}

// read appends the datagrams that one read completes. An error ends the
// connection; it comes after the good datagrams before it.
func (in *incoming) read(into []transport.Datagram) ([]transport.Datagram, error) {
	if in.buffer == nil {
		in.buffer = make([]byte, 0, readBytes)
	}
	have := len(in.buffer)
	n, err := unix.Read(in.fd, in.buffer[have:cap(in.buffer)])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return into, nil
	case err != nil:
		return into, err
	case n == 0:
		return into, io.EOF
	}
	in.buffer = in.buffer[:have+n]
	return in.split(into)
}

// split takes the complete frames out of the buffer and appends copies of their
// datagrams, exact ones, or of some small neighbours together.
func (in *incoming) split(into []transport.Datagram) ([]transport.Datagram, error) {
	rest := in.buffer
	var shared []byte
	for {
		size, group, err := firstFrame(rest)
		if size == 0 || err != nil {
			in.buffer = in.buffer[:copy(in.buffer, rest)]
			return into, err
		}
		if cap(shared)-len(shared) < size-frameHeader {
			shared = make([]byte, 0, shareFrom(rest))
		}
		start := len(shared)
		shared = append(shared, rest[frameHeader:size]...)
		// The third index keeps an append to one datagram out of its neighbour.
		into = append(into, transport.Datagram{Group: group, Data: shared[start:len(shared):len(shared)]})
		rest = rest[size:]
	}
}

// firstFrame returns the size of the frame that b begins with, 0 if it is not complete.
func firstFrame(b []byte) (size int, group protocol.Group, err error) {
	if len(b) < frameHeader {
		return 0, 0, nil
	}
	length, group, err := parseHeader(b)
	if err != nil || len(b) < frameHeader+length {
		return 0, 0, err
	}
	return frameHeader + length, group, nil
}

// shareFrom returns the size of an allocation for the first datagram and as many
// after it as fit sharedBytes with it; a larger one gets its own.
func shareFrom(b []byte) int {
	total := 0
	for {
		size, _, err := firstFrame(b)
		if size == 0 || err != nil || total > 0 && total+size-frameHeader > sharedBytes {
			return total
		}
		total += size - frameHeader
		b = b[size:]
	}
}
