package listclient

import (
	"context"
	"io"
	"net/http"
)

// Backup writes a backup of the list, as a server makes it, to out, in constant
// memory: all that was acknowledged, to anyone, before the call, and perhaps some
// more. It asks one of Config.Servers, or whichever answers if server is empty. With
// local a server gives what it has, without asking the others.
//
// What was written when it fails is not a backup. Nor does a nil error say that it
// is one: backup.Verify does.
func (c *Client) Backup(ctx context.Context, server string, local bool, out io.Writer) error {
	only, err := c.server(server)
	if err != nil {
		return err
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	path := "/v1/backup"
	if local {
		path += "?consistency=local"
	}
	l := c.newLink(ctx, only)
	defer l.close()
	if err := c.copyAnswer(l, &request{method: http.MethodGet, path: path}, out); err != nil {
		if ctx.Err() != nil {
			err = c.interrupted(ctx, NotDone)
		}
		return err.with(NotDone)
	}
	return nil
}

// copyAnswer sends a request and copies the answer's body.
func (c *Client) copyAnswer(l *link, r *request, out io.Writer) *Error {
	s := &stream{c: c}
	in, err := s.openRetrying(l, r)
	if err != nil {
		return err
	}
	w := &notingWriter{out: out}
	if _, failed := io.Copy(w, in.answer.Body); w.err != nil {
		return &Error{Code: codeCancelled, Message: "write what came", Outcome: NotDone, Server: l.conn.server.name, Err: failed}
	} else if failed != nil {
		return l.judged(l.conn.server, l.conn.broken("read on", failed))
	}
	c.servers.worked(l.conn.server)
	return nil
}

// openRetrying is open, at as many servers as it takes.
func (s *stream) openRetrying(l *link, r *request) (*lines, *Error) {
	giveUp, cancel := context.WithTimeout(l.ctx, s.c.cfg.GiveUp)
	defer cancel()
	for tries := 1; ; tries++ {
		in, err := s.open(l, r, s.c.cfg.Timeout)
		if err == nil || err.final() || sleep(giveUp, pauseBefore(tries)) != nil {
			return in, err
		}
	}
}

// notingWriter tells an error of its own from those of what is copied.
type notingWriter struct {
	out io.Writer
	err error
}

func (w *notingWriter) Write(b []byte) (n int, err error) {
	n, err = w.out.Write(b)
	w.err = err
	return n, err
}
