package sim

import (
	"math"
	"time"

	"paxos/protocol"
)

// clock is a machine's monotonic clock: it may run fast or slow, and jump forward.
type clock struct {
	since time.Duration // of the world, when it showed
	shown protocol.Time
	rate  float64
}

// newClock starts near 0, as after a boot.
func newClock(now time.Duration, rate float64) clock {
	return clock{since: now, shown: 1, rate: rate}
}

// at is what it shows at a time of the world.
func (c *clock) at(now time.Duration) protocol.Time {
	if c.rate == 1 {
		return c.shown.Add(now - c.since)
	}
	return c.shown.Add(scaled(now-c.since, c.rate))
}

// when is the time of the world at which it shows t, or a moment later.
func (c *clock) when(t protocol.Time) time.Duration {
	if c.rate == 1 {
		return c.since + t.Sub(c.shown)
	}
	return c.since + scaled(t.Sub(c.shown), 1/c.rate) + 2
}

// drift lets it run at another rate from now on.
func (c *clock) drift(now time.Duration, rate float64) {
	c.shown, c.since, c.rate = c.at(now), now, rate
}

// jump sets it forward.
func (c *clock) jump(d time.Duration) { c.shown = c.shown.Add(d) }

// scaled multiplies in an order that leaves no room for fused operations, which
// some processors have and others have not.
func scaled(d time.Duration, rate float64) time.Duration {
	product := float64(float64(d) * rate)
	return time.Duration(math.Floor(product))
}
