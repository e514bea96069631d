package node

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"paxos/client"
	"paxos/list"
	"paxos/protocol"
)

// desk is the front desk of a list server: it takes what the server's own
// clients want, hands it to the leader, and finds the answers in what this
// server applies itself. So it depends on no acknowledgement from the leader, and
// an answered command stands in this server's own list.
//
// Commands without a session go through one session of the desk's own, with the
// core that multicast clients use (package client). Those of a client's session
// keep the client's own numbers (guests). Reads are in deskread.go.
//
// It is a part of the deterministic machine: it has no goroutine and no clock.
type desk struct {
	cfg    deskConfig
	list   *list.State
	leader protocol.NodeID // as of the last flush

	own     *client.Client
	nonce   protocol.Nonce
	session protocol.SessionID // own's, 0 until it is open
	placed  protocol.Seq       // own commands whose places were handed out
	queue   fifo[*call]        // calls with payloads that were not offered yet
	queued  int                // bytes of these
	flight  fifo[*call]        // calls with payloads that were offered and not placed

	guests  map[protocol.SessionID][]*guest
	hosted  int // bytes of the guests' commands
	opens   map[protocol.Nonce]*opening
	changes []*change     // of the members
	others  int           // guests, changes, and calls that wait for openings
	dueAt   protocol.Time // when guests and openings are repeated; 0: there are none

	reads    reads
	held     int     // bytes of calls that go on behind a barrier
	finished []*call // answered, and not yet told
	told     []*call // taken last
	out      protocol.Output
}

type deskConfig struct {
	Self        protocol.Peer
	SubmitBytes int    // the commands of one Submit
	WindowBytes int    // commands without a session that are under way; 0: the client core's default
	Seed        uint64 // another one in each life of the server
	// Nonce draws a session's nonce.
	Nonce func() protocol.Nonce
}

// opening is a session that is being opened, and who waits for it.
type opening struct{ calls []*call }

const (
	// deskBytes of payloads may wait to be offered, deskCalls of any kind may wait.
	deskBytes = 4 << 20
	deskCalls = 16 << 10
	// repeatAfter is the wait before a guest's commands and openings are sent again.
	repeatAfter = 100 * time.Millisecond
)

func newDesk(cfg deskConfig, l *list.State) *desk {
	d := &desk{cfg: cfg, list: l, guests: map[protocol.SessionID][]*guest{}, opens: map[protocol.Nonce]*opening{}}
	d.reads.id = cfg.Seed >> 1 // far from those of this server's earlier lives
	d.reopen()
	return d
}

// reopen starts a session of the desk's own.
func (d *desk) reopen() {
	d.nonce, d.session, d.placed = d.cfg.Nonce(), 0, 0
	d.own = client.New(client.Config{Nonce: d.nonce, Seed: d.cfg.Seed, SubmitBytes: d.cfg.SubmitBytes, WindowBytes: d.cfg.WindowBytes})
}

// waiting is how many calls wait for their answers.
func (d *desk) waiting() int { return d.queue.len() + d.flight.len() + d.others + d.reads.waiting() }

// append takes a call without a session.
func (d *desk) append(c *call) {
	size := 0
	for _, p := range c.payloads {
		if err := d.own.Fits(len(p)); err != nil {
			d.finish(c, err)
			return
		}
		size += protocol.PayloadSize(len(p))
	}
	switch {
	case len(c.payloads) == 0:
		d.finish(c, nil)
	case size > deskBytes:
		d.finish(c, fmt.Errorf("%w: %d bytes at once, the limit is %d", ErrTooLong, size, deskBytes))
	case d.queued+size > deskBytes || d.waiting() >= deskCalls:
		d.finish(c, ErrBusy)
	default:
		d.queued += size
		d.queue.push(c)
	}
}

