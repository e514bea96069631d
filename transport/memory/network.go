package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"paxos/protocol"
	"paxos/transport"
)

const (
	// MaxDatagram is the largest payload a member may send, in bytes.
	MaxDatagram = 7680
	// QueueDatagrams is how many datagrams wait for one member, unless set otherwise.
	QueueDatagrams = 256
	// reorderSpan is how many waiting datagrams one may overtake.
	reorderSpan = 8
)

// Faults says how often what befalls a datagram on its way to one receiver, each
// as a probability from 0 to 1. The zero value is a perfect network.
type Faults struct {
	Loss      float64 // it does not arrive
	Duplicate float64 // it arrives twice
	Reorder   float64 // it overtakes up to 8 that wait at the receiver
}

// Network connects its members. Any goroutine may use it.
type Network struct {
	mu      sync.Mutex
	seed    uint64
	faults  Faults
	queue   int
	members []*Member
	links   map[link]*rand.Rand
}

// link is one direction between two members.
type link struct{ from, to int }

// NewNetwork returns a perfect network without members.
func NewNetwork(seed uint64) *Network {
	return &Network{seed: seed, queue: QueueDatagrams, links: make(map[link]*rand.Rand)}
}

// SetFaults sets what befalls datagrams sent from now on. It panics on a
// probability below 0 or above 1.
func (n *Network) SetFaults(f Faults) {
	for _, p := range []float64{f.Loss, f.Duplicate, f.Reorder} {
		if !(p >= 0 && p <= 1) {
			panic(fmt.Sprintf("memory: probability %v in %+v", p, f))
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = f
}

// SetQueue bounds the queues of members that join from now on, in datagrams, at
// least 1.
func (n *Network) SetQueue(datagrams int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = max(1, datagrams)
}

// Join adds a member that receives from these groups, and may send to all.
func (n *Network) Join(groups ...protocol.Group) *Member {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := &Member{network: n, index: len(n.members), limit: n.queue}
	m.arrived.L = &n.mu
	for _, g := range groups {
		m.joined[g] = true
	}
	n.members = append(n.members, m)
	return m
}

// Partition cuts the network into the given sides: a member hears only its own
// side. Members that are not named form one more side together. It replaces an
// earlier partition; what has arrived already stays.
func (n *Network) Partition(sides ...[]*Member) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heal()
	for i, side := range sides {
		for _, m := range side {
			m.side = i + 1
		}
	}
}

// Heal ends a partition.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heal()
}

func (n *Network) heal() {
	for _, m := range n.members {
		m.side = 0
	}
}

// carry brings d from a member to all others that joined its group.
func (n *Network) carry(from *Member, d transport.Datagram) {
	for _, to := range n.members {
		if to == from || !to.joined[d.Group] || to.closed || to.side != from.side {
			continue
		}
		for range n.copies(from, to) {
			to.put(d, n.place(from, to))
		}
	}
}

// copies draws how often a datagram arrives: 0, 1 or 2 times.
func (n *Network) copies(from, to *Member) int {
	r := n.source(from, to)
	switch {
	case r.Float64() < n.faults.Loss:
		return 0
	case r.Float64() < n.faults.Duplicate:
		return 2
	}
	return 1
}

// place draws how many waiting datagrams the next one overtakes.
func (n *Network) place(from, to *Member) int {
	r := n.source(from, to)
	if r.Float64() >= n.faults.Reorder {
		return 0
	}
	return 1 + r.IntN(reorderSpan)
}

func (n *Network) source(from, to *Member) *rand.Rand {
	l := link{from.index, to.index}
	if n.links[l] == nil {
		n.links[l] = rand.New(rand.NewPCG(n.seed, uint64(l.from)<<32|uint64(l.to)))
	}
	return n.links[l]
}
