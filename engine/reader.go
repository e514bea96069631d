package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"paxos/list"
	"paxos/node"
	"paxos/protocol"
)

// reader hands the list's entries to the machine, in order and each once, in a
// goroutine of its own. It may be behind by as much as it likes: what left memory
// it reads from the disk, one chunk at a time.
type reader struct {
	engine  *Engine // nil: somebody else says when it goes on
	node    followed
	machine Machine
	log     hclog.Logger
	every   uint64 // bytes of commands between two images, at least
	piece   int    // bytes of a piece of an image
	results results
	waiting []*node.Proposal // for the commands that are being applied

	applying sync.RWMutex  // held by Apply and Restore for writing, by Look for reading
	looking  atomic.Int64  // how many wait to look
	next     atomic.Uint64 // index of the next entry; written by the reader's goroutine
	torn     error         // why a Restore has left the machine in pieces; guarded by applying
	since    uint64        // bytes of commands applied since the last image

	images, restores atomic.Uint64 // written, gone on from

	mu    sync.Mutex
	marks []mark // who waits until an index is applied
	ended error
}

// mark is a Read that waits until everything below index is applied.
type mark struct {
	index uint64
	done  chan struct{}
}

func newReader(e *Engine) *reader {
	r := follow(e.options.Machine, e.options.SnapshotBytes, list.MaxRawPiece, e.log)
	r.engine = e
	return r
}

func follow(m Machine, every int64, piece int, log hclog.Logger) *reader {
	r := &reader{machine: m, every: uint64(every), piece: piece, log: log}
	r.results.next = &r.next
	return r
}

// run reads until ctx ends, the node does, or something fails.
func (r *reader) run(ctx context.Context) (err error) {
	defer func() { r.finish(err) }()
	for {
		changed := r.engine.node.Changed()
		err := r.catchUp(ctx)
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ErrStopped
		case <-r.engine.node.Failed():
			return ErrStopped
		}
	}
}

// catchUp applies everything that the list has by now.
func (r *reader) catchUp(ctx context.Context) error {
	for {
		view := r.node.View()
		next := r.next.Load()
		if next == 0 || next < r.node.Images().Kept*protocol.ChunkEntries {
			if done, err := r.restore(ctx); err != nil {
				return err
			} else if done {
				continue
			}
		}
		if next >= view.Length() {
			return nil
		}
		err := view.Read(next, keptChunks{r.node}, func(first uint64, count int, block []byte) error {
			return r.apply(ctx, first, count, block)
		})
		if errors.Is(err, errImageDue) {
			err = r.writeImage(ctx, r.next.Load())
			r.since = 0
		}
		if err != nil && !errors.Is(err, errDropped) {
			return err
		}
	}
}

// keptChunks are the chunks that no image stands for.
type keptChunks struct{ node followed }

// errDropped says that an image has come in place of a chunk: a peer's, for this node
// was behind.
var errDropped = errors.New("an image stands for this chunk")

// Chunk implements list.ChunkSource.
func (k keptChunks) Chunk(n uint64) ([]byte, error) {
	encoded, err := k.node.Chunk(n)
	if err == nil && encoded == nil {
		err = errDropped
	}
	return encoded, err
}

// errImageDue ends the reading of a view, for the time of an image.
var errImageDue = errors.New("time for an image")

// imageDue reports whether so much was applied that an image is worth its cost: as
// much as the last image took, so that the cost per command is bounded, however
// large the state is.
func (r *reader) imageDue() bool {
	return r.since >= max(r.every, r.node.Images().Newest.Bytes)
}

// apply hands a row of entries to the machine. Whoever waits for one of them was
// noted before the view showed it.
func (r *reader) apply(ctx context.Context, first uint64, count int, block []byte) error {
	r.waiting = r.results.take(r.waiting[:0], first+uint64(count))
	if err := r.applyAll(ctx, first, block); err != nil {
		return err
	}
	r.since += uint64(len(block)) + uint64(count)*commandCost
	r.passed()
	if r.imageDue() {
		return errImageDue
	}
	return nil
}

