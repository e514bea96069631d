package listclient

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"paxos/server/value"
)

// List reads the list from an index to its end, in constant memory. It is linearizable: it passes on at least what was
// acknowledged, to anyone, before the loop began. If it breaks off it goes on at another server. An error, of which there is one at
// most, is the last that is yielded. A from beyond the end yields nothing.
func (c *Client) List(ctx context.Context, from uint64) iter.Seq2[Entry, error] {
	return c.list(ctx, nil, from, "", nil)
}

// list is List at some server or any; fresh, if not nil, is set before the first entry and when another
// server takes over.
func (c *Client) list(ctx context.Context, only *server, from uint64, query string, fresh *Freshness) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		s := &stream{c: c, only: only, next: from, yield: yield}
		s.run(ctx, func(l *link) *Error { return s.list(l, query, fresh) })
	}
}

func (s *stream) list(l *link, query string, fresh *Freshness) *Error {
	r := &request{method: http.MethodGet, accept: "application/x-ndjson",
		path: "/v1/list?from=" + strconv.FormatUint(s.next, 10) + "&format=ndjson" + query}
	in, err := s.open(l, r, s.c.cfg.Timeout)
	if err != nil {
		return err
	}
	if fresh != nil {
		*fresh = freshness(in.answer.Header)
	}
	length, _ := strconv.ParseUint(in.answer.Header.Get("Paxos-Length"), 10, 64)
	for {
		line, err := in.next()
		switch {
		case err == atEnd && s.next >= length:
			s.c.servers.worked(l.conn.server)
			return nil
		case err != nil:
			return err
		}
		if err := s.pass(l, line); err != nil {
			return err
		}
	}
}

// pass yields the entry that is due.
func (s *stream) pass(l *link, text []byte) *Error {
	v, err := value.Parse(string(text))
	if err != nil {
		return l.reject("an entry: " + err.Error())
	}
	e := Entry{Index: s.next, Value: v}
	s.next++
	if !s.yield(e, nil) {
		return leave
	}
	return nil
}
