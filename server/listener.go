package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// conns counts the open connections. At the limit the one that has been idle for
// longest is closed for a new one; where none is idle, new ones wait. So idle
// connections, however many, keep neither clients nor peers out. A connection
// that was taken over (of a peer) does not count any more.
type conns struct {
	limit int
	moved chan struct{} // a connection ended or became idle; one place

	mu   sync.Mutex
	open map[net.Conn]time.Time // since when idle; zero: busy
}

func newConns(limit int) *conns {
	return &conns{limit: limit, moved: make(chan struct{}, 1), open: make(map[net.Conn]time.Time)}
}

// state is the http.Server's ConnState.
func (c *conns) state(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	switch state {
	case http.StateIdle:
		c.open[conn] = time.Now()
	case http.StateNew, http.StateActive:
		c.open[conn] = time.Time{}
	case http.StateHijacked, http.StateClosed:
		delete(c.open, conn)
	}
	full := len(c.open) >= c.limit-1
	c.mu.Unlock()
	if full && state != http.StateNew && state != http.StateActive {
		select {
		case c.moved <- struct{}{}:
		default:
		}
	}
}

// count is how many connections are open.
func (c *conns) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// makeRoom waits until there is room for one more connection, or closed is.
func (c *conns) makeRoom(closed <-chan struct{}) {
	for {
		victim, full := c.victim()
		if !full {
			return
		}
		if victim != nil {
			_ = victim.Close() // it is idle: nothing is lost; its end is reported by state
		}
		select {
		case <-c.moved:
		case <-closed:
			return
		}
	}
}

// victim is the connection that has been idle for longest, if there is no room.
func (c *conns) victim() (conn net.Conn, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) < c.limit {
		return nil, false
	}
	var oldest time.Time
	for candidate, since := range c.open {
		if !since.IsZero() && (conn == nil || since.Before(oldest)) {
			conn, oldest = candidate, since
		}
	}
	return conn, true
}

// limitedListener makes room for each connection that it accepts.
type limitedListener struct {
	net.Listener
	conns  *conns
	once   sync.Once
	closed chan struct{}
}

func limitListener(ln net.Listener, c *conns) *limitedListener {
	return &limitedListener{Listener: ln, conns: c, closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.conns.makeRoom(l.closed)
	}
	return conn, err
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
