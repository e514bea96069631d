package listclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A conn is one HTTP/1.1 connection to a server, used by one goroutine at a time. We do not use
// net/http's Transport: its two goroutines a connection make a lone append half as slow again (docs/go-client.md),
// and it does not say when a request was written, which is what keeps pipelined batches in order.
type conn struct {
	net.Conn
	server *server
	in     *bufio.Reader
	usedAt time.Time // when the last answer was read to its end; zero before, and while a request is under way
	reused bool      // the request is not the first, and nothing of its answer came yet
	over   bool      // no further request can be sent

	patience time.Duration // of each read of a stream; 0: the deadline is that of the whole request
}

const (
	readBuffer  = 64 << 10
	idleLimit   = 30 * time.Second // servers close idle connections after 2 min
	maxAnswer   = 32 << 20         // 1024 values of 16 KiB, and some
	maxRefusal  = 64 << 10
	maxEmptying = 4 << 10 // what is left of a body that is worth reading to keep the connection
)

// dial makes a connection; the TLS handshake counts into the time for it.
func dial(ctx context.Context, s *server, timeout time.Duration) (*conn, *Error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", s.name)
	if err == nil && s.tls != nil {
		secure := tls.Client(raw, s.tls)
		if err = secure.HandshakeContext(ctx); err != nil {
			raw.Close()
		}
		raw = secure
	}
	if err != nil {
		return nil, &Error{Code: codeUnreachable, Message: "connect", Outcome: NotDone, Server: s.name, Err: err}
	}
	c := &conn{Conn: raw, server: s}
	c.in = bufio.NewReaderSize(c, readBuffer)
	return c, nil
}

// usable says that another request can be sent: the last answer was read to its end, nothing that was not
// asked for follows it, and the server has probably not closed the connection since.
func (c *conn) usable() bool {
	return !c.over && !c.usedAt.IsZero() && c.in.Buffered() == 0 && time.Since(c.usedAt) < idleLimit
}

// Read reads for the buffer.
func (c *conn) Read(p []byte) (int, error) {
	if c.patience > 0 {
		c.SetReadDeadline(time.Now().Add(c.patience))
	}
	return c.Conn.Read(p)
}

// request is what is asked. Accept may be empty; body is nil for GET.
type request struct {
	method, path string
	accept       string
	lastEventID  string
	body         []byte
	wait         time.Duration // how long the answer may take; 0: Config.Timeout
}

// write sends a request with one system call. The bytes are put together in scratch,
// which is returned for the next one.
func (c *conn) write(r *request, scratch []byte) ([]byte, *Error) {
	c.reused, c.usedAt = !c.usedAt.IsZero(), time.Time{}
	b := append(scratch[:0], r.method...)
	b = append(b, ' ')
	b = append(b, r.path...)
	b = append(b, c.server.head...)
	if r.accept != "" {
		b = append(append(append(b, "Accept: "...), r.accept...), "\r\n"...)
	}
	if r.lastEventID != "" {
		b = append(append(append(b, "Last-Event-ID: "...), r.lastEventID...), "\r\n"...)
	}
	if r.body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, r.body...)
	_, err := c.Conn.Write(b)
	if err != nil {
		return b, c.broken("send the request", err)
	}
	return b, nil
}

// broken is the error of a connection that failed under a request. Where that was kept open since
// an earlier request and nothing came back, the server had probably closed it.
func (c *conn) broken(what string, err error) *Error {
	code := codeBroken
	if timeout, ok := err.(net.Error); c.reused && !(ok && timeout.Timeout()) {
		code = codeStale
	}
	return &Error{Code: code, Message: what, Outcome: Unknown, Server: c.server.name, Err: err}
}

var asGet, asPost = &http.Request{Method: http.MethodGet}, &http.Request{Method: http.MethodPost}

// head reads an answer's head. The body is open if there is no error, and then the
// status was 200; a refusal's body is read.
func (c *conn) head(r *request) (*http.Response, *Error) {
	as := asGet
	if r.method == http.MethodPost {
		as = asPost
	}
	if _, err := c.in.Peek(1); err != nil {
		return nil, c.broken("wait for the answer", err)
	}
	c.reused = false // whatever happens now, the server had not closed the connection
	answer, err := http.ReadResponse(c.in, as)
	if err != nil {
		return nil, c.broken("read the answer's head", err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	if err != nil {
		return nil, c.broken("read the answer", err)
	}
	c.keep(answer)
	return nil, refusal(c.server.name, answer.StatusCode, body)
}

// keep notes that an answer was read and the connection can be used again, if that is so.
func (c *conn) keep(answer *http.Response) {
	_, err := io.CopyN(io.Discard, answer.Body, maxEmptying)
	c.over = err != io.EOF || answer.Close
	c.usedAt = time.Now()
}

// body reads an answer's body into buf.
func (c *conn) body(answer *http.Response, buf []byte) ([]byte, *Error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := answer.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			c.keep(answer)
			return buf, nil
		case err != nil:
			return buf, c.broken("read the answer", err)
		case len(buf) > maxAnswer:
			c.over = true
			return buf, badAnswer(c.server.name, fmt.Sprintf("more than %d bytes", maxAnswer))
		}
	}
}
