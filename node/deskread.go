package node

import (
	"time"

	"paxos/protocol"
)

// reads are the desk's linearizable reads (rule 12). Those that arrive while the
// leader is being asked share the next question. An answer names the instance
// that this server must have applied; then all reads of that question go on.
//
// A question may be asked again, of the same leader or another: all its reads
// began before it was first asked, so any answer to it is late enough. An answer to
// a question of an earlier life of this server is not: so the first id is drawn at
// random.
type reads struct {
	next     []*call // arrived after the question that is under way
	asked    []*call // wait for its answer
	id       uint64  // of the question that is under way, or was last
	answered fifo[answeredRead]
	dueAt    protocol.Time // when to ask again; 0: nobody waits
	tries    int
	seen     protocol.Instance // what was applied at the last tick
}

// answeredRead are reads that wait until an instance is applied here.
type answeredRead struct {
	at    protocol.Instance
	calls []*call
}

const (
	askAgainMin = 20 * time.Millisecond
	askAgainMax = 200 * time.Millisecond
)

func (r *reads) waiting() int {
	n := len(r.next) + len(r.asked)
	for _, a := range r.answered.all() {
		n += len(a.calls)
	}
	return n
}

// read takes a call for a linearizable read.
func (d *desk) read(c *call) {
	if d.waiting() >= deskCalls {
		d.finish(c, ErrBusy)
		return
	}
	d.reads.next = append(d.reads.next, c)
}

// behind lets a call go on when this list holds everything that was acknowledged
// before.
func (d *desk) behind(c *call, then func(now protocol.Time)) {
	if d.waiting() >= deskCalls {
		d.finish(c, ErrBusy)
		return
	}
	c.then = then
	d.held += c.size()
	d.read(c)
}

// passed lets a call go on, or answers one that only wanted to read.
func (d *desk) passed(now protocol.Time, c *call) {
	if c.then == nil {
		d.finish(c, nil)
	} else if then := d.release(c); c.wanted() {
		then(now)
	}
}

// release takes a call out that was to go on behind a barrier.
func (d *desk) release(c *call) (then func(now protocol.Time)) {
	if then, c.then = c.then, nil; then != nil {
		d.held -= c.size()
	}
	return then
}

// flush asks the leader, if somebody waits and no question is under way.
func (r *reads) flush(d *desk, now protocol.Time) {
	if len(r.asked) > 0 || len(r.next) == 0 {
		return
	}
	r.asked, r.next = r.next, r.asked[:0]
	r.id++
	r.tries = 0
	r.ask(d, now)
}

func (r *reads) ask(d *desk, now protocol.Time) {
	d.out.Send(protocol.GroupProposers, &protocol.Read{ID: r.id})
	r.dueAt = now.Add(min(askAgainMin<<min(r.tries, 8), askAgainMax))
	r.tries++
}

// repeat asks again at once: there is a new leader. What the old one had
// proposed, and named in an answer, may never be decided.
func (r *reads) repeat(d *desk, now protocol.Time) {
	r.takeBack()
	if r.dueAt = 0; len(r.asked) > 0 {
		r.tries = 0
		r.ask(d, now)
	}
}

// takeBack lets those that have their answer ask again.
func (r *reads) takeBack() {
	for r.answered.len() > 0 {
		r.next = append(r.next, r.answered.pop().calls...)
	}
}

// tick asks again, unless nobody waits for the answer any more. Those that have
// their answer wait as long as more and more is applied here.
func (r *reads) tick(d *desk, now protocol.Time) {
	if r.dueAt == 0 || now < r.dueAt {
		return
	}
	r.asked, r.next = d.wanted(r.asked), d.wanted(r.next)
	stuck := r.seen == d.list.Applied()
	if r.seen = d.list.Applied(); stuck {
		r.takeBack()
	}
	r.dueAt = 0
	if r.answered.len() > 0 {
		r.dueAt = now.Add(askAgainMax)
	}
	if len(r.asked) > 0 {
		r.ask(d, now)
	}
}

// wanted drops those that nobody waits for any more.
func (d *desk) wanted(calls []*call) []*call {
	kept := calls[:0]
	for _, c := range calls {
		if c.wanted() {
			kept = append(kept, c)
		} else {
			d.release(c)
		}
	}
	clear(calls[len(kept):])
	return kept
}

// answer takes the leader's word on the question that is under way.
func (d *desk) answer(now protocol.Time, m *protocol.ReadAt) {
	r := &d.reads
	if m.ID != r.id || len(r.asked) == 0 {
		return
	}
	if r.answered.len() == 0 {
		r.seen = d.list.Applied()
	}
	r.answered.push(answeredRead{m.Instance, r.asked})
	r.asked, r.dueAt = nil, now.Add(askAgainMax)
	r.applied(d, now, d.list.Applied())
}

// applied lets those go on who waited for instance i, or an earlier one.
func (r *reads) applied(d *desk, now protocol.Time, i protocol.Instance) {
	for r.answered.len() > 0 && r.answered.front().at <= i {
		for _, c := range r.answered.pop().calls {
			d.passed(now, c)
		}
	}
	if r.answered.len() == 0 && len(r.asked) == 0 {
		r.dueAt = 0
	}
}
