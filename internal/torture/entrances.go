package torture

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"paxos/internal/servers"
)

// entrances are addresses on this host's loopback at which servers in a network of
// their own can be reached, for clients that dial by themselves.
type entrances struct {
	addresses []string
	network   *servers.Network

	mu     sync.Mutex
	open   map[io.Closer]bool
	closed bool
}

func openEntrances(n *servers.Network, to []string) (*entrances, error) {
	e := &entrances{network: n, open: make(map[io.Closer]bool)}
	for _, address := range to {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			e.close()
			return nil, fmt.Errorf("open an entrance to %s: %w", address, err)
		}
		e.keep(l)
		e.addresses = append(e.addresses, l.Addr().String())
		go e.admit(l, address)
	}
	return e, nil
}

// admit joins all who come to an address with the server behind it.
func (e *entrances) admit(l net.Listener, address string) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		if e.keep(from) {
			go e.join(from, address)
		}
	}
}

func (e *entrances) join(from net.Conn, address string) {
	defer e.drop(from)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	to, err := e.network.DialContext(ctx, "tcp", address)
	cancel()
	if err != nil || !e.keep(to) {
		return
	}
	go func() {
		_, _ = io.Copy(to, from) // either side may go at any time
		e.drop(to)
	}()
	_, _ = io.Copy(from, to)
	e.drop(to)
}

// keep remembers what close has to close. It reports false, and closes it, where that is over.
func (e *entrances) keep(c io.Closer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		c.Close()
		return false
	}
	e.open[c] = true
	return true
}

func (e *entrances) drop(c io.Closer) {
	c.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, c)
}

func (e *entrances) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for c := range e.open {
		c.Close()
	}
}
