package engine

import (
	"context"
	"errors"
	"fmt"

	"paxos/node"
)

// Propose has a command applied, once, by the machines of all nodes, and returns
// the result of this node's machine. When it returns without an error, the command
// is durable on a majority, and every Read that begins later sees it.
//
// Each error is ErrNotDone or ErrUnknown. Where ctx ends first, it is ErrNotDone if the
// command still waits for its turn in this node, and ErrUnknown otherwise: also where no
// other node was reached yet, for this one goes on trying to. It wraps the
// reason, too: ctx's error, ErrBusy, ErrFull, ErrTooLong, ErrStopped, ErrRemoved.
// Propose itself repeats what the network loses, and waits for a leader. The command's
// bytes are the caller's again when it returns, whatever became of them.
//
// Without a machine the result is the command's index in the list, a uint64.
func (e *Engine) Propose(ctx context.Context, command []byte) (any, error) {
	return e.Begin(command).Wait(ctx)
}

// Pending is a command on its way, which Begin has begun.
type Pending struct {
	pending node.Pending
	err     error // why it was not begun
}

// Begin is the first half of Propose, Wait the second: one goroutine can have many
// commands under way. They are applied in the order in which it began them, as far as
// they are applied. The command's bytes are the caller's again when Begin returns.
func (e *Engine) Begin(command []byte) Pending {
	if e.reader != nil && e.reader.results.busy() {
		return Pending{err: fmt.Errorf("%w: the state machine does not keep up: %w", ErrNotDone, ErrBusy)}
	}
	return Pending{pending: e.node.Begin(command)}
}

// Wait returns what Propose would. It may be called once for each Begin, and need not
// be called at all. A second call, of a copy, too, panics.
func (p Pending) Wait(ctx context.Context) (any, error) {
	if p.err != nil {
		return nil, p.err
	}
	result, err := p.pending.Wait(ctx)
	return result, outcome(err)
}

// Read returns when this node's machine has applied every command that was
// acknowledged, by any node, before the call. What is then read from the machine is
// linearizable. It writes no log, and is answered by a round of messages, shared by
// all reads that wait. It needs no leader's clock and no lease.
//
// The error is ctx's, or ErrBusy, ErrStopped, ErrRemoved. Without a machine Read is Barrier.
func (e *Engine) Read(ctx context.Context) error {
	if err := e.node.Barrier(ctx); err != nil {
		return readError(err)
	}
	if e.reader == nil {
		return nil
	}
	return e.reader.wait(ctx, e.node.View().Length())
}

// readError takes the outcome out of an error: a read has none.
func readError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("read: no answer of a majority in time: %w", withoutOutcome{err})
	}
	return fmt.Errorf("read: %w", withoutOutcome{err})
}

// withoutOutcome hides that an error says ErrUnknown.
type withoutOutcome struct{ error }

func (w withoutOutcome) Is(target error) bool {
	return target != ErrUnknown && errors.Is(w.error, target)
}

// Query is Read, and then look: a linearizable look at the machine. look runs in the
// caller's goroutine while no command is applied, perhaps beside others and beside
// Snapshot, so it must not change anything, should be short, and must not wait for
// Propose, Read or Query: these wait for it. If there is an error,
// look did not run. Beside those of Read it is ErrMachine, or the disk's, where the
// machine could not be restored.
func (e *Engine) Query(ctx context.Context, look func()) error {
	if err := e.Read(ctx); err != nil {
		return err
	}
	if err := e.look(look); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// Look is Query without Read: at what the machine has by now, which may be old. look
// does not run where the machine could not be restored, which ends the engine (Failed).
func (e *Engine) Look(look func()) { _ = e.look(look) }

func (e *Engine) look(look func()) error {
	if e.reader == nil {
		look()
		return nil
	}
	return e.reader.look(look)
}
