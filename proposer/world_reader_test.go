package proposer

import (
	"time"

	"paxos/protocol"
)

// reading is the reading half of a list server: it asks where a linearizable
// read must stand, again and again, and holds each answer to the truth.
type reading struct {
	id      uint64
	floor   protocol.Instance // the highest instance that was chosen when the Read was first sent
	sentAt  protocol.Time
	open    bool
	waitFor protocol.Instance // answered; done when this is applied here
	done    int               // reads that are complete
}

// readOften begins a read now and then, and repeats one that is not answered.
func (n *serverNode) readOften(life int) {
	n.w.after(time.Duration(n.w.rng.Int64N(int64(4*time.Millisecond))), func() {
		n.awake(func() {
			if life == n.life {
				n.connect()
				n.reading.goOn(n)
				n.readOften(life)
			}
		})
	})
}

func (r *reading) goOn(n *serverNode) {
	if r.waitFor != 0 && n.applied >= r.waitFor {
		r.done++
		r.waitFor = 0
	}
	if late := n.w.now.Sub(r.sentAt) > 300*time.Millisecond; !r.open && r.waitFor == 0 || late {
		*r = reading{id: r.id + 1, floor: n.w.highest, sentAt: n.w.now, open: true, done: r.done}
	}
	if !r.open {
		return
	}
	n.turn(func(out *protocol.Output) {
		out.Send(protocol.GroupProposers, &protocol.Read{ID: r.id})
	})
}

func (r *reading) answered(n *serverNode, m *protocol.ReadAt) {
	if m.Target != n.sender().Peer || m.ID != r.id || !r.open {
		return
	}
	if m.Instance < r.floor {
		n.w.t.Fatalf("rule 12: server %d may read at instance %d, though %d was decided before it asked", n.id, m.Instance, r.floor)
	}
	r.open, r.waitFor = false, m.Instance
}

// reads counts those that are complete.
func (w *world) reads() (n int) {
	for _, s := range w.servers {
		n += s.reading.done
	}
	return n
}
