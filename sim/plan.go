package sim

import (
	"math/rand/v2"
	"time"

	"paxos/node"
	"paxos/protocol"
)

// plan is what the seed draws before anything happens.
type plan struct {
	shape     string
	acceptors int // or list servers
	proposers int // of the roles
	learners  int
	clients   int
	cluster   protocol.ClusterID

	datagram        int   // largest, in bytes
	buffer          int   // of a receiver of datagrams, in bytes
	queue           int   // of a connection, in bytes
	checkpointBytes int   // of values between two checkpoints
	segmentBytes    int64 // of a file of the log
	tearSectors     bool
	payloadMin      int // bytes of a command
	payloadMax      int
	think           time.Duration // of a client, between two calls, on average
	timing          node.Timing

	wan     bool // the processes are in different regions of the world
	latency time.Duration
	jitter  time.Duration
	rates   rates
	fsync   time.Duration // of a good disk
	images  imagePlan
	gap     map[string]time.Duration // between two scheduled faults of a kind, on average; 0: there are none
}

// rates say how often what befalls a datagram.
type rates struct{ loss, duplication, reordering, delay float64 }

// newPlan draws everything in a fixed order, whatever the options allow.
func newPlan(r, images *rand.Rand, o *Options) plan {
	p := plan{shape: pick(r, ShapeRoles, ShapeServers), cluster: protocol.ClusterID(r.Uint64() | 1)}
	p.acceptors = pick(r, 1, 2, 3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 6, 7, 7)
	p.proposers, p.learners, p.clients = 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(5)
	if r.IntN(20) == 0 {
		p.clients = 20
	}
	p.drawShape(images, o)
	p.drawSizes(r)
	p.drawTimes(r)
	p.drawNetwork(r, o)
	p.drawSchedule(r, o)
	if p.shape == ShapeImages {
		p.drawImages(images)
	}
	return p
}

// drawShape lets half of the list servers keep images, unless a shape is asked for.
func (p *plan) drawShape(images *rand.Rand, o *Options) {
	keep := images.IntN(2) == 0
	switch {
	case o.Shape != "":
		p.shape = o.Shape
	case p.shape == ShapeServers && keep:
		p.shape = ShapeImages
	}
}

// streams reports whether the cluster is one of list servers.
func (p *plan) streams() bool { return p.shape != ShapeRoles }

func (p *plan) drawSizes(r *rand.Rand) {
	p.datagram = pick(r, 1400, 1472, 1472, 2048, 4096, 7680)
	if p.streams() {
		p.datagram = pick(r, 2048, 8192, 16<<10)
	}
	p.buffer = pick(r, 8*charge(p.datagram), 32*charge(p.datagram), 212_992)
	p.queue = pick(r, 64<<10, 256<<10, 8<<20)
	p.checkpointBytes = 4 << 10 << r.IntN(5)
	p.segmentBytes = int64(pick(r, 1, 2, 4)) * (64 << 10)
	p.tearSectors = r.IntN(2) == 0
	p.payloadMin = pick(r, 1, 8, 100)
	p.payloadMax = min(p.payloadMin*pick(r, 1, 4, 10), p.datagram/4)
}

func (p *plan) drawTimes(r *rand.Rand) {
	p.think = between(r, time.Millisecond, time.Second)
	p.fsync = between(r, 20*time.Microsecond, 5*time.Millisecond)
	p.latency = between(r, 20*time.Microsecond, time.Millisecond)
	p.jitter = time.Duration(float64(p.latency) * r.Float64())
	if r.IntN(2) == 0 {
		p.timing = node.Timing{Heartbeat: 20 * time.Millisecond, ElectionMin: 150 * time.Millisecond, ElectionMax: 250 * time.Millisecond}
	}
}

func (p *plan) drawNetwork(r *rand.Rand, o *Options) {
	p.wan = r.IntN(4) == 0 && o.allows(faultWAN)
	if p.wan {
		p.timing = node.Timing{}
	}
	for _, x := range []struct {
		kind string
		rate *float64
		most float64
	}{
		{faultLoss, &p.rates.loss, 0.2}, {faultDuplication, &p.rates.duplication, 0.2},
		{faultReordering, &p.rates.reordering, 0.3}, {faultDelay, &p.rates.delay, 0.05},
	} {
		rate := []float64{0, 0, x.most / 50, x.most / 10, x.most}[r.IntN(5)] * r.Float64()
		if o.allows(x.kind) {
			*x.rate = rate
		}
	}
}

// drawSchedule draws how often each kind of fault comes: often not at all.
func (p *plan) drawSchedule(r *rand.Rand, o *Options) {
	p.gap = map[string]time.Duration{}
	pace := between(r, 100*time.Millisecond, 2*time.Second) // of all of them
	for _, kind := range faultKinds {
		gap := time.Duration(float64(pace) * []float64{0, 0, 1, 3, 10, 30}[r.IntN(6)])
		if scheduled[kind].begin != nil && o.allows(kind) {
			p.gap[kind] = gap
		}
	}
}

func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// between draws a duration: in each doubling from least to most it is as likely as
// in any other.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	doublings := 1
	for x := 2 * least; x < most; x *= 2 {
		doublings++
	}
	d := least << r.IntN(doublings)
	return min(d+time.Duration(r.Int64N(int64(d))), most)
}
