package maelstrom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"paxos/node"
)

// Run reads messages and answers them until the input ends, or ctx does; then it
// shuts the engine down cleanly and returns nil. Errors are those of the engine
// and its store, and of writing to Out.
func Run(ctx context.Context, o Options) error {
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	requests, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &serving{
		Options: o, ctx: requests, out: newPrinter(o.Out),
		in: make(chan message), inputErr: make(chan error, 1), slots: make(chan struct{}, MaxRequests),
	}
	go func() { s.inputErr <- s.read() }()
	err := s.loop(ctx.Done())
	cancel(node.ErrStopped) // so those under way know what became of them
	return errors.Join(err, s.stop())
}

// serving is a running node. Its loop owns it; the goroutines of requests use
// what does not change after init.
type serving struct {
	Options
	ctx context.Context // ends with the node
	out *printer

	in       chan message
	inputErr chan error // why the input ended

	self  string // this node's name, "" before init
	names []string
	net   *network
	rep   *replica
	node  *node.Server // nil before init
	temp  string       // folder to remove

	slots    chan struct{} // one taken by each request
	requests sync.WaitGroup
}

// read passes on messages until the input ends. What is none is nobody's request:
// it is logged, and there is nobody to tell.
func (s *serving) read() error {
	for r := newReader(s.In); ; {
		line, err := r.next()
		if err != nil && !errors.Is(err, errLongLine) {
			return err
		}
		var m message
		if err == nil {
			m, err = decode(line)
		}
		if err != nil {
			s.Log.Warn("a line was ignored", "error", err)
			continue
		}
		select {
		case s.in <- m:
		case <-s.ctx.Done():
			return nil
		}
	}
}

// loop handles messages until the end.
func (s *serving) loop(end <-chan struct{}) error {
	for {
		select {
		case m := <-s.in:
			if err := s.handle(&m); err != nil {
				return err
			}
		case err := <-s.inputErr:
			if err == nil || errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read stdin: %w", err)
		case <-end:
			return nil
		case <-s.failed():
			return nil // stop tells why
		case <-s.out.done:
			return fmt.Errorf("write to stdout: %w", s.out.err)
		}
	}
}

// failed is closed when the engine has ended.
func (s *serving) failed() <-chan struct{} {
	if s.node == nil {
		return nil
	}
	return s.node.Failed()
}

// handle takes one message. Its error ends the node.
func (s *serving) handle(m *message) error {
	switch {
	case m.InReplyTo != nil:
		s.Log.Debug("a reply to nothing that was asked", "src", m.Src, "type", m.Type)
	case m.Type == typePaxos:
		if s.net != nil {
			s.net.deliver(m)
		}
	case m.MsgID == nil:
		s.Log.Warn("a request without msg_id cannot be answered", "src", m.Src, "type", m.Type)
	case m.Type == "init":
		return s.init(m)
	case s.node == nil:
		s.fail(m, failed(codeUnavailable, "this node was not initialised yet"))
	default:
		s.begin(m)
	}
	return nil
}

// begin starts a request, in a goroutine of its own.
func (s *serving) begin(m *message) {
	parse, ok := parsers[m.Type]
	if !ok {
		s.fail(m, failed(codeNotSupported, "there are no requests of type %q here", m.Type))
		return
	}
	r, err := parse(m.Body)
	if err != nil {
		s.fail(m, failed(codeMalformed, "%v", err))
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		s.fail(m, failed(codeUnavailable, "%d requests are under way", MaxRequests))
		return
	}
	s.requests.Go(func() {
		s.serve(m, &r)
		<-s.slots
	})
}

// stop ends the engine, then the requests, then the output.
func (s *serving) stop() error {
	var err error
	if s.node != nil {
		err = s.node.Stop()
	}
	s.requests.Wait()
	s.out.close()
	return errors.Join(err, s.removeTemp())
}
