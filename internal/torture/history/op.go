package history

import "fmt"

// Type says if an operation begins or how it ended.
type Type uint8

const (
	Invoke Type = iota // it begins
	OK                 // it was done, and this is the answer
	Fail               // it was not done, and never will be
	Info               // nobody knows; also what the nemesis does
)

var typeNames = [...]string{"invoke", "ok", "fail", "info"}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// F is what an operation does.
type F string

// What the clients of a torture run do.
const (
	Append F = "append"
	Read   F = "read"
	Write  F = "write" // of a register
	CAS    F = "cas"   // compare and set, of a register
	Txn    F = "txn"   // list-append transactions, in Elle's files
)

// Nemesis is the process number of the nemesis, which Jepsen writes as :nemesis. Those of
// clients are 0 or more.
const Nemesis = -1

// Op is one line of a history: an operation's beginning or its end.
type Op struct {
	Index   int   // in the history, from 0 on
	Type    Type  // beginning, or which end
	F       F     // what it does
	Process int   // who does it; Nemesis is the nemesis
	Time    int64 // nanoseconds since the run began
	Value   any   // see values.go
	Error   string

	// Client tells whose operation it is where the process does not: a client goes on as a
	// new process after an info. Empty if the process is the client.
	Client string
	Node   string // which node was asked; empty if it is not said
}

// ByClient says if a client did it, not the nemesis.
func (o *Op) ByClient() bool { return o.Process >= 0 }
