package listclient

import (
	"context"
	"net/http"
	"time"
)

// link sends requests to the server that is chosen at the moment, one at a time, over a connection
// that it keeps. The end of ctx ends what is under way. It is used by one goroutine.
type link struct {
	ctx     context.Context
	servers *servers
	only    *server // ask only this one; nil: any
	cfg     *Config

	conn    *conn
	stop    func() bool // ends the watch over ctx that closes conn
	out, in []byte      // reused from request to request, if not grown beyond keepBuffer
	header  http.Header // of the last answer
}

const keepBuffer = 1 << 20

// send writes a request, on a new connection where the last one is of no use.
func (l *link) send(r *request) *Error {
	s := l.only
	if s == nil {
		s = l.servers.pick()
	}
	if err := l.connect(s); err != nil {
		return l.judged(s, err)
	}
	wait := r.wait
	orDefault(&wait, l.cfg.Timeout)
	l.conn.SetDeadline(time.Now().Add(wait))
	out, err := l.conn.write(r, l.out)
	l.out = recycled(out)
	return l.judged(s, err)
}

func (l *link) connect(s *server) (err *Error) {
	if l.conn != nil && l.conn.server == s && l.conn.usable() {
		return nil
	}
	l.close()
	if l.conn, err = dial(l.ctx, s, l.cfg.DialTimeout); err != nil {
		return err
	}
	c := l.conn
	l.stop = context.AfterFunc(l.ctx, func() { c.Close() })
	return nil
}

// receive reads the answer to the request that was sent. It is valid until the next call.
func (l *link) receive(r *request) ([]byte, *Error) {
	answer, err := l.conn.head(r)
	if err == nil {
		l.header = answer.Header
		var body []byte
		body, err = l.conn.body(answer, l.in)
		l.in = recycled(body)
		if err == nil {
			return body, l.judged(l.conn.server, nil)
		}
	}
	return nil, l.judged(l.conn.server, err)
}

// judged notes what came of an attempt. A connection with an answer that was not read to its end is closed: what
// comes late must not be taken for the answer to the next request.
func (l *link) judged(s *server, err *Error) *Error {
	if err == nil {
		l.servers.worked(s)
		return nil
	}
	if l.conn != nil && !l.conn.usable() {
		l.close()
	}
	if l.ctx.Err() == nil {
		l.servers.judge(s, err)
		l.cfg.Log.Debug("request failed", "server", s.name, "code", err.Code, "error", err)
	}
	return err
}

// reject is the error for an answer that makes no sense.
func (l *link) reject(what string) *Error {
	s := l.conn.server
	l.conn.over = true
	return l.judged(s, badAnswer(s.name, what))
}

// close ends the connection; the next request makes a new one.
func (l *link) close() {
	if l.conn != nil {
		l.stop()
		l.conn.Close()
		l.conn, l.stop = nil, nil
	}
}

func recycled(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b
}
