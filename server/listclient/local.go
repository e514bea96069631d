package listclient

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// Freshness says how old the answer of a local read may be.
type Freshness struct {
	// Applied is the log's instance that the answer stands for.
	Applied uint64
	// Stale is how long ago the server last stood where the leader said that the cluster did: what was
	// acknowledged before is in the answer. Negative: it never did yet.
	Stale time.Duration
}

// freshness reads the headers of a local read's answer.
func freshness(h http.Header) (f Freshness) {
	f.Stale = -1
	f.Applied, _ = strconv.ParseUint(h.Get("Paxos-Applied"), 10, 64)
	if ms, err := strconv.ParseInt(h.Get("Paxos-Stale-Ms"), 10, 64); err == nil && ms >= 0 {
		f.Stale = time.Duration(ms) * time.Millisecond
	}
	return f
}

// Local reads what a server has applied, without asking whether that is all. It works where no majority does, and
// says how stale the answer may be.
type Local struct {
	c     *Client
	only  *server
	reads *reader
	err   error
}

// Local gives the local reads of one of Config.Servers, or of any of them if server is empty. For an unknown server all
// calls fail.
func (c *Client) Local(server string) *Local {
	only, err := c.server(server)
	if err != nil {
		return &Local{err: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.local[server]; l != nil {
		return l
	}
	l := &Local{c: c, only: only, reads: newReader(c, only, true)}
	if c.over {
		l.reads.close()
	}
	c.local[server] = l
	return l
}

// server finds one of Config.Servers; nil for the empty name.
func (c *Client) server(name string) (*server, error) {
	if name == "" {
		return nil, nil
	}
	full, err := hostPort(name)
	if err == nil {
		if s := c.servers.named(full); s != nil {
			return s, nil
		}
		err = fmt.Errorf("%q is none of the servers of the configuration", name)
	}
	return nil, &Error{Code: codeBadRequest, Outcome: NotDone, Message: err.Error()}
}

// Get is Client.Get, but the newest entries may be missing.
func (l *Local) Get(ctx context.Context, index uint64) (e Entry, f Freshness, err error) {
	if l.err != nil {
		return e, f, l.err
	}
	v, f, err := l.reads.entry(ctx, index)
	return Entry{Index: index, Value: v}, f, err
}

// Length is Client.Length, but the newest entries may be missing.
func (l *Local) Length(ctx context.Context) (uint64, Freshness, error) {
	if l.err != nil {
		return 0, Freshness{}, l.err
	}
	return l.reads.length(ctx)
}

// List is Client.List, but the newest entries may be missing. If fresh is not nil it is set before the first entry is
// yielded, and again when another server takes over.
func (l *Local) List(ctx context.Context, from uint64, fresh *Freshness) iter.Seq2[Entry, error] {
	if l.err != nil {
		return func(yield func(Entry, error) bool) { yield(Entry{}, l.err) }
	}
	return l.c.list(ctx, l.only, from, "&consistency=local", fresh)
}
