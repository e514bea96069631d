package sim

import (
	"fmt"
	"time"

	coreclient "paxos/client"
	"paxos/node"
	"paxos/protocol"
)

// caster is a client of the multicast roles: the production core (package client)
// and what package node does around it. Now and then it dies, and another one comes
// up with the same id and another nonce; what was open then stays open for ever.
type caster struct {
	customer
	core   *coreclient.Client
	end    *endpoint
	author *author
	out    protocol.Output

	acked protocol.Seq
	alarm time.Duration // when an event is scheduled that looks at the deadline; 0: none
	last  bool          // its last word is offered
}

func (c *caster) begin() { c.live() }

// live begins a life: lives have odd numbers, what is between them even ones.
func (c *caster) live() {
	w := c.l.w
	c.life++
	var nonce protocol.Nonce
	for i := range nonce {
		nonce[i] = byte(c.rng.Uint32())
	}
	sizes, err := node.SizesFor(w.plan.datagram, w.plan.acceptors)
	if err != nil {
		panic(fmt.Sprintf("sim: the plan has datagrams of %d bytes: %v", w.plan.datagram, err))
	}
	c.core = coreclient.New(coreclient.Config{Nonce: nonce, Seed: c.rng.Uint64(), SubmitBytes: sizes.Submit, Window: 1 + c.rng.IntN(64), WindowBytes: 64 << 10})
	c.author = w.judge.author(fmt.Sprintf("client %d in its life %d", c.number, c.life/2+1), nonce)
	c.acked, c.alarm = 0, 0
	c.end = w.network.joinClient(protocol.NodeID(c.number), c.hear)
	c.think()
	c.settle()
}

// think lets the client submit something after a while, as long as it lives.
func (c *caster) think() {
	life := c.life
	c.l.w.after(c.pause(), func() {
		if c.life != life || c.l.draining {
			return
		}
		if c.rng.IntN(400) == 0 {
			c.die()
			return
		}
		for range c.batch() {
			c.submit(c.size())
		}
		c.settle()
		c.think()
	})
}

// submit offers one command, if the window has room.
func (c *caster) submit(size int) bool {
	size = min(size, c.core.Limit())
	number := c.l.w.judge.begins(c.author, size)
	if c.core.Offer(c.author.payload(number)) {
		return true
	}
	c.author.ops = c.author.ops[:number-1] // it was never heard of
	return false
}

// die ends a life at once. The next one begins a moment later.
func (c *caster) die() {
	c.l.w.note("client %d dies with %d commands open", c.number, c.core.Outstanding())
	c.end.close()
	c.life++ // nothing that was scheduled concerns the next one
	c.core = nil
	c.l.w.after(c.pause(), c.live)
}

// hear takes a message to the clients' group.
func (c *caster) hear(from protocol.Sender, m protocol.Message) {
	if c.core == nil {
		return
	}
	c.core.Step(c.now(), from, m, &c.out)
	c.settle()
}

func (c *caster) now() protocol.Time { return protocol.Time(c.l.w.now) + 1 }

// settle ends an event: it takes note of what was acknowledged and sends.
func (c *caster) settle() {
	if at, due := c.core.Deadline(); due && at <= c.now() {
		c.core.Tick(c.now(), &c.out)
	}
	for c.acked < c.core.Acked() {
		c.acked++
		c.l.w.judge.acknowledgedUnplaced(c.author, uint32(c.acked))
		c.l.w.digest.add(uint64(c.author.number)<<32 | uint64(c.acked))
	}
	if c.l.draining && !c.last {
		c.last = c.submit(payloadHead)
	}
	c.core.Flush(c.now(), &c.out)
	if len(c.out.Now) > 0 {
		c.end.send(c.out.Now)
		c.out.Now = c.out.Now[:0]
	}
	if c.core.Err() != nil { // its session expired: what is open stays open
		c.last = false
		c.die()
		return
	}
	c.wake()
}

// wake makes sure that an event comes at the deadline.
func (c *caster) wake() {
	due, ok := c.core.Deadline()
	at := max(time.Duration(due), c.l.w.now+time.Microsecond)
	if !ok || c.alarm > c.l.w.now && c.alarm <= at {
		return
	}
	c.alarm = at
	life := c.life
	c.l.w.after(at-c.l.w.now, func() {
		if c.life == life {
			c.settle()
		}
	})
}

func (c *caster) drain() {
	if c.core != nil {
		c.settle()
	}
}

func (c *caster) done() bool {
	return c.l.draining && c.last && c.core != nil && c.core.Outstanding() == 0
}

func (c *caster) state() string {
	if c.core == nil {
		return fmt.Sprintf("client %d is dead", c.number)
	}
	return fmt.Sprintf("client %d has %d commands without an answer", c.number, c.core.Outstanding())
}
