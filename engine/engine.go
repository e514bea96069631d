package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/go-hclog"

	"paxos/node"
	"paxos/protocol"
	"paxos/transport/stream"
)

// Engine is a running node. Make it with Start, end it with Stop. All methods may
// be called from any goroutine.
type Engine struct {
	options   Options
	place     *place
	log       hclog.Logger
	transport *stream.Transport
	node      *node.Server
	seeker    *seeker
	reader    *reader // nil: there is no machine
	leaders   leaders
	door      *door // nil: the caller serves PeerHandler
	answering chan struct{}
	backups   chan struct{} // over HTTP

	cancel     context.CancelFunc // ends the goroutines
	goroutines sync.WaitGroup
	ended      chan struct{} // closed when everything has ended
	stop       sync.Once
	mu         sync.Mutex
	err        error // the first reason; guarded by mu, final after ended
}

// Start starts a node. It does not wait for the others: what needs a majority
// waits for it, within the caller's context. ctx bounds the start only, of which
// nothing takes long but Join (20 s at the most). Whoever starts an Engine must
// Stop it.
//
// Errors are ErrPlace, those of the store (package storage: ErrNotFormatted,
// ErrForeign, ErrLocked, ErrCorrupt), and those of listening. What went wrong with
// the machine's Restore comes later, from Stop.
func Start(ctx context.Context, o Options) (*Engine, error) {
	first, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	p, err := findPlace(ctx, o, first)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		options: o, place: p,
		seeker: newSeeker(o, p), ended: make(chan struct{}), answering: make(chan struct{}, maxAnswering),
		backups: make(chan struct{}, maxBackups),
	}
	e.log = o.Log.Named(e.Name())
	if err := e.open(); err != nil {
		return nil, err
	}
	e.run()
	return e, nil
}

// open takes what it may fail to get: the address, and the store.
func (e *Engine) open() (err error) {
	if e.door, err = openDoor(&e.options); err != nil {
		return err
	}
	e.transport = stream.New(stream.Options{
		Self: e.self(), Cluster: e.place.cluster, Log: e.log, Dial: e.dial(), Authorize: e.options.authorize,
	})
	if e.options.Machine != nil {
		e.reader = newReader(e)
	}
	if e.node, err = e.startNode(); err != nil {
		return errors.Join(err, e.transport.Close(), e.door.close())
	}
	if e.reader != nil {
		e.reader.node = e.node
	}
	if e.options.Machine == nil && e.node.Images().Newest.Index > 0 {
		err := fmt.Errorf("%w: the store in %s has images of one: its program cannot do without Options.Machine", ErrMachine, e.options.Dir)
		return errors.Join(err, e.node.Stop(), e.door.close())
	}
	return nil
}

func (e *Engine) self() protocol.Peer {
	return protocol.Peer{Role: protocol.RoleServer, ID: e.place.id}
}

func (e *Engine) startNode() (*node.Server, error) {
	quorum, err := protocol.NewQuorum(ids(e.place.first)...)
	if err != nil {
		return nil, fmt.Errorf("%w: the first members: %w", ErrPlace, err)
	}
	var placed func([]*node.Proposal)
	if e.reader != nil {
		placed = e.reader.results.placed
	}
	return node.StartServer(node.Options{
		Self: e.self(), Cluster: e.place.cluster, Quorum: quorum, Members: e.place.first, Address: e.place.self, Seeds: ids(e.place.seeds),
		OnMembers: func(members []node.Member) { e.transport.SetPeers(e.place.peers(members)) },
		OnLeader:  e.leaders.set,
		Images:    e.options.Machine != nil,
		Placed:    placed,
		Transport: e.transport, Log: e.log, DataDir: e.options.Dir, Init: e.options.Init || e.options.Join,
		ReserveBytes: e.options.ReserveBytes, CheckpointBytes: e.options.CheckpointBytes, Timing: e.options.Timing,
	})
}

// run starts the goroutines around the node.
func (e *Engine) run() {
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.goroutines.Go(func() { e.seek(ctx) })
	if e.reader != nil {
		e.goroutines.Go(func() { e.readOn(ctx) })
	}
	if e.door != nil {
		go func() {
			if err := e.door.serve(e); err != nil {
				e.end(err)
			}
		}()
	}
	go func() {
		<-e.node.Failed()
		e.end(nil) // nobody must wait for a node that has ended
	}()
}

// readOn hands the list to the machine, and ends the engine where that fails.
func (e *Engine) readOn(ctx context.Context) {
	err := e.reader.run(ctx)
	switch {
	case errors.Is(err, ErrMachine):
		e.log.Error("stopping", "error", err)
		go e.end(err)
	case !errors.Is(err, ErrStopped):
		e.node.Fail(err) // as every failure of the store does (rule 9)
	}
}

// end ends everything, once, for a reason, or because it was asked to (nil).
func (e *Engine) end(reason error) {
	e.stop.Do(func() {
		e.cancel()
		e.goroutines.Wait()
		err := errors.Join(reason, e.node.Stop(), e.door.close())
		e.door.wait()
		e.leaders.close()
		e.mu.Lock()
		e.err = err
		e.mu.Unlock()
		close(e.ended)
	})
}

// Stop shuts the node down cleanly: the machine's last command is applied, a
// leader hands over, what was gathered is made durable. It returns what the engine
// ended with, nil if that was Stop. Commands under way fail with ErrUnknown.
func (e *Engine) Stop() error {
	e.end(nil)
	<-e.ended
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Failed is closed when the engine has ended, by Stop or by an error that Stop
// returns: its disk failed, say.
func (e *Engine) Failed() <-chan struct{} { return e.ended }

// ID is this node's number: its place in Peers, or the one that it was added with.
func (e *Engine) ID() NodeID { return e.place.id }

// Name is what the node is called in its log: server-1, say.
func (e *Engine) Name() string { return fmt.Sprintf("%s-%d", protocol.RoleServer, e.place.id) }
