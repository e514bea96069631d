package engine

import (
	"errors"
	"fmt"

	"paxos/node"
)

// What became of a command whose Propose failed. Each of its errors is exactly one
// of these two (errors.Is).
var (
	// ErrNotDone says that the command was not applied, and never will be: it may be
	// proposed again.
	ErrNotDone = errors.New("not done")
	// ErrUnknown says that nobody here knows: it was applied, may be yet, or never.
	// To propose it again may apply it twice; so give commands an id, or make them
	// harmless to repeat, where that matters.
	ErrUnknown = node.ErrUnknown
)

// Why something failed, beside what became of it.
var (
	ErrBusy     = node.ErrBusy     // too much waits already: try again later
	ErrFull     = node.ErrFull     // a member's disk is nearly full
	ErrStopped  = node.ErrStopped  // the engine is stopping, or has failed
	ErrTooLong  = node.ErrTooLong  // longer than a command can be (16 KiB)
	ErrConflict = node.ErrConflict // this change of the members is not possible, or not now
	ErrRemoved  = node.ErrRemoved  // this node is no member any more
)

var (
	// ErrPlace says that a node cannot find out who it is: Options are wrong, or the
	// cluster that it joins does not know it.
	ErrPlace = errors.New("no place in the cluster")
	// ErrMachine says that the machine's Snapshot or Restore failed, which ended the
	// engine.
	ErrMachine = errors.New("the state machine failed")
)

// outcome says what became of a command.
func outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, node.ErrUnknown):
		return err
	case errors.Is(err, node.ErrExpired), errors.Is(err, node.ErrForgotten):
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrNotDone, err)
}