// commandCost is what a command counts beside its bytes: even empty ones must lead
// to an image some day.
const commandCost = 16

// errPassed is for those whose command came as a part of an image.
var errPassed = errors.New("this node was behind, and has got an image of the state with the command in it")

// applyAll applies a row of commands, and answers those who wait for them.
func (r *reader) applyAll(ctx context.Context, first uint64, block []byte) error {
	waiting := r.waiting
	r.applying.Lock()
	defer r.applying.Unlock()
	for index, command := range list.Entries(first, block) {
		if ctx.Err() != nil {
			failAll(waiting, ErrStopped)
			return ErrStopped
		}
		result := r.applyOne(index, command)
		waiting = answer(waiting, index, result)
		r.letLook()
	}
	return nil
}

// answer answers those who wait for the command at index, and returns the others.
func answer(waiting []*node.Proposal, index uint64, result any) []*node.Proposal {
	for len(waiting) > 0 && waiting[0].Index() <= index {
		p := waiting[0]
		waiting = waiting[1:]
		if p.Index() == index {
			p.Finish(result)
		} else {
			fail(p, errPassed)
		}
	}
	return waiting
}

// letLook lets those in who wait to look at the machine: they wait for one command,
// not for a row of them.
func (r *reader) letLook() {
	if r.looking.Load() > 0 {
		r.applying.Unlock() // whoever waits is in by now
		r.applying.Lock()
	}
}

// applyOne applies one command. A panic of the machine is not ours to hide; but say
// where in the list it is.
func (r *reader) applyOne(index uint64, command []byte) (result any) {
	returned := false
	defer func() {
		if !returned {
			r.log.Error("the state machine panicked; it will do so on every node, and after each restart, until the program can carry this command out",
				"index", index, "command_bytes", len(command))
		}
	}()
	result = r.machine.Apply(command)
	returned = true
	r.next.Store(index + 1)
	return result
}

// passed tells those who wait for what was applied by now.
func (r *reader) passed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.marks[:0]
	for _, m := range r.marks {
		if m.index <= r.next.Load() {
			close(m.done)
		} else {
			kept = append(kept, m)
		}
	}
	clear(r.marks[len(kept):])
	r.marks = kept
}

// wait waits until everything below index is applied.
func (r *reader) wait(ctx context.Context, index uint64) error {
	done, err := r.mark(index)
	if err != nil || done == nil {
		return err
	}
	select {
	case <-done:
	case <-ctx.Done():
		r.unmark(done)
		return fmt.Errorf("read: the state machine has not come so far in time: %w", context.Cause(ctx))
	case <-r.engine.node.Failed(): // the machine may hang
		r.unmark(done)
		return fmt.Errorf("read: %w", ErrStopped)
	}
	if r.next.Load() >= index {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Errorf("read: %w", r.ended)
}

// mark returns a channel that is closed when everything below index is applied, nil
// if it is.
func (r *reader) mark(index uint64) (chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next.Load() >= index {
		return nil, nil
	}
	if r.ended != nil {
		return nil, fmt.Errorf("read: %w", r.ended)
	}
	if len(r.marks) >= maxResults {
		return nil, fmt.Errorf("read: %w", ErrBusy)
	}
	done := make(chan struct{})
	r.marks = append(r.marks, mark{index, done})
	return done, nil
}

func (r *reader) unmark(done chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, m := range r.marks {
		if m.done == done {
			r.marks = append(r.marks[:i], r.marks[i+1:]...)
			return
		}
	}
}

// finish ends everybody's waiting.
func (r *reader) finish(err error) {
	if err == nil {
		err = ErrStopped
	}
	r.results.end(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = err
	for _, m := range r.marks {
		close(m.done)
	}
	r.marks = nil
}
