package proposer

import (
	"cmp"
	"slices"

	"paxos/protocol"
)

// admission takes the clients' commands in the order of each session, once,
// and lets them wait for the window. It works for one leadership: cursors come
// from the applied state, afresh. It keeps the ordinary case cheap and the log
// free of repetitions; what guarantees exactly-once and FIFO is the list's
// apply rule, whatever is admitted.
type admission struct {
	cfg      Config
	state    Sessions
	sessions map[protocol.SessionID]*session
	opens    map[protocol.Nonce]struct{} // under way, not yet applied
	queue    queue
	queued   int // bytes held, in the queue and in early runs
	answers  answers
	dropped  uint64
	tooLong  uint64
}

// session is a session's cursor.
type session struct {
	next    protocol.Seq      // the next command to admit
	barrier protocol.Instance // 0, or: the cursor is void until this instance is applied
	probing bool              // its existence is being decided
	early   []protocol.Run    // runs beyond next, in the order of their first seq
}

const (
	maxCursors   = 2 * protocol.MaxSessions
	maxOpens     = protocol.MaxSessions
	maxEarlyRuns = 64
	holdOverhead = 96 // what a held run takes beside its block, about
)

func newAdmission(cfg Config, state Sessions) admission {
	return admission{
		cfg:      cfg,
		state:    state,
		sessions: make(map[protocol.SessionID]*session),
		opens:    make(map[protocol.Nonce]struct{}),
	}
}

// clear forgets everything: clients send again what they miss.
func (a *admission) clear() {
	clear(a.sessions)
	clear(a.opens)
	a.queue = queue{}
	a.queued = 0
	a.answers = answers{}
}

// onOpen admits the opening of a session, once for each nonce. An Open that
// was applied already is answered by the list with the same session.
func (p *Proposer) onOpen(n protocol.Nonce) {
	a := &p.admit
	if _, underWay := a.opens[n]; underWay || !p.admitting() {
		return
	}
	switch {
	case p.lead.full:
		p.stats.Refused++
		return
	case len(a.opens) >= maxOpens:
		a.dropped++
		return
	}
	a.opens[n] = struct{}{}
	a.queue.push(entry{nonce: n})
}

// onSubmit admits a run of commands as far as it is new and in turn.
func (p *Proposer) onSubmit(run protocol.Run) {
	if !p.admitting() {
		return
	}
	a := &p.admit
	last, known := a.state.Session(run.Session)
	if known && run.Last() <= last {
		a.answers.ack(protocol.Ack{Session: run.Session, Through: last})
		return
	}
	if p.lead.full {
		p.stats.Refused++
		return
	}
	s := a.cursor(run.Session)
	switch {
	case s == nil:
		a.dropped++
	case !a.fits(run, last):
		a.tooLong++
	case !known:
		a.probe(s, run)
	case run.Last() > last+protocol.SessionWindow:
		a.dropped++
	case s.fresh(p.applied, last):
		a.admitRun(s, run)
	}
}

// fits reports whether each command of a run beyond last fits a value. A client
// reckons with its own MTU; a command that is too long for ours would go into
// an Accept that the network refuses, again and again.
func (a *admission) fits(run protocol.Run, last protocol.Seq) bool {
	most := a.cfg.ValueBytes - protocol.ItemOverhead
	if len(run.Block) <= most {
		return true // nearly always
	}
	if run.First <= last {
		run = run.Drop(int(last-run.First) + 1)
	}
	first, rest := split(run, most)
	for rest.Count > 0 && len(first.Block) <= most {
		first, rest = split(rest, most)
	}
	return len(first.Block) <= most
}

// cursor finds or makes a session's cursor; nil if there are too many.
func (a *admission) cursor(id protocol.SessionID) *session {
	s := a.sessions[id]
	if s == nil {
		if len(a.sessions) >= maxCursors {
			a.forgetUnknown()
		}
		if len(a.sessions) >= maxCursors {
			return nil
		}
		s = &session{}
		a.sessions[id] = s
	}
	return s
}

// forgetUnknown drops the cursors of sessions that the list does not know (any more).
func (a *admission) forgetUnknown() {
	for id := range a.sessions {
		if _, known := a.state.Session(id); !known {
			a.forget(id)
		}
	}
}

// fresh brings the cursor up to what is applied, and reports whether it holds.
func (s *session) fresh(applied protocol.Instance, last protocol.Seq) bool {
	if applied < s.barrier {
		return false
	}
	s.barrier, s.probing = 0, false
	s.next = max(s.next, last+1)
	return true
}

// probe sends one command of a session that the list does not know through the
// log. "Expired" must be a decided fact: a leader that was deposed without
// having heard of it does not know the sessions that its successor opened.
func (a *admission) probe(s *session, run protocol.Run) {
	if !s.probing && a.hold(run) {
		s.probing = true
		first, _ := split(run, 0)
		a.queued -= len(run.Block) - len(first.Block)
		a.queue.push(entry{run: first})
	}
}

// admitRun takes what is new of a run, and the early runs that follow on it.
func (a *admission) admitRun(s *session, run protocol.Run) {
	if run.Last() < s.next {
		return // under way
	}
	if !a.hold(run) {
		return
	}
	if run.First > s.next {
		a.keepEarly(s, run)
		return
	}
	a.enqueue(s, run)
	for len(s.early) > 0 && s.early[0].First <= s.next {
		a.enqueue(s, s.early[0])
		s.early = slices.Delete(s.early, 0, 1)
	}
}

// hold makes room for a run, or drops it: its client will send it again.
func (a *admission) hold(run protocol.Run) bool {
	size := len(run.Block) + holdOverhead
	if a.queued+size > a.cfg.QueueBytes {
		a.dropped++
		return false
	}
	a.queued += size
	return true
}

func (a *admission) release(run protocol.Run) { a.queued -= len(run.Block) + holdOverhead }

// enqueue puts the new part of a held run behind all others.
func (a *admission) enqueue(s *session, run protocol.Run) {
	if run.Last() < s.next {
		a.release(run)
		return
	}
	if run.First < s.next {
		whole := len(run.Block)
		run = run.Drop(int(s.next - run.First))
		a.queued -= whole - len(run.Block)
	}
	s.next = run.Last() + 1
	a.queue.push(entry{run: run})
}

// keepEarly keeps a held run until the hole before it is filled. Of two runs
// with the same start the longer one is kept.
func (a *admission) keepEarly(s *session, run protocol.Run) {
	at, found := slices.BinarySearchFunc(s.early, run.First, func(r protocol.Run, first protocol.Seq) int {
		return cmp.Compare(r.First, first)
	})
	switch {
	case found && s.early[at].Count >= run.Count:
		a.release(run)
	case found:
		a.release(s.early[at])
		s.early[at] = run
	case len(s.early) >= maxEarlyRuns:
		a.dropped++
		a.release(run)
	default:
		s.early = slices.Insert(s.early, at, run)
	}
}

// resync voids a session's cursor because commands came out of turn. What is
// in the queue is dropped, what is under way must be applied before the applied
// state says again where the session stands.
func (a *admission) resync(id protocol.SessionID, underWay protocol.Instance) {
	s := a.sessions[id]
	if s == nil {
		return
	}
	for _, run := range s.early {
		a.release(run)
	}
	a.queue.remove(id, a.release)
	*s = session{barrier: underWay}
}

// forget drops a session's cursor and all that waits of it.
func (a *admission) forget(id protocol.SessionID) {
	a.resync(id, 0)
	delete(a.sessions, id)
}
