package maelstrom

import (
	"context"
	"fmt"
	"sync"

	"paxos/list"
)

// replica is this node's copy of the state machine. The engine feeds it the
// list's entries, those from before the start included.
type replica struct {
	life string // tags this node's commands

	mu      sync.Mutex
	state   state
	length  uint64 // how many entries of the list were applied
	grown   chan struct{}
	seq     uint64 // of the last command of this life
	waiting map[uint64]chan answer
}

func newReplica(life string) *replica {
	return &replica{life: life, state: make(state), grown: make(chan struct{}), waiting: make(map[uint64]chan answer)}
}

// entries applies entries of the list; it has the form of node.Options.Entries.
// What is no command cannot have come from a node like this one: it ends the node.
func (r *replica) entries(first uint64, _ int, block []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for index, entry := range list.Entries(first, block) {
		c, err := decodeCommand(entry)
		if err != nil {
			return fmt.Errorf("entry %d of the list is no command: %w", index, err)
		}
		a := r.state.apply(c.Ops)
		r.length = index + 1
		if c.Life == r.life {
			r.tell(c.Seq, a)
		}
	}
	close(r.grown)
	r.grown = make(chan struct{})
	return nil
}

// tell answers who waits for a command.
func (r *replica) tell(seq uint64, a answer) {
	if to, ok := r.waiting[seq]; ok {
		delete(r.waiting, seq)
		to <- a // has room for it
	}
}

// command makes a command of operations, and a channel for its answer. Whoever
// calls it must forget it.
func (r *replica) command(ops []op) (c command, answered <-chan answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	to := make(chan answer, 1)
	r.waiting[r.seq] = to
	return command{r.life, r.seq, ops}, to
}

// forget says that nobody waits for a command any more.
func (r *replica) forget(c command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, c.Seq)
}

// read does operations that change nothing, once so many entries were applied.
func (r *replica) read(ctx context.Context, length uint64, ops []op) (answer, error) {
	for {
		r.mu.Lock()
		if r.length >= length {
			defer r.mu.Unlock()
			return r.state.apply(ops), nil
		}
		grown := r.grown
		r.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		}
	}
}
