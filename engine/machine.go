package engine

import "io"

// Machine is the caller's replicated state machine: what the commands do. Every
// node hands every command to its own Machine, in the same order; so all of them
// reach the same state, if Apply is deterministic: its result and the state after it
// follow from the state before and the command alone, never from a clock, from
// randomness, from the order of a map, from the node, or from the program's version.
//
// All three methods are called by one goroutine, never two at a time. None of them
// holds up consensus, elections or other nodes, however long it takes. None of them may
// wait for this engine's Propose, Read or Query: these wait for the machine, and so end
// with their ctx only.
type Machine interface {
	// Apply carries out a command and returns what Propose shall return where the
	// command came from. The bytes are valid during the call only, and must not be changed.
	//
	// A command that makes no sense is the program's business: return an error as the
	// result. A panic ends the process, on all nodes, and again after each restart,
	// since the command stands in the list: only a program that can carry it out helps.
	Apply(command []byte) (result any)
	// Snapshot writes the whole state, so that a new Machine can Restore it. It may
	// write as much as it likes: what is written goes to the disk in pieces. Commands
	// wait until it returns; a program that cannot afford that keeps its state such
	// that it can write down an older version of it. An error ends the engine;
	// nothing is lost.
	Snapshot(w io.Writer) error
	// Restore replaces the state by one that Snapshot wrote, here or on another node.
	// It is called at a start, and where this node was away for so long that the
	// others have an image only in place of what it missed. An error ends the engine.
	Restore(r io.Reader) error
}