func (d *desk) open(now protocol.Time, n protocol.Nonce, c *call) {
	if d.waiting() >= deskCalls {
		d.finish(c, ErrBusy)
		return
	}
	if !c.begin() {
		return
	}
	o := d.opens[n]
	if o == nil {
		o = new(opening)
		d.opens[n] = o
	}
	o.calls = append(o.calls, c)
	d.others++
	d.out.Send(protocol.GroupProposers, &protocol.Open{Nonce: n})
	d.arm(now)
}

func (d *desk) arm(now protocol.Time) {
	if d.dueAt == 0 {
		d.dueAt = now.Add(repeatAfter)
	}
}

// flush offers what the window has room for. What is to be sent is in out.
func (d *desk) flush(now protocol.Time, leader protocol.NodeID) {
	if leader != d.leader && leader != 0 {
		d.leader = leader
		d.repeat(now)
		d.reads.repeat(d, now)
	}
	for d.queue.len() > 0 && d.offer(d.queue.front()) {
		d.queue.pop()
	}
	if d.own.Outstanding() > 0 {
		d.drive(func() { d.own.Flush(now, &d.out) })
	}
	d.reads.flush(d, now)
}

// offer hands a call's payloads to the client core and reports whether all of
// them are there.
func (d *desk) offer(c *call) bool {
	if c.offered == 0 && !c.begin() {
		d.forget(c)
		return true
	}
	for c.offered < len(c.payloads) {
		p := c.payloads[c.offered]
		if !d.own.Offer(p) {
			return false
		}
		if c.offered == 0 {
			d.flight.push(c)
		}
		c.offered++
		d.queued -= protocol.PayloadSize(len(p))
	}
	return true
}

// forget takes a call's payloads that were not offered off the reckoning.
func (d *desk) forget(c *call) {
	for _, p := range c.payloads[c.offered:] {
		d.queued -= protocol.PayloadSize(len(p))
	}
}

// applied takes the effects of instance i, which was just applied.
func (d *desk) applied(now protocol.Time, i protocol.Instance, e *protocol.Effects) {
	for _, o := range e.Opened {
		d.opened(now, o)
	}
	for _, a := range e.Advanced {
		if a.Session == d.session {
			d.advance(now, a.Through, i)
		} else if len(d.guests) > 0 {
			d.answerGuests(a.Session, a.Through, i)
		}
	}
	for _, id := range e.Expired {
		d.expired(now, id)
	}
	if e.Members {
		d.askChanges(now)
	}
	d.reads.applied(d, now, i)
}

// caughtUp is applied for a snapshot, of which no effects are known.
func (d *desk) caughtUp(now protocol.Time) {
	if last, ok := d.list.Session(d.session); ok && d.session != 0 {
		d.advance(now, last, 0)
	}
	for _, id := range slices.Sorted(maps.Keys(d.guests)) {
		if last, ok := d.list.Session(id); ok {
			d.answerGuests(id, last, 0)
		}
	}
	d.askChanges(now)
	d.reads.applied(d, now, d.list.Applied())
}

func (d *desk) opened(now protocol.Time, o protocol.Opened) {
	if o.Nonce == d.nonce && d.session == 0 {
		d.session = o.Session
		d.drive(func() { d.own.Step(now, protocol.Sender{Peer: d.cfg.Self}, &o, &d.out) })
	}
	if p := d.opens[o.Nonce]; p != nil {
		delete(d.opens, o.Nonce)
		d.others -= len(p.calls)
		for _, c := range p.calls {
			c.session = handleOf(o.Session, o.Nonce)
			d.finish(c, nil)
		}
	}
}

