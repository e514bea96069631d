package maelstrom

import (
	"context"
	"errors"

	"paxos/node"
)

// serve carries a request out and answers it.
func (s *serving) serve(m *message, r *request) {
	ctx, cancel := context.WithTimeout(s.ctx, s.Timeout)
	defer cancel()
	a, f := s.execute(ctx, r)
	if f == nil {
		f = a.failure
	}
	var typ string
	var fields map[string]any
	if f == nil {
		typ, fields, f = r.reply(a.results)
	}
	if f != nil {
		s.fail(m, f)
		return
	}
	s.reply(m, typ, fields)
}

func (s *serving) execute(ctx context.Context, r *request) (answer, *failure) {
	if r.readOnly() {
		return s.look(ctx, r.ops)
	}
	return s.change(ctx, r.ops)
}

// look reads behind a barrier (rule 12). A read that fails was none: whatever the
// reason, it is definite.
func (s *serving) look(ctx context.Context, ops []op) (answer, *failure) {
	var length uint64
	if !s.StaleReads {
		if err := s.node.Barrier(ctx); err != nil {
			return answer{}, failed(codeUnavailable, "read: %v", err)
		}
		length = s.node.View().Length()
	}
	a, err := s.rep.read(ctx, length, ops)
	if err != nil {
		return answer{}, failed(codeUnavailable, "read: %v", err)
	}
	return a, nil
}

// change appends a command to the list, and waits for what it comes to here.
func (s *serving) change(ctx context.Context, ops []op) (answer, *failure) {
	c, answered := s.rep.command(ops)
	defer s.rep.forget(c)
	entry, err := encodeText(c)
	if err != nil {
		return answer{}, failed(codeMalformed, "%v", err)
	}
	if _, err := s.node.Append(ctx, [][]byte{entry}); err != nil {
		return late(answered, err)
	}
	select {
	case a := <-answered: // the entry is in the list already: soon
		return a, nil
	case <-ctx.Done():
		return late(answered, errors.Join(node.ErrUnknown, context.Cause(ctx)))
	case <-s.node.Failed():
		return late(answered, errors.Join(node.ErrUnknown, node.ErrStopped))
	}
}

// late is the answer if it came after all, else what the error means.
func late(answered <-chan answer, err error) (answer, *failure) {
	select {
	case a := <-answered:
		return a, nil
	default:
		return answer{}, failureOf(err)
	}
}

// failureOf is what becomes known of a command by the engine's error. Only what
// the cluster has never heard of and never will is definite.
func failureOf(err error) *failure {
	switch {
	case errors.Is(err, node.ErrTooLong):
		return failed(codeMalformed, "%v", err)
	case errors.Is(err, node.ErrUnknown) && !errors.Is(err, node.ErrStopped):
		return failed(codeTimeout, "%v", err)
	case errors.Is(err, node.ErrUnknown), errors.Is(err, node.ErrExpired), errors.Is(err, node.ErrForgotten):
		return failed(codeCrash, "%v", err)
	}
	return failed(codeUnavailable, "%v", err)
}

// reply answers m. A reply that finds too much waiting is lost: the client takes
// it for a timeout.
func (s *serving) reply(m *message, typ string, fields map[string]any) {
	name := s.self
	if name == "" {
		name = m.Dest // it should know who it wrote to
	}
	line, err := encodeReply(name, m, typ, fields)
	if err != nil {
		s.Log.Error("a reply was lost", "error", err)
		return
	}
	if !s.out.print(replyBacklog, line) {
		s.Log.Warn("a reply was lost: stdout is not read fast enough", "dest", m.Src, "type", typ)
	}
}

func (s *serving) fail(m *message, f *failure) {
	s.reply(m, "error", map[string]any{"code": int(f.code), "text": f.text})
}
