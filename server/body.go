package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// smallBody is how much of a body is not counted: connections bound that.
const smallBody = 4 << 10

// budget bounds bytes that many requests share.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes, or none.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) <= b.limit {
		return true
	}
	b.used.Add(-n)
	return false
}

func (b *budget) give(n int64) {
	if b.used.Add(-n) < 0 {
		panic("server: more bytes of bodies were given back than taken")
	}
}

// readBody reads the request's body into x.body. Its bytes are counted as they
// come, not as they are announced: who announces much and sends little holds little.
func (x *exchange) readBody() error {
	limit := x.s.limits.BodyBytes
	if x.r.ContentLength > int64(limit) {
		return x.bodyTooLarge()
	}
	if x.r.ContentLength == 0 {
		x.body = x.body[:0]
		return nil
	}
	if err := x.fillBody(limit); err != nil {
		return err
	}
	// The deadline for the body would end the wait for the cluster.
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	return nil
}

func (x *exchange) fillBody(limit int) error {
	if cap(x.body) == 0 {
		x.body = make([]byte, 0, smallBody)
	}
	x.body = x.body[:0]
	for {
		n, err := x.r.Body.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		switch {
		case len(x.body) > limit:
			return x.bodyTooLarge()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return bodyError(err)
		case len(x.body) == cap(x.body):
			if err := x.growBody(limit); err != nil {
				return err
			}
		}
	}
}

// growBody makes four times the space for the body, but to one byte over the limit at most, and no more than
// was announced needs.
func (x *exchange) growBody(limit int) error {
	size := min(4*cap(x.body), limit+1)
	if n := x.r.ContentLength; n > 0 {
		size = min(size, max(int(n)+1, maxKeptBody))
	}
	if more := int64(size) - smallBody - x.reserved; more > 0 {
		if !x.s.bodies.take(more) {
			f := busy("too many large requests at a time")
			f.hangUp = true
			return f
		}
		x.reserved += more
	}
	x.body = append(make([]byte, 0, size), x.body...)
	return nil
}

func (x *exchange) bodyTooLarge() error {
	f := tooLarge("a request's body is at most %d bytes long", x.s.limits.BodyBytes)
	f.hangUp = true
	return f
}

func bodyError(err error) error {
	f := bad("the body breaks off: %v", err)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		f = bad("the body did not arrive in time")
	}
	f.hangUp = true
	return f
}
