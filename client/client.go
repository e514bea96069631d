package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"paxos/protocol"
)

// ErrExpired says that the list does not know the session any more: other
// clients opened too many since. Each unacknowledged command was applied once,
// or never; which is unknown.
var ErrExpired = errors.New("session expired, outcome unknown")

// ErrTooLong is the class of errors for payloads that no datagram can carry.
var ErrTooLong = errors.New("command too long")

// Client is the core. It is not safe for concurrent use.
//
// Its messages alias its memory: encode what is in the Output before the next
// call.
type Client struct {
	cfg      Config
	rng      *rand.Rand
	session  protocol.SessionID // 0 until it is open
	err      error
	offered  protocol.Seq // the last command taken
	acked    protocol.Seq // commands up to here were applied
	runs     runs
	block    arena
	rtt      rtt
	tries    int           // Opens sent; later: time-outs since something was acknowledged
	dueAt    protocol.Time // when something is to be repeated; 0: nothing is under way
	breathAt protocol.Time // when the rest of a repetition follows; 0: there is no rest
	repeated uint64
}

// New makes a client that opens its session at the first Flush or Tick.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:   cfg,
		rng:   rand.New(rand.NewPCG(cfg.Seed, 0)),
		runs:  newRuns(cfg.Window),
		block: newArena(cfg.WindowBytes),
	}
}

// Fits says with an error (ErrTooLong) if a payload of n bytes is too long to
// be offered.
func (c *Client) Fits(n int) error {
	if n > protocol.MaxPayload || protocol.PayloadSize(n) > c.cfg.SubmitBytes {
		return fmt.Errorf("%w: %d bytes, the limit here is %d", ErrTooLong, n, c.Limit())
	}
	return nil
}

// Limit is the length of the longest payload that can be offered, in bytes.
func (c *Client) Limit() int {
	limit := min(protocol.MaxPayload, c.cfg.SubmitBytes-1)
	for protocol.PayloadSize(limit) > c.cfg.SubmitBytes {
		limit--
	}
	return limit
}

// Offer takes the next command and copies it. It returns false while the
// window is full, and for good once the client failed (Err). The payload must
// pass Fits. The command is sent by the next Flush.
func (c *Client) Offer(payload []byte) bool {
	if err := c.Fits(len(payload)); err != nil {
		panic("client: offered without asking Fits: " + err.Error())
	}
	if c.err != nil || c.Outstanding() >= c.cfg.Window {
		return false
	}
	size := protocol.PayloadSize(len(payload))
	at, ok := c.block.place(size)
	if !ok {
		return false
	}
	c.offered++
	r := c.runs.filling()
	if r == nil || r.end != at || r.end-r.start+size > c.cfg.SubmitBytes {
		r = c.runs.push(run{first: c.offered, start: at})
	}
	protocol.AppendPayload(c.block.bytes[at:at:at+size], payload)
	r.end = at + size
	r.count++
	return true
}

// Flush sends what was offered since the last one, in as few datagrams as
// possible, and the Open before all others.
func (c *Client) Flush(now protocol.Time, out *protocol.Output) {
	switch {
	case c.err != nil:
	case c.session == 0:
		if c.tries == 0 {
			c.sendOpen(now, out)
		}
	default:
		for c.runs.unsent > 0 {
			c.send(now, c.runs.at(c.runs.len-c.runs.unsent), out)
			c.runs.unsent--
		}
		if c.dueAt == 0 { // else something older is under way, and its time stays
			c.arm(now)
		}
	}
}

func (c *Client) send(now protocol.Time, r *run, out *protocol.Output) {
	r.sentAt = now
	r.tries++
	r.msg.Run = protocol.Run{Session: c.session, First: r.first, Count: r.count, Block: c.block.bytes[r.start:r.end]}
	out.Send(protocol.GroupProposers, &r.msg)
}

func (c *Client) sendOpen(now protocol.Time, out *protocol.Output) {
	c.tries++
	c.dueAt = now.Add(c.jitter(c.backOff(c.cfg.RetransmitMin)))
	out.Send(protocol.GroupProposers, &protocol.Open{Nonce: c.cfg.Nonce})
}

// Step takes one message. What is not for this client is ignored.
func (c *Client) Step(now protocol.Time, _ protocol.Sender, m protocol.Message, out *protocol.Output) {
	switch m := m.(type) {
	case *protocol.Opened:
		if c.session == 0 && m.Nonce == c.cfg.Nonce {
			c.session, c.tries, c.dueAt = m.Session, 0, 0
			c.Flush(now, out)
		}
	case *protocol.Acks:
		for _, a := range m.Acks {
			if a.Session == c.session && c.session != 0 {
				c.onAck(now, a.Through)
			}
		}
	case *protocol.Expired:
		if c.session != 0 && m.Session == c.session && c.err == nil {
			c.err = fmt.Errorf("commands from number %d on: %w", c.acked+1, ErrExpired)
			c.dueAt = 0
		}
	}
}

// onAck takes an answer, which stands for all commands up to it.
func (c *Client) onAck(now protocol.Time, through protocol.Seq) {
	if through <= c.acked || through > c.sent() || c.err != nil {
		return
	}
	c.acked = through
	c.tries = 0
	once, sentAt := true, protocol.Time(0)
	for c.runs.len > c.runs.unsent && c.runs.at(0).last() <= through {
		r := c.runs.at(0)
		once, sentAt = once && r.tries == 1, r.sentAt
		c.block.free(r.end)
		c.runs.pop()
	}
	if once && sentAt != 0 { // who knows which of several was answered (Karn)
		c.rtt.sample(now.Sub(sentAt))
	}
	if c.runs.len == 0 {
		c.block.reset()
	}
	c.arm(now)
}

// sent is the last command that was sent.
func (c *Client) sent() protocol.Seq {
	if c.runs.unsent == 0 {
		return c.offered
	}
	return c.runs.at(c.runs.len-c.runs.unsent).first - 1
}

// Tick does what is due at now.
func (c *Client) Tick(now protocol.Time, out *protocol.Output) {
	switch {
	case c.err != nil:
	case c.session == 0:
		if c.tries == 0 || now >= c.dueAt {
			c.sendOpen(now, out)
		}
	case c.dueAt != 0 && now >= c.dueAt:
		c.repeat(now, out)
	}
}

// Deadline says when the next Tick is due, if one is.
func (c *Client) Deadline() (protocol.Time, bool) {
	if c.err == nil && c.session == 0 && c.tries == 0 {
		return 0, true
	}
	return c.dueAt, c.dueAt != 0
}

// Acked is the last command of which it is known that it, and all before it,
// were applied. Commands are numbered from 1 in the order of Offer.
func (c *Client) Acked() protocol.Seq { return c.acked }

// Outstanding is how many commands were offered and not acknowledged.
func (c *Client) Outstanding() int { return int(c.offered - c.acked) }

// Ready reports whether the session is open.
func (c *Client) Ready() bool { return c.session != 0 && c.err == nil }

// Repeated is how many Submits were sent again, so far.
func (c *Client) Repeated() uint64 { return c.repeated }

// Err is why the client cannot go on (ErrExpired), nil as long as it can.
func (c *Client) Err() error { return c.err }

// jitter keeps clients from repeating in step: up to an eighth longer.
func (c *Client) jitter(d time.Duration) time.Duration {
	return d + time.Duration(c.rng.Int64N(int64(d/8)+1))
}

// RTO is how long the client waits for an answer before it repeats.
func (c *Client) RTO() time.Duration { return c.timeout() }
