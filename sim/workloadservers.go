package sim

import (
	"errors"
	"fmt"
	"time"

	"paxos/node"
	"paxos/protocol"
)

// caller is a client of list servers: it does one thing after the other, each at a
// server of its choice, and looks for another server when it loses patience. Some
// have a session and repeat a command until they know that it was applied; the
// others give a command up, and nobody knows what becomes of it.
type caller struct {
	customer
	home    int // the server it asks first
	session bool
	reads   int // of ten things that it does, so many are reads
	author  *author
	nonce   protocol.Nonce
	handle  protocol.SessionID // 0 while its session is not open
	open    []uint32           // commands of its session without an answer
	doing   string
	said    bool // its last word came through
	ended   bool
}

func (c *caller) begin() {
	c.session = c.rng.IntN(2) == 0
	c.reads = pick(c.rng, 1, 3, 6, 9)
	c.renew()
	c.later()
}

// renew makes the client somebody else: with a session, a new one.
func (c *caller) renew() {
	c.life++
	c.home = c.rng.IntN(max(len(c.servers()), 1))
	c.handle, c.open, c.nonce = 0, nil, protocol.Nonce{}
	name := fmt.Sprintf("client %d", c.number)
	if c.session {
		for i := range c.nonce {
			c.nonce[i] = byte(c.rng.Uint32())
		}
		name = fmt.Sprintf("client %d in its session %d", c.number, c.life)
	}
	if c.session || c.author == nil {
		c.author = c.l.w.judge.author(name, c.nonce)
	}
}

func (c *caller) servers() []*host { return c.l.w.roles(protocol.RoleServer) }

// later goes on after a while.
func (c *caller) later() {
	c.doing = "thinks"
	c.l.w.after(c.pause(), c.next)
}

// next does the next thing.
func (c *caller) next() {
	h := c.server()
	switch {
	case h == nil:
		c.later()
	case c.l.draining && c.said && len(c.open) == 0:
		c.read(h)
	case c.session && c.handle == 0:
		c.openSession(h)
	case len(c.open) > 0:
		c.appendIn(h)
	case !c.l.draining && c.rng.IntN(10) < c.reads:
		c.read(h)
	case !c.l.draining && c.rng.IntN(500) == 0:
		c.renew()
		c.later()
	default:
		c.append(h)
	}
}

// server is the one to ask now: nil if the client finds none that runs.
func (c *caller) server() *host {
	all := c.servers()
	for range 2 * len(all) {
		if h := all[c.home%len(all)]; h.up() && !h.process.Removed() {
			return h
		}
		c.home = c.rng.IntN(len(all))
	}
	return nil
}

// elsewhere makes the client ask another server next, most of the time.
func (c *caller) elsewhere() {
	if c.rng.IntN(4) > 0 {
		c.home = c.rng.IntN(max(len(c.servers()), 1))
	}
}

// patience is how long a client waits for an answer.
func (c *caller) patience() time.Duration {
	return 100*time.Millisecond + time.Duration(c.rng.Int64N(int64(2*time.Second)))
}

// append appends something new: at once, or as the next commands of its session.
func (c *caller) append(h *host) {
	var numbers []uint32
	for n := c.batch(); n > 0; n-- {
		numbers = append(numbers, c.l.w.judge.begins(c.author, c.size()))
	}
	if c.session {
		c.open = numbers
		c.appendIn(h)
		return
	}
	c.doing = "appends"
	c.l.ask(h, h.process.Append(c.payloads(numbers)), c.patience(), func(r *request) {
		c.appended(numbers, r)
		c.later()
	})
}

func (c *caller) payloads(numbers []uint32) (payloads [][]byte) {
	for _, n := range numbers {
		payloads = append(payloads, c.author.payload(n))
	}
	return payloads
}

// appended takes what became of an append without a session.
func (c *caller) appended(numbers []uint32, r *request) {
	j := c.l.w.judge
	err := r.call.Err()
	switch {
	case err == nil:
		c.placed(numbers, r)
		c.said = c.l.draining
	case errors.Is(err, node.ErrUnknown):
		c.elsewhere()
	default: // nothing was done, and nothing will be
		for _, n := range numbers {
			j.refused(c.author, n)
		}
		c.elsewhere()
	}
}

