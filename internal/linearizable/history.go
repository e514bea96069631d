package linearizable

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// Kind is what an operation does.
type Kind uint8

const (
	// AppendWhole appends and is answered with the whole list, up to its own value:
	// the old endpoint.
	AppendWhole Kind = iota
	// Append appends and is answered with the value's index.
	Append
	// ReadWhole reads the whole list.
	ReadWhole
	// ReadLength reads how long the list is.
	ReadLength
	// ReadEntry reads one entry, and how long the list is.
	ReadEntry
)

func (k Kind) String() string {
	return [...]string{"append (whole list)", "append", "read all", "read length", "read entry"}[k]
}

func (k Kind) appends() bool { return k == AppendWhole || k == Append }

// whole says if the answer is the whole list.
func (k Kind) whole() bool { return k == AppendWhole || k == ReadWhole }

// Forever is when an operation returns whose outcome nobody has learned.
const Forever = math.MaxInt64

// Op is one operation of a history.
type Op struct {
	Client int // the process of the history that did it
	Kind   Kind
	Server int // which was asked, for people to read

	Call   int64 // when it was begun, in nanoseconds since the history began
	Return int64 // when it was answered; Forever if it was not

	Value int64 // appended, or found by ReadEntry
	Index int64 // that ReadEntry asked for
	Found bool  // ReadEntry: there is such an entry

	// Length of the list as it was seen; for an append it includes the value. Zero
	// for an append whose outcome is not known.
	Length int64
	Hash   uint64 // of this list, if the answer was the whole list
}

// open says if the outcome is not known.
func (o *Op) open() bool { return o.Kind.appends() && o.Length == 0 }

func (o *Op) String() string {
	text := fmt.Sprintf("client %d at server %d, %s to %s: %v", o.Client, o.Server, at(o.Call), at(o.Return), o.Kind)
	switch {
	case o.open():
		return fmt.Sprintf("%s %d, outcome unknown", text, o.Value)
	case o.Kind.appends():
		return fmt.Sprintf("%s %d, index %d", text, o.Value, o.Length-1)
	case o.Kind == ReadEntry && o.Found:
		return fmt.Sprintf("%s %d, found %d, length %d", text, o.Index, o.Value, o.Length)
	case o.Kind == ReadEntry:
		return fmt.Sprintf("%s %d, none there, length %d", text, o.Index, o.Length)
	}
	return fmt.Sprintf("%s, length %d", text, o.Length)
}

func at(t int64) string {
	if t == Forever {
		return "the end"
	}
	return fmt.Sprintf("%.3f ms", float64(t)/1e6)
}

// History is what concurrent clients did. Its methods may be called by any goroutine.
type History struct {
	began time.Time

	mu      sync.Mutex
	clients int
	values  int64
	ops     []Op
	refused []int64 // values that servers said were not appended, and never will be

}

// NewHistory begins a history.
func NewHistory() *History { return &History{began: time.Now()} }

// Now is the time in the history.
func (h *History) Now() int64 { return int64(time.Since(h.began)) }

// firstValue makes all values equally long, and long enough to fill logs.
const firstValue = 1_000_000_000_000_000_001

// NewValue is a value that was not appended yet.
func (h *History) NewValue() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values++
	return firstValue + h.values - 1
}

// Ops is a copy of what was done so far.
func (h *History) Ops() []Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Op(nil), h.ops...)
}

// Refused are the values that servers said were not appended, and never will be.
func (h *History) Refused() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]int64(nil), h.refused...)
}

// Client is a process of the history, for one goroutine.
type Client struct {
	h  *History
	id int
}

// NewClient makes a process.
func (h *History) NewClient() *Client {
	c := &Client{h: h}
	c.renew()
	return c
}

// ID is the process's number at present, from 1 on.
func (c *Client) ID() int { return c.id }

func (c *Client) renew() {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.h.clients++
	c.id = c.h.clients
}

// Append begins an append, of a new value.
func (c *Client) Append(kind Kind, server int) Op {
	return Op{Client: c.id, Kind: kind, Server: server, Value: c.h.NewValue(), Call: c.h.Now()}
}

// Read begins a read.
func (c *Client) Read(kind Kind, server int) Op {
	return Op{Client: c.id, Kind: kind, Server: server, Call: c.h.Now()}
}

// Done ends an operation that was answered. For an append Length must be set, and for
// answers with a whole list Hash.
func (c *Client) Done(o Op) {
	o.Return = c.h.Now()
	if o.open() {
		panic("linearizable: an append was answered without a place")
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.h.ops = append(c.h.ops, o)
}

// Refused ends an operation that was not done: a read that failed, or an append of which
// that was promised.
func (c *Client) Refused(o Op) {
	if !o.Kind.appends() {
		return
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	c.h.refused = append(c.h.refused, o.Value)
}

// Unknown leaves an append open. The client goes on as a new process.
func (c *Client) Unknown(o Op) {
	o.Return, o.Length, o.Hash = Forever, 0, 0
	c.h.mu.Lock()
	c.h.ops = append(c.h.ops, o)
	c.h.mu.Unlock()
	c.renew()
}
