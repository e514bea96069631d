package stream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// upgradeToken names this protocol and its version; see doc.go.
	upgradeToken  = "paxos-peer/1"
	clusterHeader = "Paxos-Cluster"
	senderHeader  = "Paxos-Sender"
	// answerBytes bounds the answer to a request to upgrade.
	answerBytes = 16 << 10
)

// connect dials the peer and upgrades the connection.
func (p *peer) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, p.t.times.connect)
	defer cancel()
	conn, err := p.t.options.Dial(ctx, p.address)
	if err != nil {
		return nil, fmt.Errorf("dialling: %w", err)
	}
	tune(conn, p.t.times.ack)
	stop := context.AfterFunc(ctx, func() { abort(conn) })
	err = p.upgrade(conn)
	if !stop() {
		err = errors.Join(context.Cause(ctx), err)
	}
	if err == nil {
		var l *link
		if l, err = newLink(conn, p.t.times.write); err == nil {
			return l, nil
		}
	}
	abort(conn)
	return nil, err
}

// upgrade turns a new connection into one of frames.
func (p *peer) upgrade(conn net.Conn) error {
	o := &p.t.options
	request := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Path: o.Path},
		Host:   p.address,
		Header: o.Header.Clone(),
	}
	if request.Header == nil {
		request.Header = make(http.Header)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", upgradeToken)
	request.Header.Set(clusterHeader, o.Cluster.String())
	request.Header.Set(senderHeader, o.Self.ID.String())
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("asking for the upgrade: %w", err)
	}
	from := bufio.NewReader(io.LimitReader(conn, answerBytes))
	answer, err := http.ReadResponse(from, request)
	if err != nil {
		return fmt.Errorf("waiting for the upgrade: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return refusedError(answer)
	}
	if from.Buffered() > 0 {
		return errTalks
	}
	return nil
}

// refusedError is what the peer said when it refused.
func refusedError(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what there is of it
	return fmt.Errorf("refused: %s: %s", answer.Status, strings.TrimSpace(string(text)))
}

// listen reads a connection on which nothing may come, until it ends.
func (l *link) listen() error {
	var b [1]byte
	n, err := l.conn.Read(b[:])
	switch {
	case n > 0:
		return errTalks
	case err == io.EOF:
		return errHungUp
	}
	return fmt.Errorf("reading: %w", err)
}

// abort closes a connection without waiting: TLS would first say good-bye, for
// seconds if the peer takes nothing.
func abort(conn net.Conn) {
	if tcp := tcpUnder(conn); tcp != nil {
		tcp.Close()
	}
	conn.Close() // its error would say that it is closed
}

// tune sets what makes a dead connection show soon. Where it cannot, the
// connection works all the same.
func tune(conn net.Conn, ack time.Duration) {
	tcp := tcpUnder(conn)
	if tcp == nil {
		return
	}
	_ = tcp.SetNoDelay(true)
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 5})
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(ack.Milliseconds()))
	})
}

// tcpUnder returns the TCP connection under conn, TLS or not; nil if unknown.
func tcpUnder(conn net.Conn) *net.TCPConn {
	switch c := conn.(type) {
	case *net.TCPConn:
		return c
	case interface{ NetConn() net.Conn }:
		return tcpUnder(c.NetConn())
	}
	return nil
}

// plainTCP returns the TCP connection that conn is, perhaps in a wrapper that
// leaves the bytes alone and says so with a method NetConn; nil for TLS and others.
func plainTCP(conn net.Conn) *net.TCPConn {
	if _, encrypted := conn.(*tls.Conn); encrypted {
		return nil
	}
	switch c := conn.(type) {
	case *net.TCPConn:
		return c
	case interface{ NetConn() net.Conn }:
		return plainTCP(c.NetConn())
	}
	return nil
}
