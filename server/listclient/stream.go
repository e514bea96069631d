package listclient

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// stream is a list or a watch that goes on at another server where it breaks off.
type stream struct {
	c     *Client
	only  *server // nil: any
	next  uint64  // index of the entry that is due
	yield func(Entry, error) bool
}

// errStopped says that the caller wants no more entries.
var errStopped = errors.New("the loop was left")

// leave is the Error for errStopped.
var leave = &Error{Code: codeCancelled, Message: errStopped.Error(), Outcome: NotDone, Err: errStopped}

// run passes on entries, by as many requests as it takes, until one of them came to its end. What it
// cannot get over is yielded as an error. One attempt passes on what it gets from the entry at next.
func (s *stream) run(ctx context.Context, attempt func(l *link) *Error) {
	ctx, cancel := s.c.within(ctx)
	defer cancel()
	tries, since, had := 0, time.Now(), s.next
	for {
		l := s.c.newLink(ctx, s.only)
		err := attempt(l)
		l.close()
		if err == nil || err == leave {
			return
		}
		if s.next > had {
			tries, since, had = 0, time.Now(), s.next
		}
		tries++
		switch {
		case ctx.Err() != nil:
			err = s.c.interrupted(ctx, NotDone)
		case !err.final() && time.Since(since) < s.c.cfg.GiveUp:
			if sleep(ctx, pauseBefore(tries)) == nil {
				continue
			}
			err = s.c.interrupted(ctx, NotDone)
		}
		s.yield(Entry{}, err.with(NotDone))
		return
	}
}

// open sends the request and gives the answer's lines. A read of them may take so long.
func (s *stream) open(l *link, r *request, patience time.Duration) (*lines, *Error) {
	if err := l.send(r); err != nil {
		return nil, err
	}
	answer, err := l.conn.head(r)
	if err != nil {
		return nil, l.judged(l.conn.server, err)
	}
	l.conn.patience = patience
	return &lines{link: l, answer: answer, in: bufio.NewReaderSize(answer.Body, readBuffer)}, nil
}

// lines is the body of an answer, line by line.
type lines struct {
	link   *link
	answer *http.Response
	in     *bufio.Reader
}

// next gives a line without its end, valid until the next call. At the end of a body that is complete it gives
// io.EOF, with a cause that is an Error for everything else.
func (b *lines) next() ([]byte, *Error) {
	line, err := b.in.ReadSlice('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case err == io.EOF && len(line) == 0:
		return nil, atEnd
	case err == bufio.ErrBufferFull:
		return nil, b.link.reject("a line is too long")
	}
	return nil, b.link.judged(b.link.conn.server, b.link.conn.broken("read on", err))
}

// atEnd is what lines end with.
var atEnd = &Error{Code: codeBroken, Message: "the answer ended", Outcome: NotDone, Err: io.EOF}
