package node

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paxos/list"
	"paxos/protocol"
)

// Server is a running list server's engine: proposer, acceptor and learner in
// one process. Its methods may be called by any goroutine.
type Server struct {
	r      *runner
	cancel context.CancelFunc
	ended  chan struct{} // closed when the loop has ended
	err    error         // why; read after ended
}

// StartServer starts the engine of a list server; Options.Self must be of
// RoleServer. Errors are those of Run's beginning. Whoever starts it must Stop it.
func StartServer(o Options) (*Server, error) {
	if o.Self.Role != protocol.RoleServer {
		return nil, fmt.Errorf("a list server cannot be a %s", o.Self.Role)
	}
	return launch(o)
}

func launch(o Options) (*Server, error) {
	if o.Probe == nil {
		o.Probe = new(Probe)
	}
	r, err := open(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{r: r, cancel: cancel, ended: make(chan struct{})}
	r.began()
	r.start()
	go func() {
		defer close(s.ended)
		s.err = r.stop(r.loop(ctx))
		r.endProposals()
	}()
	return s, nil
}

// Stop shuts the server down cleanly: a leader hands over, what was gathered is
// made durable, a checkpoint is written. It returns what the server ended with,
// nil if that was Stop.
func (s *Server) Stop() error {
	s.cancel()
	<-s.ended
	return s.err
}

// Failed is closed when the server has ended, by Stop or by an error that Stop
// returns.
func (s *Server) Failed() <-chan struct{} { return s.ended }

// Append appends payloads in their order; others may come in between. The
// errors are those of api.go, or ctx's if nothing was done.
func (s *Server) Append(ctx context.Context, payloads [][]byte) ([]Placed, error) {
	c, err := s.wait(ctx, s.r.askAppend(payloads))
	if err != nil {
		return nil, err
	}
	return c.placed, nil
}

// AppendIn appends payloads as the commands first, first+1, ... of a session
// that OpenSession opened. To ask again is always safe: what was applied is
// answered with its place. Commands must not leave a gap behind those applied and
// those under way for longer than ctx lasts.
func (s *Server) AppendIn(ctx context.Context, session protocol.SessionID, first protocol.Seq, payloads [][]byte) ([]Placed, error) {
	c, err := s.wait(ctx, s.r.askAppendIn(session, first, payloads))
	if err != nil {
		return nil, err
	}
	return c.placed, nil
}

// OpenSession opens a session, or finds the one that the same nonce has opened
// and that still lives. It returns the session's handle, which only those can
// know who know the nonce.
func (s *Server) OpenSession(ctx context.Context, nonce protocol.Nonce) (protocol.SessionID, error) {
	c, err := s.wait(ctx, s.r.askOpen(nonce))
	if err != nil {
		return 0, err
	}
	return c.session, nil
}

// Barrier returns when this server's list holds everything that was acknowledged
// by any server before the call (rule 12). It writes no log.
func (s *Server) Barrier(ctx context.Context) error {
	_, err := s.wait(ctx, s.r.askRead())
	return err
}

// wait waits for the answer to what was asked at the front door. The call may be
// looked at only if there is no error.
func (s *Server) wait(ctx context.Context, c *call) (*call, error) {
	return c, c.wait(ctx, s.ended)
}

// View is the list as it was last applied here.
func (s *Server) View() list.View { return s.r.shown.view.Load().View }

// Snapshot is the head of the list as it stands now, and the View of the same
// moment: together with the chunks that left memory, the whole state. Behind a
// Barrier it holds everything that was acknowledged before. It costs the loop the
// time to encode the head, a few milliseconds at most.
func (s *Server) Snapshot(ctx context.Context) (head []byte, view list.View, err error) {
	type snapshot struct {
		head []byte
		view list.View
	}
	taken := make(chan snapshot, 1) // who does not wait any longer leaves it there
	s.r.box.ask(func(protocol.Time) {
		taken <- snapshot{s.r.machine.List.AppendHead(nil), s.r.machine.List.View()}
	})
	select {
	case t := <-taken:
		return t.head, t.view, nil
	case <-s.ended:
		return nil, view, ErrStopped
	case <-ctx.Done():
		return nil, view, context.Cause(ctx)
	}
}

// Applied is the instance that View stands for, or a later one.
func (s *Server) Applied() protocol.Instance { return s.r.shown.view.Load().applied }

// Chunk implements list.ChunkSource for Views.
func (s *Server) Chunk(n uint64) ([]byte, error) { return s.r.store.Chunk(n) }

// Changed returns a channel that is closed when the list has changed since.
func (s *Server) Changed() <-chan struct{} { return s.r.shown.changed() }

// Stale is Status().Stale, and costs less.
func (s *Server) Stale() time.Duration {
	if at := protocol.Time(s.r.shown.step.Load()); at != 0 {
		return s.r.now().Sub(at)
	}
	return -1
}

// Status tells how the server is. After the end it is the zero Status.
func (s *Server) Status() Status {
	var st Status
	done := make(chan struct{})
	s.r.box.ask(func(now protocol.Time) {
		st = s.r.report(now)
		close(done)
	})
	select {
	case <-done:
		return st
	case <-s.ended:
		return Status{}
	}
}

// Figures is what monitoring wants to know; see Probe.
func (s *Server) Figures() (Figures, bool) { return s.r.Probe.Figures() }

// Transfer gives the leadership to a server, 0 for anyone but the present
// leader, and returns when that is known here to lead.
func (s *Server) Transfer(ctx context.Context, to protocol.NodeID) error {
	var from protocol.NodeID
	for began := false; ; {
		st := s.Status()
		if to != 0 && !slices.ContainsFunc(st.Members, func(m Member) bool { return m.ID == to && m.Voter }) {
			return fmt.Errorf("%w: %d does not vote", ErrConflict, to)
		}
		switch {
		case to != 0 && st.Leader == to, to == 0 && began && st.Leader != 0 && st.Leader != from:
			return nil
		case !began && st.Leader != 0:
			began, from = true, st.Leader
			s.r.askYield(to)
		}
		select {
		case <-time.After(transferPoll):
		case <-ctx.Done():
			return fmt.Errorf("leadership to server %d: %w", to, context.Cause(ctx))
		case <-s.ended:
			return ErrStopped
		}
	}
}

const transferPoll = 5 * time.Millisecond

// shown is what of the machine's state others may look at without asking the loop.
type shown struct {
	view atomic.Pointer[publishedView]
	full atomic.Bool
	gone atomic.Bool  // removed from the cluster
	step atomic.Int64 // Machine.inStep

	mu   sync.Mutex
	next chan struct{} // closed at the next change; nil: nobody waits
}

type publishedView struct {
	list.View
	applied protocol.Instance
	members list.Members
}

// refuses is why no command is taken now, nil if there is no reason.
func (s *shown) refuses() error {
	switch {
	case s.gone.Load():
		return ErrRemoved
	case s.full.Load():
		return ErrFull
	}
	return nil
}

// publish shows the list as it stands now, if it has changed.
func (s *shown) publish(m *Machine) {
	s.full.Store(m.full)
	s.step.Store(int64(m.inStep))
	if m.newMembers || s.view.Load() == nil {
		s.gone.Store(m.removed())
	}
	last := s.view.Load()
	if last != nil && last.applied == m.List.Applied() {
		return
	}
	s.view.Store(&publishedView{m.List.View(), m.List.Applied(), m.List.Members()})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}

func (s *shown) changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

// tellCalls tells those at the front desk what became of their calls, once the
// list that they may look at has what they were told. Of proposals it is told
// before anybody can see it there.
func (r *runner) tellCalls() {
	if r.machine.desk == nil {
		return
	}
	finished := r.machine.desk.takeFinished()
	others := r.tellPlaced(finished)
	r.shown.publish(r.machine)
	for _, c := range others {
		c.answer()
	}
	if len(finished) > 0 && !r.world.inline {
		// The loop is about to wait in a system call that would keep those that were
		// told from this processor for a while: let them go first.
		runtime.Gosched()
	}
}

// report is Status, in the loop of a process of any role.
func (r *runner) report(now protocol.Time) Status {
	m := r.machine
	st := Status{
		Cluster: r.Cluster, Leader: r.meter.leader.Proposer,
		Decided: max(m.leaderSays, m.Learner.Watermark(), m.List.Applied()), Applied: m.List.Applied(),
		Length: m.List.Length(), Sessions: m.List.Sessions(),
		FreeBytes: r.space.left, Full: m.full, Stale: -1, Uptime: now.Sub(0),
		Store: r.store.Stats(), Network: r.Transport.Stats(), Drops: r.in.drops.byReason(),
	}
	if m.Proposer != nil {
		st.Leads, st.Leader = m.Proposer.Leading(), m.Proposer.Leader()
	}
	if m.Acceptor != nil {
		st.Ballot, st.Trim = m.Acceptor.Promised(), m.Acceptor.TrimPoint()
	}
	if m.desk != nil {
		st.Waiting = m.desk.waiting()
	}
	st.Self.ID = r.Self.ID
	if m.inStep != 0 {
		st.Stale = now.Sub(m.inStep)
	}
	members := m.List.Members()
	st.Members, st.Changing, st.Removed = told(&members), members.Changing(), m.removed()
	for _, first := range members.First {
		st.First = append(st.First, Member{ID: first.ID, Address: first.Address, Voter: true})
	}
	for _, member := range st.Members {
		if member.ID == r.Self.ID {
			st.Self = member
		}
	}
	return st
}
