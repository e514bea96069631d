package proposer

import (
	"slices"
	"time"

	"paxos/protocol"
)

// proposerNode is a proposer with a dumb learner and a dumb list.
type proposerNode struct {
	w        *world
	id       protocol.NodeID
	life     int
	p        *Proposer
	list     *dumbList
	applied  protocol.Instance
	decided  map[protocol.Instance][]byte
	values   map[slotBallot][]byte
	accepted map[slotBallot]map[protocol.NodeID]bool
	durable  Restored // what a restart finds
	tickAt   protocol.Time
	cut      bool // hears clients only, is heard by nobody
	skips    int
}

func (n *proposerNode) hears(g protocol.Group) bool { return g != protocol.GroupClients }
func (n *proposerNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: n.id}, Store: protocol.StoreID(0xb0 + n.id)}
}

func (n *proposerNode) start() {
	n.life++
	n.list, n.applied = newDumbList(), 0
	n.decided = make(map[protocol.Instance][]byte)
	n.values = make(map[slotBallot][]byte)
	n.accepted = make(map[slotBallot]map[protocol.NodeID]bool)
	n.p = New(Config{
		Self: n.sender(), Quorum: n.w.quorum, Incarnation: n.w.rng.Uint64(), Seed: n.w.rng.Uint64(), ValueBytes: 1400,
	}, Restored{Round: n.durable.Round, Pins: slices.Clone(n.durable.Pins)}, n.list)
	n.tickAt = 0
	n.schedule()
	n.poll(n.life)
}

// crash ends this life; what was not durable is gone.
func (n *proposerNode) crash() { n.p, n.life = nil, n.life+1 }

func (n *proposerNode) schedule() {
	at, ok := n.p.Deadline()
	at = max(at, n.w.now)
	if !ok || n.tickAt != 0 && n.tickAt <= at && n.tickAt > n.w.now {
		return
	}
	n.tickAt = at
	life := n.life
	n.w.after(at.Sub(n.w.now), func() {
		if life != n.life || n.tickAt != at {
			return
		}
		n.tickAt = 0
		var out protocol.Output
		n.p.Tick(n.w.now, &out)
		n.carryOut(&out)
	})
}

func (n *proposerNode) receive(from protocol.Sender, m protocol.Message) {
	if n.p == nil || n.cut && from.Role != protocol.RoleClient {
		return
	}
	var out protocol.Output
	n.p.Step(n.w.now, from, m, &out)
	switch m := m.(type) {
	case *protocol.Accept:
		n.heard(m)
	case *protocol.Accepted:
		n.count(from.ID, m)
	}
	n.apply(&out)
	n.carryOut(&out)
}

func (n *proposerNode) heard(m *protocol.Accept) {
	key := slotBallot{m.Instance, m.Ballot}
	n.values[key] = m.Value
	n.decide(key)
}

func (n *proposerNode) count(from protocol.NodeID, m *protocol.Accepted) {
	for _, s := range m.Spans {
		key := slotBallot{s.First, m.Ballot}
		if n.accepted[key] == nil {
			n.accepted[key] = make(map[protocol.NodeID]bool)
		}
		n.accepted[key][from] = true
		n.decide(key)
	}
}

func (n *proposerNode) decide(key slotBallot) {
	value, ok := n.values[key]
	if ok && len(n.accepted[key]) >= n.w.quorum.Majority() {
		n.decided[key.i] = value
	}
}

// poll stands for the learner's repair: now and then what is decided somewhere
// is learned without a word about ballots.
func (n *proposerNode) poll(life int) {
	n.w.after(20*time.Millisecond, func() {
		if life != n.life {
			return
		}
		if !n.cut && n.w.rng.Float64() >= n.w.loss {
			n.learn(n.w.decidedThrough())
		}
		n.poll(life)
	})
}

func (n *proposerNode) learn(through protocol.Instance) {
	for i := n.applied + 1; i <= through; i++ {
		n.decided[i] = n.w.chosen[i]
	}
	var out protocol.Output
	n.apply(&out)
	n.carryOut(&out)
}

func (n *proposerNode) apply(out *protocol.Output) {
	for {
		value, ok := n.decided[n.applied+1]
		if !ok {
			return
		}
		n.applied++
		delete(n.decided, n.applied)
		e := n.list.apply(value)
		n.skips += len(e.Skipped)
		n.p.Applied(n.w.now, n.applied, e, out)
	}
}

// carryOut does what the core asked for; held messages wait for the disk.
func (n *proposerNode) carryOut(out *protocol.Output) {
	n.p.Flush(n.w.now, out)
	for _, s := range out.Now {
		if a, ok := s.Msg.(*protocol.Accept); ok {
			n.heard(a)
		}
	}
	if !n.cut {
		n.w.send(n, out.Now)
	}
	held, records, life := out.TakeHeld(), out.Records, n.life
	if !held.Empty() || len(records) > 0 {
		n.w.after(400*time.Microsecond, func() {
			if life != n.life {
				return
			}
			n.persist(records)
			if !n.cut {
				n.w.send(n, held.Release())
			}
		})
	}
	n.schedule()
}

func (n *proposerNode) persist(records []protocol.Record) {
	for _, r := range records {
		switch r := r.(type) {
		case *protocol.Round:
			if r.Round <= n.durable.Round {
				n.w.t.Fatalf("rule 3: round %d after %d", r.Round, n.durable.Round)
			}
			n.durable.Round = r.Round
		case *protocol.Pinned:
			n.durable.Pins = append(n.durable.Pins, r.Pin)
		}
	}
}
