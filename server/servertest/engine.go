package servertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"paxos/acceptor"
	"paxos/learner"
	"paxos/list"
	"paxos/node"
	"paxos/proposer"
	"paxos/protocol"
)

// Engine is a server.Engine. Make it with New.
type Engine struct {
	// Before, if set, is called by each method that waits for the cluster, with
	// the method's name, and may wait as well; its error is the answer, and
	// nothing was done. Set it before the engine is used.
	Before func(ctx context.Context, method string) error
	// Members is what Status tells; it has the server itself from the start.
	Members []node.Member
	Removed bool // Status says so

	mu      sync.Mutex
	state   *list.State
	chunks  [][]byte // encoded: left the State's memory
	changed chan struct{}
	failed  chan struct{}
	own     protocol.SessionID // for Append
	next    protocol.Seq       // of that session
	started time.Time
	stale   time.Duration
	leader  protocol.NodeID
	reads   int // of chunks
}

// New is an engine with an empty list.
func New() *Engine {
	e := &Engine{
		Members: []node.Member{{ID: 1, Address: "127.0.0.1:5000", Voter: true}},
		state:   list.New(list.Options{}),
		changed: make(chan struct{}), failed: make(chan struct{}),
		started: time.Now(), leader: 1,
	}
	e.own, _ = e.OpenSession(context.Background(), protocol.Nonce{1})
	return e
}

func (e *Engine) before(ctx context.Context, method string) error {
	if e.Before != nil {
		if err := e.Before(ctx, method); err != nil {
			return err
		}
	}
	select {
	case <-e.failed:
		return node.ErrStopped
	default:
		return ctx.Err()
	}
}

// apply decides a value and applies it. The caller holds mu.
func (e *Engine) apply(v protocol.Value) (effects protocol.Effects) {
	before := e.state.Length()
	e.state.Apply(e.state.Applied()+1, v, &effects)
	if e.state.Length() > before {
		close(e.changed)
		e.changed = make(chan struct{})
	}
	return effects
}

// Append implements server.Engine.
func (e *Engine) Append(ctx context.Context, payloads [][]byte) ([]node.Placed, error) {
	if err := e.before(ctx, "Append"); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	first := e.next
	e.next += protocol.Seq(len(payloads)) - 1
	return e.appendIn(e.own, first, payloads)
}

// AppendIn implements server.Engine.
func (e *Engine) AppendIn(ctx context.Context, s protocol.SessionID, first protocol.Seq, payloads [][]byte) ([]node.Placed, error) {
	if err := e.before(ctx, "AppendIn"); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.appendIn(s, first, payloads)
}

func (e *Engine) appendIn(s protocol.SessionID, first protocol.Seq, payloads [][]byte) ([]node.Placed, error) {
	last, ok := e.state.Session(s)
	switch {
	case !ok:
		return nil, fmt.Errorf("session %d: %w", s, node.ErrExpired)
	case first > last+1:
		return nil, fmt.Errorf("seq %d after %d: %w", first, last, node.ErrOutOfTurn)
	}
	run := protocol.Run{Session: s, First: first, Count: len(payloads)}
	for _, p := range payloads {
		if len(p) > protocol.MaxPayload {
			return nil, fmt.Errorf("%d bytes: %w", len(p), node.ErrTooLong)
		}
		run.Block = protocol.AppendPayload(run.Block, p)
	}
	e.apply(protocol.Value(nil).AppendRun(run))
	return e.places(s, first, last, len(payloads))
}

// places tells where a session's commands stand, of which those up to known had
// been applied before.
func (e *Engine) places(s protocol.SessionID, first, known protocol.Seq, count int) ([]node.Placed, error) {
	placed := make([]node.Placed, count)
	for i := range placed {
		seq := first + protocol.Seq(i)
		index, ok := e.state.Result(s, seq)
		if !ok {
			return nil, fmt.Errorf("seq %d: %w", seq, node.ErrForgotten)
		}
		placed[i].Index = index
		if seq > known {
			placed[i].Instance = e.state.Applied()
		}
	}
	return placed, nil
}

// OpenSession implements server.Engine.
func (e *Engine) OpenSession(ctx context.Context, nonce protocol.Nonce) (protocol.SessionID, error) {
	if err := e.before(ctx, "OpenSession"); err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.apply(protocol.Value(nil).AppendOpen(nonce)).Opened[0].Session, nil
}

