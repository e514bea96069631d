package listclient

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Client talks to the list servers. Its methods may be called by any goroutine.
type Client struct {
	cfg     Config
	servers servers
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	looking atomic.Bool // for the leader

	appends *appender
	reads   *reader

	mu    sync.Mutex
	over  bool
	local map[string]*Local // by the server's name; "" is any
}

// New makes a client. It connects at the first call. Close must be called.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configuration of a list client: %w", err)
	}
	c := &Client{cfg: cfg, local: map[string]*Local{}}
	c.servers.now = time.Now
	for _, name := range cfg.Servers {
		name, err := hostPort(name)
		if err != nil {
			return nil, fmt.Errorf("configuration of a list client: server %w", err)
		}
		c.servers.all = append(c.servers.all, newServer(name, &c.cfg))
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.appends = newAppender(c)
	c.reads = newReader(c, nil, false)
	return c, nil
}

// Close ends the client. Calls that are under way return an error of class ErrClosed, which says
// whether the outcome is known; it waits until everything that the client started has ended. To have
// appends done, wait for them before. It always returns nil, and may be called again.
func (c *Client) Close() error {
	c.mu.Lock()
	c.over = true
	readers := []*reader{c.reads}
	for _, l := range c.local {
		readers = append(readers, l.reads)
	}
	c.mu.Unlock()
	c.cancel()
	c.appends.close()
	for _, r := range readers {
		r.close()
	}
	c.running.Wait()
	return nil
}

// start runs f until Close, which waits for it. It does nothing once the client is closed.
func (c *Client) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.running.Go(f)
	}
}