// placed takes the places of commands that were applied.
func (c *caller) placed(numbers []uint32, r *request) {
	j, placed := c.l.w.judge, r.call.Placed()
	if len(placed) != len(numbers) {
		j.fail(checkLinear, "%s is told %d places of %d commands", c.author.name, len(placed), len(numbers))
	}
	for n, p := range placed {
		j.acknowledged(c.author, numbers[n], p.Index)
		c.l.w.digest.add(uint64(c.author.number)<<32 | p.Index)
	}
}

// appendIn asks for the open commands of its session, again and again.
func (c *caller) appendIn(h *host) {
	c.doing = "appends in its session"
	call := h.process.AppendIn(c.handle, protocol.Seq(c.open[0]), c.payloads(c.open))
	c.l.ask(h, call, c.patience(), func(r *request) {
		c.appendedIn(r)
		c.later()
	})
}

func (c *caller) appendedIn(r *request) {
	err := r.call.Err()
	switch {
	case err == nil:
		c.placed(c.open, r)
		c.open, c.said = nil, c.l.draining
	case errors.Is(err, node.ErrForgotten):
		for _, n := range c.open {
			c.l.w.judge.acknowledgedUnplaced(c.author, n)
		}
		c.open, c.said = nil, c.l.draining
	case errors.Is(err, node.ErrExpired): // what is open stays open
		c.renew()
	default:
		c.elsewhere()
	}
}

func (c *caller) openSession(h *host) {
	c.doing = "opens a session"
	c.l.ask(h, h.process.OpenSession(c.nonce), c.patience(), func(r *request) {
		if r.call.Err() == nil {
			c.handle = r.call.Session()
		} else {
			c.elsewhere()
		}
		c.later()
	})
}

// read reads the whole list, as it stands at the server when that may answer; where
// there is a state machine that one.
func (c *caller) read(h *host) {
	c.doing = "reads"
	floor := c.l.w.judge.reads()
	c.l.ask(h, h.process.Read(), c.patience(), func(r *request) {
		if !r.good(h) || !r.seen(h) {
			c.elsewhere()
			c.later()
			return
		}
		length := h.length()
		c.l.w.judge.read(h, floor, length)
		c.l.w.digest.add(length)
		if c.l.draining && c.said && len(c.open) == 0 {
			c.ended = true
			return
		}
		c.later()
	})
}

func (c *caller) drain() {}

func (c *caller) done() bool { return c.ended }

func (c *caller) state() string {
	return fmt.Sprintf("client %d %s (%d commands without an answer, last word heard: %t)", c.number, c.doing, len(c.open), c.said)
}

// request is a call at a server's front desk.
type request struct {
	call *call
	life int // of the process that was asked
	then func(*request)
	over bool
	at   uint64 // how long the list was when there was an answer; 0: not looked yet
}

// good reports whether there is an answer, and its server not gone since.
func (r *request) good(h *host) bool { return r.call.Err() == nil && r.life == h.life && h.up() }

// seen reports whether the server's state machine, if it has one, has come so far as the
// list stood when the call was answered, as engine.Read waits for it.
func (r *request) seen(h *host) bool {
	if h.follower == nil || r.call.Err() != nil {
		return true
	}
	if r.at == 0 {
		r.at = h.process.List().Length()
	}
	return h.length() >= r.at && h.follower.doing != restoring
}

// length is how many entries whoever looks at the host now sees.
func (h *host) length() uint64 {
	if h.follower != nil {
		return h.follower.engine.Next()
	}
	return h.process.List().Length()
}

// ask waits for the answer to a call, as long as the client has patience. Then it
// withdraws, and Err says whether the outcome is unknown.
func (l *workload) ask(h *host, c *call, patience time.Duration, then func(*request)) {
	for len(l.waiting) <= h.number {
		l.waiting = append(l.waiting, nil)
	}
	r := &request{call: c, life: h.life, then: then}
	l.waiting[h.number] = append(l.waiting[h.number], r)
	h.touch()
	l.w.after(patience, func() {
		if !r.over {
			r.call.Withdraw()
			l.finish(r)
		}
	})
}

// answered looks for answers after a server's turn.
func (l *workload) answered(h *host) {
	if h.number >= len(l.waiting) || len(l.waiting[h.number]) == 0 {
		return
	}
	all := l.waiting[h.number]
	l.waiting[h.number] = nil
	for _, r := range all {
		switch {
		case r.over:
		case r.life == h.life && h.up() && r.call.Done() && r.seen(h):
			l.finish(r)
		default:
			l.waiting[h.number] = append(l.waiting[h.number], r)
		}
	}
}

func (l *workload) finish(r *request) {
	r.over = true
	r.then(r)
}
