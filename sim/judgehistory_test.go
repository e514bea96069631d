package sim

import (
	"testing"

	"paxos/protocol"
)

func TestHistoriesAreJudged(t *testing.T) {
	for name, test := range map[string]struct {
		check, says string
		do          func(c *court, a, b *author) (violation func())
	}{
		"something is appended that no client submitted": {checkValidity, "no client submitted", func(c *court, a, b *author) func() {
			c.decide(2, run(1, 1, []byte("from nowhere")))
			return func() { c.applied(c.learner, 2, run(1, 1, []byte("from nowhere"))) }
		}},
		"a payload has changed on its way": {checkValidity, "no client submitted", func(c *court, a, b *author) func() {
			p := a.payload(c.begins(a, 30))
			p[20] ^= 1
			c.decide(2, run(1, 1, p))
			return func() { c.applied(c.learner, 2, run(1, 1, p)) }
		}},
		"a session is opened that no client asked for": {checkValidity, "which no client drew", func(c *court, a, b *author) func() {
			v := protocol.Value(nil).AppendOpen(protocol.Nonce{9})
			c.decide(2, v)
			return func() { c.applied(c.learner, 2, v) }
		}},
		"a command is applied twice": {checkOnce, "stands at 0 already", func(c *court, a, b *author) func() {
			p := b.payload(c.begins(b, 8))
			c.apply(2, protocol.Value(nil).AppendOpen(protocol.Nonce{7}))
			c.apply(3, run(2, 1, p))
			c.decide(4, run(2, 2, p))
			return func() { c.applied(c.learner, 4, run(2, 2, p)) }
		}},
		"a command is in another's session": {checkFIFO, "of another", func(c *court, a, b *author) func() {
			p := b.payload(c.begins(b, 8))
			c.decide(2, run(1, 1, p))
			return func() { c.applied(c.learner, 2, run(1, 1, p)) }
		}},
		"commands of a session change places": {checkFIFO, "as number 1 of its session", func(c *court, a, b *author) func() {
			c.begins(a, 8)
			p := a.payload(c.begins(a, 8))
			c.decide(2, run(1, 1, p))
			return func() { c.applied(c.learner, 2, run(1, 1, p)) }
		}},
		"a refused command is applied": {checkLinear, "never will be", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			c.refused(a, n)
			c.decide(2, run(1, 1, a.payload(n)))
			return func() { c.applied(c.learner, 2, run(1, 1, a.payload(n))) }
		}},
		"an applied command is refused": {checkLinear, "was not applied, and it stands", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			c.apply(2, run(1, 1, a.payload(n)))
			return func() { c.refused(a, n) }
		}},
		"an acknowledged command is lost": {checkLinear, "and it was not", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			return func() { c.acknowledgedUnplaced(a, n) }
		}},
		"a command is acknowledged with a wrong place": {checkLinear, "stands at 0", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			c.apply(2, run(1, 1, a.payload(n)))
			return func() { c.acknowledged(a, n, 1) }
		}},
		"an acknowledgement goes beyond what is applied": {checkValidity, "applied are those up to 0", func(c *court, a, b *author) func() {
			return func() { c.tell(c.leader, &protocol.Acks{Acks: []protocol.Ack{{Session: 1, Through: 1}}}) }
		}},
		"a session is told open that is not": {checkValidity, "it is not", func(c *court, a, b *author) func() {
			return func() { c.tell(c.leader, &protocol.Opened{Session: 2, Nonce: protocol.Nonce{7}}) }
		}},
		"a read sees less than was acknowledged before it": {checkLinear, "sees 0 entries", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			c.apply(2, run(1, 1, a.payload(n)))
			c.acknowledged(a, n, 0)
			floor := c.reads()
			return func() { c.read(c.learner, floor, 0) }
		}},
		"a read sees less than another one before it": {checkLinear, "sees 0 entries", func(c *court, a, b *author) func() {
			n := c.begins(a, 8)
			first := c.reads()
			c.apply(2, run(1, 1, a.payload(n)))
			c.read(c.learner, first, 1)
			second := c.reads()
			return func() { c.read(c.learner, second, 0) }
		}},
		"a read sees what is not there": {checkLinear, "there are only 0", func(c *court, a, b *author) func() {
			return func() { c.read(c.learner, 0, 1) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourt(t, ShapeRoles)
			a, b := c.author("a", nonceA), c.author("b", protocol.Nonce{7})
			c.apply(1, openA)
			c.names(test.check, test.says, test.do(c, a, b))
		})
	}
}

// Two reads and an append that overlap may see each other in any order.
func TestOverlappingOperationsAreFree(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("a", nonceA)
	c.apply(1, openA)
	early, late := c.reads(), c.reads()
	n := c.begins(a, 8)
	c.apply(2, run(1, 1, a.payload(n)))
	c.read(c.learner, late, 1)
	c.read(c.learner, early, 0)
	c.acknowledged(a, n, 0)
}

// An append that begins when a list is known cannot take a place below its end.
// The book gives places in order, so the list itself would have to be a lie.
func TestAnAppendBelowWhatWasReadIsNamed(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("a", nonceA)
	c.apply(1, openA)
	c.history.floor = 5
	n := c.begins(a, 8)
	c.decide(2, run(1, 1, a.payload(n)))
	c.names(checkLinear, "it began when a list of 5 entries was known", func() { c.applied(c.learner, 2, run(1, 1, a.payload(n))) })
}

// The book applies a command if it is the next one of its session, and no other.
func TestTheBookKeepsTheApplyRule(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("a", nonceA)
	c.apply(1, openA)
	var p [][]byte
	for range 4 {
		p = append(p, a.payload(c.begins(a, 8)))
	}
	c.apply(2, run(1, 2, p[1]))             // too early
	c.apply(3, run(1, 1, p[0], p[1]))       // in turn
	c.apply(4, run(1, 2, p[1], p[2], p[3])) // in part
	c.apply(5, run(9, 1, p[0]))             // of no session
	if c.book.length() != 4 || c.lengthAt(2) != 0 || c.lengthAt(3) != 2 {
		t.Fatalf("a list of %d entries", c.book.length())
	}
}

func TestTheBookEvictsTheSessionThatWasNotUsedForLongest(t *testing.T) {
	b := newBook()
	for n := range protocol.MaxSessions {
		b.open(protocol.Nonce{byte(n), byte(n >> 8), 1})
	}
	b.open(protocol.Nonce{0, 0, 1}) // the first one again
	b.open(protocol.Nonce{0, 0, 2})
	if _, known := b.last(1); !known {
		t.Error("a session was evicted that had just been used")
	}
	if _, known := b.last(2); known || len(b.sessions) != protocol.MaxSessions {
		t.Errorf("%d sessions, and the second one among them", len(b.sessions))
	}
}
