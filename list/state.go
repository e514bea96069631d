package list

import (
	"fmt"

	"paxos/protocol"
)

// Options say what a State keeps and whom it tells.
type Options struct {
	// SessionsOnly keeps no entries, but counts them: enough to know which
	// command is whose turn.
	SessionsOnly bool
	// Members are those that a new list begins with; all replicas must begin with
	// the same. Zero: the members never change, and the list does not know them.
	Members Members
	// OnAppend, if set, is told of entries just appended: count payloads from
	// index first (the list starts at 0) in a block as in protocol.Run. The
	// block is part of the applied value; OnAppend must not change it.
	OnAppend func(first uint64, count int, block []byte)
}

// State is the list with its sessions.
type State struct {
	options  Options
	applied  protocol.Instance
	length   uint64
	sessions sessions
	entries  entries
	members  Members
}

// maxLength is the longest list there can be: results pack an index into 53
// bits. A million entries a second take 285 years to get there.
const maxLength = 1<<53 - 1

// New returns the empty list.
func New(o Options) *State { return newState(o, protocol.MaxSessions) }

// newState lets tests have fewer sessions.
func newState(o Options, maxSessions int) *State {
	return &State{options: o, sessions: newSessions(maxSessions), members: o.Members}
}

// Applied is the last applied instance, 0 at the beginning.
func (s *State) Applied() protocol.Instance { return s.applied }

// Length is the number of entries of the whole list.
func (s *State) Length() uint64 { return s.length }

// Members is who takes part. Nobody may change the slices in it.
func (s *State) Members() Members { return s.members }

// Sessions is the number of open sessions.
func (s *State) Sessions() int { return len(s.sessions.byID) }

// Session returns the last applied seq of a session; ok is false if the list
// does not know the session (any more).
func (s *State) Session(id protocol.SessionID) (last protocol.Seq, ok bool) {
	ses := s.sessions.byID[id]
	if ses == nil {
		return 0, false
	}
	return ses.last, true
}

// Nonce is the one that opened a session; ok is false if the list does not know
// the session (any more).
func (s *State) Nonce(id protocol.SessionID) (n protocol.Nonce, ok bool) {
	ses := s.sessions.byID[id]
	if ses == nil {
		return n, false
	}
	return ses.nonce, true
}

// Result returns the index in the list of an applied command. It knows the
// last protocol.SessionWindow commands of each session.
func (s *State) Result(id protocol.SessionID, seq protocol.Seq) (index uint64, ok bool) {
	ses := s.sessions.byID[id]
	if ses == nil || seq == 0 || seq > ses.last {
		return 0, false
	}
	return ses.results.find(uint64(ses.last - seq))
}

// Apply applies the value that was decided for instance i, which must be
// Applied()+1, and adds to e what came of it. The items of v are applied in
// their order. Where v is malformed, everything before the first malformed
// item is applied and the rest is skipped, so that all replicas do the same.
func (s *State) Apply(i protocol.Instance, v protocol.Value, e *protocol.Effects) {
	if i != s.applied+1 {
		panic(fmt.Sprintf("list: instances are applied in order, without gaps: got %d after %d", i, s.applied))
	}
	s.applied = i
	for len(v) > 0 {
		item, rest, err := v.Next() // checks a run in full
		if err != nil {
			return
		}
		switch {
		case item.Open:
			s.applyOpen(item.Nonce, e)
		case item.Change != nil:
			e.Members = s.members.apply(i, item.Change) || e.Members
		default:
			s.applyRun(item.Run, e)
		}
		v = rest
	}
}

// applyOpen opens a session, or finds the one that the same nonce opened.
func (s *State) applyOpen(n protocol.Nonce, e *protocol.Effects) {
	ses := s.sessions.open(n)
	e.Opened = append(e.Opened, protocol.Opened{Nonce: n, Session: ses.id})
}

// applyRun is the apply rule for a run: drop what was applied before, then
// apply the rest if it begins with exactly the next seq, else nothing.
func (s *State) applyRun(r protocol.Run, e *protocol.Effects) {
	ses := s.sessions.byID[r.Session]
	if ses == nil {
		e.Expired = addExpired(e.Expired, r.Session)
		return
	}
	next := ses.last + 1
	if r.First > next || r.Last() < next {
		e.Skipped = addAck(e.Skipped, r.Session, ses.last)
		return
	}
	if r.First < next {
		r = r.Drop(int(next - r.First))
	}
	s.append(ses, r)
	e.Advanced = addAck(e.Advanced, r.Session, ses.last)
}

// append appends the commands of r, all of which are in turn.
func (s *State) append(ses *session, r protocol.Run) {
	first := s.length
	if uint64(r.Count) > maxLength-first {
		panic(fmt.Sprintf("list: a list is at most %d entries long", uint64(maxLength)))
	}
	s.length += uint64(r.Count)
	ses.last = r.Last()
	ses.results.add(s.length, r.Count)
	s.sessions.use(ses)
	if !s.options.SessionsOnly {
		s.entries.append(r.Count, r.Block)
	}
	if s.options.OnAppend != nil {
		s.options.OnAppend(first, r.Count, r.Block)
	}
}

// addAck adds an ack, or renews the last one if it is of the same session: the
// runs of one session often stand together.
func addAck(acks []protocol.Ack, id protocol.SessionID, through protocol.Seq) []protocol.Ack {
	if n := len(acks); n > 0 && acks[n-1].Session == id {
		acks[n-1].Through = through
		return acks
	}
	return append(acks, protocol.Ack{Session: id, Through: through})
}

func addExpired(ids []protocol.SessionID, id protocol.SessionID) []protocol.SessionID {
	if n := len(ids); n > 0 && ids[n-1] == id {
		return ids
	}
	return append(ids, id)
}
