package client

import (
	"time"

	"paxos/protocol"
)

// burst is how many datagrams are repeated at once; more follow after a breath.
const burst = 4

// patientTries is how many waits are equal before they double.
const patientTries = 10

// backOff is the wait after c.tries tries, given the first wait. The first few
// are equal: a datagram lost by chance should be repaired soon.
func (c *Client) backOff(first time.Duration) time.Duration {
	return min(first<<min(max(c.tries-patientTries, 0), 8), c.cfg.RetransmitMax)
}

// timeout is how long an answer may take.
func (c *Client) timeout() time.Duration {
	return min(max(c.rtt.mean+4*c.rtt.deviation, c.cfg.RetransmitMin), c.cfg.RetransmitMax)
}

// arm sets the time when the oldest run that was sent must be given up for
// lost. Answers are for all commands up to a number, so it is the one that
// holds up the others. The rest of a repetition does not wait for it.
func (c *Client) arm(now protocol.Time) {
	c.dueAt = 0
	if c.runs.underWay() == 0 {
		c.breathAt = 0
		return
	}
	oldest := c.runs.at(0)
	c.dueAt = max(oldest.sentAt.Add(c.backOff(c.timeout())), now, 1)
	if c.breathAt != 0 {
		c.dueAt = min(c.dueAt, c.breathAt)
	}
}

// repeat sends again what was given no answer in time, oldest first. Small
// runs that follow each other go in one Submit. When time-outs pile up there
// is no leader, most likely: then one datagram is enough to find the next.
func (c *Client) repeat(now protocol.Time, out *protocol.Output) {
	c.breathAt = 0
	late := now - protocol.Time(c.timeout())
	i, sent := c.runs.late(0, late), 0
	if i == c.runs.underWay() { // the rest has been answered meanwhile
		c.arm(now)
		return
	}
	limit := burst
	if c.tries++; c.tries > 2 {
		limit = 1
	}
	for ; i < c.runs.underWay() && sent < limit; sent++ {
		i = c.runs.late(i+c.merge(now, i, late, out), late)
	}
	c.repeated += uint64(sent)
	if sent == burst && i < c.runs.underWay() {
		c.tries-- // the same time-out goes on
		c.breathAt = now.Add(c.cfg.RetransmitMin / 8)
		c.dueAt = c.breathAt
		return
	}
	c.arm(now)
	if c.dueAt <= now {
		c.dueAt = now.Add(c.cfg.RetransmitMin / 8)
	}
	c.dueAt = now.Add(c.jitter(c.dueAt.Sub(now)))
}

// merge sends run i again together with the runs behind it that are late, too,
// as far as they fit, and returns how many that were. Their blocks lie side by
// side already.
func (c *Client) merge(now protocol.Time, i int, late protocol.Time, out *protocol.Output) int {
	head := c.runs.at(i)
	c.send(now, head, out)
	n := 1
	for ; i+n < c.runs.underWay(); n++ {
		r := c.runs.at(i + n)
		if r.sentAt > late || r.start != c.runs.at(i+n-1).end || r.end-head.start > c.cfg.SubmitBytes {
			break
		}
		r.sentAt = now
		r.tries++
		head.msg.Run.Count += r.count
		head.msg.Run.Block = c.block.bytes[head.start:r.end]
	}
	return n
}

// rtt estimates how long an answer takes (Jacobson's smoothed mean and deviation).
type rtt struct{ mean, deviation time.Duration }

func (r *rtt) sample(d time.Duration) {
	if r.mean == 0 {
		r.mean, r.deviation = d, d/2
		return
	}
	r.deviation += ((d - r.mean).Abs() - r.deviation) / 4
	r.mean += (d - r.mean) / 8
}
