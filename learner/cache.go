package learner

import "paxos/protocol"

// cache keeps the values of the instances delivered last, to answer others.
//
// It holds limit bytes. Decisions that no durable checkpoint covers here yet
// can be had from nowhere else but the log, so they stay until the cache is
// twice as large; after that, peers have to wait for the next checkpoint.
type cache struct {
	values []protocol.Value  // of instance i at i modulo the length, a power of two
	first  protocol.Instance // the oldest one kept
	next   protocol.Instance // one past the newest
	safe   protocol.Instance // checkpointed up to here
	bytes  int
	limit  int
}

// cacheCost is what a value is reckoned at, in bytes.
func cacheCost(v protocol.Value) int { return len(v) + 64 }

func newCache(limit int, applied protocol.Instance) cache {
	return cache{first: applied + 1, next: applied + 1, safe: applied, limit: limit}
}

func (c *cache) slot(i protocol.Instance) *protocol.Value { return &c.values[int(i)&(len(c.values)-1)] }

// get returns the value of instance i, if it is kept.
func (c *cache) get(i protocol.Instance) (protocol.Value, bool) {
	if i < c.first || i >= c.next {
		return nil, false
	}
	return *c.slot(i), true
}

// push adds the value of the next instance.
func (c *cache) push(v protocol.Value) {
	c.next++
	if c.limit == 0 {
		c.first = c.next
		return
	}
	c.fit()
	*c.slot(c.next - 1) = v
	c.bytes += cacheCost(v)
	c.evict()
}

func (c *cache) checkpointed(i protocol.Instance) {
	c.safe = max(c.safe, i)
	c.evict()
}

func (c *cache) evict() {
	for c.bytes > c.limit && c.first < c.next && (c.first <= c.safe || c.bytes > 2*c.limit) {
		slot := c.slot(c.first)
		c.bytes -= cacheCost(*slot)
		*slot = nil
		c.first++
	}
}

// fit doubles the ring until it holds first to next-1.
func (c *cache) fit() {
	if c.next-c.first <= protocol.Instance(len(c.values)) {
		return
	}
	old := c.values
	c.values = make([]protocol.Value, max(64, 2*len(old)))
	for i := c.first; i < c.next-1; i++ {
		*c.slot(i) = old[int(i)&(len(old)-1)]
	}
}
