package proposer

import (
	"fmt"
	"time"

	"paxos/client"
	"paxos/protocol"
)

// clientNode is a real client that offers all its commands.
type clientNode struct {
	w       *world
	c       *client.Client
	offered int
	total   int
	allowed int // of them so far
	tickAt  protocol.Time
	doneAt  protocol.Time
}

func (w *world) addClient(total, window int) *clientNode {
	n := &clientNode{w: w, total: total, allowed: total}
	cfg := client.Config{Seed: w.rng.Uint64(), SubmitBytes: 600, Window: window}
	for i := range cfg.Nonce {
		cfg.Nonce[i] = byte(w.rng.Uint32())
	}
	n.c = client.New(cfg)
	w.clients = append(w.clients, n)
	w.after(0, n.tick)
	return n
}

// addBurstClient adds one that offers its commands many at once, now and then.
func (w *world) addBurstClient(total, burst int) {
	n := w.addClient(total, 4*burst)
	n.allowed = 0
	var more func()
	more = func() {
		if n.allowed < n.total {
			n.allowed += burst
			n.tick()
			w.after(time.Duration(w.rng.Int64N(int64(150*time.Millisecond))), more)
		}
	}
	w.after(0, more)
}

func (n *clientNode) hears(g protocol.Group) bool { return g == protocol.GroupClients }
func (n *clientNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleClient, ID: 1}}
}

func (n *clientNode) receive(from protocol.Sender, m protocol.Message) {
	var out protocol.Output
	n.c.Step(n.w.now, from, m, &out)
	n.carryOut(&out)
}

func (n *clientNode) tick() {
	n.tickAt = 0
	var out protocol.Output
	n.c.Tick(n.w.now, &out)
	n.carryOut(&out)
}

func (n *clientNode) carryOut(out *protocol.Output) {
	for n.offered < min(n.total, n.allowed) && n.c.Offer(fmt.Appendf(nil, "%d", n.offered)) {
		n.offered++
	}
	n.c.Flush(n.w.now, out)
	n.w.send(n, out.Now)
	if n.done() && n.doneAt == 0 {
		n.doneAt = n.w.now
	}
	at, ok := n.c.Deadline()
	at = max(at, n.w.now)
	if ok && (n.tickAt == 0 || at < n.tickAt) {
		n.tickAt = at
		n.w.after(at.Sub(n.w.now), func() {
			if n.tickAt == at {
				n.tick()
			}
		})
	}
}

func (n *clientNode) done() bool { return int(n.c.Acked()) == n.total }