// advance hands out the places of the desk's own commands up to through.
func (d *desk) advance(now protocol.Time, through protocol.Seq, i protocol.Instance) {
	for d.placed < through {
		if d.flight.len() == 0 { // somebody else's commands, who has guessed our session
			d.reopen()
			return
		}
		d.placed++
		index, ok := d.list.Result(d.session, d.placed)
		if !ok {
			panic(fmt.Sprintf("node: %v: command %d of session %d", errNotKept, d.placed, d.session))
		}
		c := d.flight.front()
		c.placed = append(c.placed, Placed{Index: index, Instance: i})
		if len(c.placed) == len(c.payloads) {
			d.flight.pop()
			d.finish(c, nil)
		}
	}
	ack := protocol.Acks{Acks: []protocol.Ack{{Session: d.session, Through: through}}}
	d.drive(func() { d.own.Step(now, protocol.Sender{Peer: d.cfg.Self}, &ack, &d.out) })
}

// drive lets the client core do something, and at once copies what it sends: its
// messages alias memory that its next step may use again.
func (d *desk) drive(step func()) {
	first := len(d.out.Now)
	step()
	for i := first; i < len(d.out.Now); i++ {
		d.out.Now[i].Msg = detached(d.out.Now[i].Msg)
	}
}

// expired ends what is under way in a session that the list does not know.
func (d *desk) expired(now protocol.Time, id protocol.SessionID) {
	if id != d.session {
		d.keepGuests(id, func(g *guest) bool {
			d.finish(g.call, fmt.Errorf("session %d: %w", id, ErrExpired))
			return false
		})
		return
	}
	for d.flight.len() > 0 {
		c := d.flight.pop()
		if d.queue.len() > 0 && d.queue.front() == c { // offered in part
			d.queue.pop()
			d.forget(c)
		}
		d.finish(c, fmt.Errorf("%w: the server's own session expired", ErrUnknown))
	}
	d.reopen()
}

// finish answers a call; it is told after the turn (takeFinished).
func (d *desk) finish(c *call, err error) {
	c.err = err
	d.finished = append(d.finished, c)
}

// takeFinished takes out the calls that are answered. What it returned last must not
// be used any more.
func (d *desk) takeFinished() []*call {
	clear(d.told)
	d.finished, d.told = d.told[:0], d.finished
	return d.told
}

// repeat sends guests' commands and openings again, and drops what nobody waits
// for any more.
func (d *desk) repeat(now protocol.Time) {
	d.dueAt = 0
	for id := range d.guests {
		d.keepGuests(id, func(g *guest) bool { return g.call.wanted() })
	}
	d.dropOpenings()
	d.askChanges(now)
	for _, id := range slices.Sorted(maps.Keys(d.guests)) {
		for _, g := range d.guests[id] {
			d.submit(now, g)
		}
	}
	byBytes := func(a, b protocol.Nonce) int { return bytes.Compare(a[:], b[:]) }
	for _, n := range slices.SortedFunc(maps.Keys(d.opens), byBytes) {
		d.out.Send(protocol.GroupProposers, &protocol.Open{Nonce: n})
		d.arm(now)
	}
}

// dropOpenings forgets openings that nobody waits for any more.
func (d *desk) dropOpenings() {
	for n, o := range d.opens {
		before := len(o.calls)
		o.calls = slices.DeleteFunc(o.calls, func(c *call) bool { return !c.wanted() })
		d.others -= before - len(o.calls)
		if len(o.calls) == 0 {
			delete(d.opens, n)
		}
	}
}

func (d *desk) tick(now protocol.Time) {
	if at, ok := d.own.Deadline(); ok && at <= now && d.own.Outstanding() > 0 {
		d.drive(func() { d.own.Tick(now, &d.out) })
	}
	if d.dueAt != 0 && d.dueAt <= now {
		d.repeat(now)
	}
	d.reads.tick(d, now)
}

func (d *desk) deadline() (at protocol.Time, ok bool) {
	earlier := func(t protocol.Time) {
		if t != 0 && (!ok || t < at) {
			at, ok = t, true
		}
	}
	if t, due := d.own.Deadline(); due && d.own.Outstanding() > 0 {
		earlier(max(t, 1))
	}
	earlier(d.dueAt)
	earlier(d.reads.dueAt)
	return at, ok
}
