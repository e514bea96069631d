package listclient

import (
	"math"
	"sync"
	"sync/atomic"

	"paxos/server/value"
)

// Position is where an appended value stands.
type Position struct {
	Index    uint64 // in the list, from 0
	Instance uint64 // of the log, that decided it or a later value of the same batch; 0 where a server does not know any more
}

var nowhere = Position{Index: math.MaxUint64}

// command is one value on its way to the list.
type command struct {
	value value.Value
	group *group
	at    int  // in the group
	again bool // it is queued for the second time, and its room was given back at the first
}

// commandOverhead is what a waiting value takes beside its text, in bytes.
const commandOverhead = 128

func (c command) weight() int64 { return int64(len(c.value.String())) + commandOverhead }

// reserved is the room in the queue that the command holds.
func (c command) reserved() int64 {
	if c.again {
		return 0
	}
	return c.weight()
}

// group is the values of one call, and its answer. It ends once: when all values have their
// places, or at the first error.
type group struct {
	// then, if not nil, gets the answer; otherwise done gets a token.
	// Only groups of one value have then.
	then  func(Position, error)
	done  chan struct{}
	waits atomic.Uint64 // how many Waits it has had, in all its lives

	// Guarded by appender.mu.
	waiting int  // of its commands stand in the queue
	sent    bool // a command was given a number
	dead    bool // it has failed, or nobody waits for it: what is not sent need not be

	mu     sync.Mutex
	ended  bool
	left   int // positions that are not known yet
	places []Position
	one    [1]Position // what places is for a single value
	err    *Error
}

// singles are groups of one value that ended well, to be used again.
var singles = sync.Pool{New: func() any { return &group{done: make(chan struct{}, 1)} }}

// single gives a group for one value.
func single() *group {
	g := singles.Get().(*group)
	g.waiting, g.sent, g.dead, g.ended, g.left = 0, false, false, false, 1
	g.one[0] = nowhere
	g.places = g.one[:]
	return g
}

func newGroup(n int) *group {
	g := &group{done: make(chan struct{}, 1), left: n, places: make([]Position, n)}
	for i := range g.places {
		g.places[i] = nowhere
	}
	return g
}

// placed notes the place of a value. Whoever waits may use the group again at once.
func (g *group) placed(at int, p Position) {
	g.mu.Lock()
	g.places[at] = p
	g.left--
	last := g.left == 0 && !g.ended
	if last {
		g.ended = true
	}
	g.mu.Unlock()
	if last {
		g.tell(p, nil)
	}
}

// failed ends the group with an error, if it has not ended.
func (g *group) failed(err *Error) {
	g.mu.Lock()
	first := !g.ended
	if first {
		g.ended, g.err = true, err
	}
	g.mu.Unlock()
	if first {
		g.tell(nowhere, err)
	}
}

func (g *group) tell(p Position, err *Error) {
	switch {
	case g.then == nil:
		g.done <- struct{}{}
	case err != nil:
		g.then(Position{}, err)
	default:
		then := g.then
		g.then = nil
		singles.Put(g)
		then(p, nil)
	}
}

// known gives the places of the leading values that are known to be in the list.
func (g *group) known() []Position {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for n < len(g.places) && g.places[n] != nowhere {
		n++
	}
	return append([]Position(nil), g.places[:n]...)
}