// Barrier implements server.Engine.
func (e *Engine) Barrier(ctx context.Context) error { return e.before(ctx, "Barrier") }

// View implements server.Engine.
func (e *Engine) View() list.View {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.View()
}

// Snapshot implements server.Engine.
func (e *Engine) Snapshot(ctx context.Context) ([]byte, list.View, error) {
	if err := e.before(ctx, "Snapshot"); err != nil {
		return nil, list.View{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.AppendHead(nil), e.state.View(), nil
}

// Applied implements server.Engine.
func (e *Engine) Applied() protocol.Instance {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Applied()
}

// Checkpoint moves all full chunks out of memory: from now on they are read by
// Chunk.
func (e *Engine) Checkpoint() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.state.TakeClosed() {
		e.chunks = append(e.chunks, list.EncodeChunk(nil, c.Raw))
	}
	e.state.Checkpointed(uint64(len(e.chunks)))
}

// Chunk implements server.Engine.
func (e *Engine) Chunk(n uint64) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	if n >= uint64(len(e.chunks)) {
		return nil, fmt.Errorf("there are %d chunks, not %d", len(e.chunks), n)
	}
	return append([]byte(nil), e.chunks[n]...), nil
}

// ChunksRead is how often Chunk was called.
func (e *Engine) ChunksRead() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reads
}

// Damage breaks chunk n, which must have left memory.
func (e *Engine) Damage(n uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chunks[n][len(e.chunks[n])/2] ^= 1
}

// Changed implements server.Engine.
func (e *Engine) Changed() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

// Status implements server.Engine.
func (e *Engine) Status() node.Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return node.Status{
		Self: e.Members[0], Leads: e.leader == e.Members[0].ID, Leader: e.leader,
		Ballot:  protocol.Ballot{Round: 1, Proposer: 1, Incarnation: 1},
		Decided: e.state.Applied(), Applied: e.state.Applied(),
		Length: e.state.Length(), Sessions: e.state.Sessions(),
		FreeBytes: 1 << 30, Stale: e.stale, Removed: e.Removed, Uptime: time.Since(e.started),
		Members: e.Members, First: e.Members[:1], Cluster: 7, Drops: map[string]uint64{"foreign": 2},
	}
}

// Figures implements server.Engine.
func (e *Engine) Figures() (node.Figures, bool) {
	return node.Figures{
		Status: e.Status(), Role: protocol.RoleServer, StoreID: 1,
		Proposer: new(proposer.Stats), Acceptor: new(acceptor.Stats), Learner: new(learner.Stats),
	}, true
}

// SetStale says what Status tells from now on.
func (e *Engine) SetStale(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stale = d
}

// SetLeader says what Status tells from now on; 0: no leader is known.
func (e *Engine) SetLeader(id protocol.NodeID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leader = id
}

// Transfer implements server.Engine.
func (e *Engine) Transfer(ctx context.Context, to protocol.NodeID) error {
	if err := e.before(ctx, "Transfer"); err != nil {
		return err
	}
	for _, m := range e.Members {
		if to == m.ID || to == 0 && m.ID != e.Status().Leader {
			e.SetLeader(m.ID)
			return nil
		}
	}
	return fmt.Errorf("there is no member %d to lead", to)
}

// Failed implements server.Engine.
func (e *Engine) Failed() <-chan struct{} { return e.failed }

// Fail ends the engine.
func (e *Engine) Fail() { close(e.failed) }

// AddMember implements server.Engine: the new member votes at once.
func (e *Engine) AddMember(ctx context.Context, address string) error {
	if err := e.before(ctx, "AddMember"); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.Members[len(e.Members)-1].ID + 1
	e.Members = append(slices.Clone(e.Members), node.Member{ID: id, Address: address, Voter: true})
	return nil
}

// RemoveMember implements server.Engine.
func (e *Engine) RemoveMember(ctx context.Context, id protocol.NodeID) error {
	if err := e.before(ctx, "RemoveMember"); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Members = slices.DeleteFunc(slices.Clone(e.Members), func(m node.Member) bool { return m.ID == id })
	return nil
}

// ReplaceMember implements server.Engine.
func (e *Engine) ReplaceMember(ctx context.Context, id protocol.NodeID, address string) error {
	if err := e.AddMember(ctx, address); err != nil {
		return err
	}
	return e.RemoveMember(ctx, id)
}
