package learner

import (
	"math"
	"math/rand/v2"

	"paxos/protocol"
)

// Learner is the core of one learner. It is not safe for concurrent use.
type Learner struct {
	cfg  Config
	rand *rand.Rand
	pins *protocol.Pins

	members protocol.Membership // who votes
	changes bool                // it may change: Configure was called
	applied protocol.Instance   // here, as far as Applied was told
	horizon protocol.Instance   // who votes is known up to here

	next      protocol.Instance // the first undelivered
	open      ring              // next and the instances above it
	held      int               // bytes of the undelivered values in open
	marked    protocol.Mark     // what the last Mark said, as far as it was carried out
	watermark protocol.Instance // the highest instance known to be decided by somebody
	seen      protocol.Instance // the highest instance known to be proposed
	meanSize  int               // of the values delivered lately, in bytes
	recent    cache

	repair repair
	lag    lag

	stats Stats
}

// lag is what a peer said that has forgotten what this learner needs.
type lag struct {
	peer protocol.Peer
	trim protocol.Instance
}

// Stats counts what happened since the start.
type Stats struct {
	Decided      uint64 // instances delivered
	Asked        uint64 // Asks sent
	Answered     uint64 // pages of decisions sent to others
	Dropped      uint64 // values heard that had no room
	Strangers    uint64 // Accepted of no member, or without a store
	Unknown      uint64 // spans of votes on instances of which it is not known here yet who votes
	PinConflicts uint64 // Accepted from another store than the pinned one
	Conflicts    uint64 // a second value for one instance in one ballot: a proposer broke rule 3
	HeldBytes    int    // undelivered values now
	CacheBytes   int    // delivered values kept now
}

// New makes a learner whose state stands, durably, at the instance applied
// (0: at the beginning), and which remembers pins.
func New(cfg Config, applied protocol.Instance, pins []protocol.Pin) *Learner {
	cfg = cfg.withDefaults()
	l := &Learner{
		cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 0)),
		members: protocol.Unchanging(cfg.Quorum), applied: applied, horizon: math.MaxUint64,
		next: applied + 1, watermark: applied, open: newRing(),
		recent: newCache(cfg.CacheBytes, applied),
	}
	if l.pins = cfg.Pins; l.pins == nil {
		l.pins = new(protocol.Pins)
	}
	for _, pin := range pins {
		l.pins.Learn(pin)
	}
	l.repair.start(l)
	return l
}

// Step takes one message. Messages that are not for a learner change nothing.
func (l *Learner) Step(now protocol.Time, from protocol.Sender, m protocol.Message, out *protocol.Output) {
	before := l.next
	switch m := m.(type) {
	case *protocol.Accept:
		l.accept(m)
	case *protocol.Accepted:
		l.accepted(from, m, out)
	case *protocol.Heartbeat:
		l.watermark = max(l.watermark, m.Decided) // that, not what
		l.learnPins(m.Pins, out)
		l.mark(m.Mark)
	case *protocol.Decided:
		l.decided(m, out)
	case *protocol.Trimmed:
		l.trimmed(from, m)
	case *protocol.Ask:
		l.serve(from, m, out)
		return
	default:
		return
	}
	l.deliver(out)
	l.repair.pace(l, now, l.next > before, out)
}

// Tick does what is due at now.
func (l *Learner) Tick(now protocol.Time, out *protocol.Output) {
	before := l.next
	l.deliver(out)
	l.repair.pace(l, now, l.next > before, out)
	l.repair.tick(l, now, out)
}

// Deadline is when Tick is needed next, false if only a message can bring news.
func (l *Learner) Deadline() (protocol.Time, bool) {
	if l.open.at(l.next).decided { // after Advance
		return 0, true
	}
	return l.repair.at, l.repair.armed
}

// Next is the first undelivered instance.
func (l *Learner) Next() protocol.Instance { return l.next }

// Watermark is the highest instance that somebody is known to have decided.
func (l *Learner) Watermark() protocol.Instance { return l.watermark }

// Pins returns the pins held in ascending order, for a checkpoint; the caller
// must not change them.
func (l *Learner) Pins() []protocol.Pin { return l.pins.List() }

// Stats returns the counters.
func (l *Learner) Stats() Stats {
	s := l.stats
	s.HeldBytes, s.CacheBytes = l.held, l.recent.bytes
	return s
}

// Advance skips to the instance after to: a snapshot that stands at to was
// installed durably. It does nothing if the learner is there already. What it
// skips is never delivered; decisions that follow come with the next Tick.
func (l *Learner) Advance(to protocol.Instance) {
	if to < l.next {
		return
	}
	for i := l.next; i <= min(to, l.open.top); i++ {
		l.release(l.open.at(i))
	}
	l.next = to + 1
	l.Applied(to)
	l.watermark = max(l.watermark, to)
	l.recent = newCache(l.cfg.CacheBytes, to)
}

// Checkpointed says that the state up to i is durable here, so that whoever
// needs an older decision can have a snapshot instead: those may leave the cache.
func (l *Learner) Checkpointed(i protocol.Instance) { l.recent.checkpointed(i) }

// Behind reports that a peer has forgotten the next instance, which this
// learner asked it for: everything up to trim can be had there as a snapshot only.
func (l *Learner) Behind() (peer protocol.Peer, trim protocol.Instance, behind bool) {
	return l.lag.peer, l.lag.trim, l.lag.trim >= l.next
}

// trimmed believes a peer that it has forgotten the next instance only if it
// was asked: acceptors say Trimmed to proposers as well, and may have the
// decision in their cache all the same.
func (l *Learner) trimmed(from protocol.Sender, m *protocol.Trimmed) {
	l.watermark = max(l.watermark, m.Applied)
	if m.Trim >= l.next && l.repair.waitsFor(from.Peer) {
		l.lag = lag{from.Peer, m.Trim}
	}
}

// deliver hands out decisions strictly in instance order.
func (l *Learner) deliver(out *protocol.Output) {
	for s := l.open.at(l.next); s.decided; s = l.open.at(l.next) {
		out.Decided = append(out.Decided, protocol.Decision{Instance: l.next, Value: s.value})
		l.recent.push(s.value)
		l.meanSize += (len(s.value) - l.meanSize) / 8
		l.release(s)
		l.next++
		l.stats.Decided++
	}
}

// release empties a slot.
func (l *Learner) release(s *slot) {
	l.held -= s.bytes
	*s = slot{}
}

// gap reports whether more is known to exist than was delivered.
func (l *Learner) gap() bool { return l.next <= l.watermark || l.next < l.seen }
