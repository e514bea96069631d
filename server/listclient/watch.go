package listclient

import (
	"bytes"
	"context"
	"iter"
	"math"
	"net/http"
	"strconv"
)

// FromEnd makes a watch begin with the first entry that is appended after it.
const FromEnd = math.MaxUint64

// Watch passes on the entries from an index (or FromEnd), those that are there and those to come, each
// once and in order, until ctx ends. If it breaks off it goes on at another server. The last it yields is an
// error: that of class context.Canceled or the like when ctx ended, or that no server could be reached for
// Config.GiveUp.
func (c *Client) Watch(ctx context.Context, from uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if from == FromEnd {
			length, err := c.Length(ctx)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			from = length
		}
		s := &stream{c: c, next: from, yield: yield}
		s.run(ctx, s.watch)
	}
}

// watch reads server-sent events. Of their fields, id is an index and data an entry.
func (s *stream) watch(l *link) *Error {
	r := &request{method: http.MethodGet, accept: "text/event-stream", path: "/v1/watch?from=" + strconv.FormatUint(s.next, 10)}
	in, err := s.open(l, r, s.c.cfg.WatchSilence)
	if err != nil {
		return err
	}
	s.c.servers.worked(l.conn.server)
	id, data := s.next, []byte(nil)
	for {
		line, err := in.next()
		if err != nil {
			return err
		}
		name, field, _ := bytes.Cut(line, []byte(":"))
		field = bytes.TrimPrefix(field, []byte(" "))
		switch {
		case len(line) == 0 && data != nil:
			if err := s.event(l, id, data); err != nil {
				return err
			}
			data = nil
		case string(name) == "id":
			if id, _ = strconv.ParseUint(string(field), 10, 64); id != s.next {
				return l.reject("an event is not the one that is due")
			}
		case string(name) == "data":
			data = append(data[:0], field...)
		}
	}
}

func (s *stream) event(l *link, id uint64, data []byte) *Error {
	if id != s.next {
		return l.reject("an event without its own id")
	}
	return s.pass(l, data)
}
