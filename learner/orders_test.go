package learner

import (
	"fmt"
	"testing"

	"paxos/protocol"
)

// orders walks through every order in which a few messages can come, some perhaps never: each beginning of an order is
// one in which the rest is lost. What a learner knows depends on what it heard, not on the order.
type orders struct {
	t      *testing.T
	said   []event
	follow []follows // by the set of messages heard
	walked int
}

// follows is what a set of messages says: the values that are decided, from instance 1 on, and how far anything is.
type follows struct {
	values    []string
	watermark protocol.Instance
}

// walkOrders walks through all orders of at most 8 messages.
func walkOrders(t *testing.T, said ...event) int {
	o := &orders{t: t, said: said, follow: make([]follows, 1<<len(said))}
	for set := range o.follow {
		o.follow[set] = o.reckon(set)
	}
	o.walk(nil, 0)
	return o.walked
}

// walk goes on from a beginning with every message that was not in it. Only whole orders are played: their beginnings
// are looked at on the way.
func (o *orders) walk(order []int, set int) {
	if len(order) == len(o.said) {
		o.play(order)
		return
	}
	for n := range o.said {
		if set>>n&1 == 0 {
			o.walk(append(order, n), set|1<<n)
		}
	}
}

func (o *orders) play(order []int) {
	o.walked++
	l := New(Config{Self: self, Quorum: members(3)}, 0, nil)
	var delivered []string
	set := 0
	for _, n := range order {
		set |= 1 << n
		delivered = o.hear(l, n, delivered)
		o.check(l, order, set, delivered)
	}
	for _, n := range order { // all of it again
		delivered = o.hear(l, n, delivered)
	}
	o.check(l, order, set, delivered)
}

func (o *orders) hear(l *Learner, n int, delivered []string) []string {
	var out protocol.Output
	l.Step(0, o.said[n].from, o.said[n].m, &out)
	for _, d := range out.Decided {
		delivered = append(delivered, fmt.Sprint(d.Instance, string(d.Value)))
	}
	return delivered
}

func (o *orders) check(l *Learner, order []int, set int, delivered []string) {
	want := &o.follow[set]
	if len(delivered) != len(want.values) || l.Watermark() != want.watermark {
		o.t.Fatalf("in order %v, after %b: delivered %v, watermark %d; want %v, %d", order, set, delivered, l.Watermark(), want.values, want.watermark)
	}
	for i, v := range delivered {
		if v != want.values[i] {
			o.t.Fatalf("in order %v, after %b: delivered %v, want %v", order, set, delivered, want.values)
		}
	}
}

// reckon finds out what a set of messages says, the dumb way: an instance is decided as what a ballot proposed if a
// majority voted in that ballot, or its owner's Mark says so, or as a list of decisions has it.
func (o *orders) reckon(set int) (f follows) {
	w := newTwin(members(3))
	for n, e := range o.said {
		if set>>n&1 == 0 || e.from.Role == protocol.RoleAcceptor && e.from.ID > 3 {
			continue // not heard, or a stranger
		}
		w.step(e.from, e.m)
		switch m := e.m.(type) {
		case *protocol.Heartbeat:
			f.watermark = max(f.watermark, m.Decided, m.Mark.Last)
		case *protocol.Accept:
			f.watermark = max(f.watermark, m.Mark.Last)
		case *protocol.Decided:
			f.watermark = max(f.watermark, m.Applied)
		}
	}
	for i := protocol.Instance(1); i <= 3; i++ {
		if w.chosen(i) {
			f.watermark = max(f.watermark, i)
		}
		if v, ok := w.value(i); ok && int(i) == len(f.values)+1 {
			f.values = append(f.values, fmt.Sprint(i, v))
		}
	}
	return f
}

func proposed(b string, i protocol.Instance, v string) event {
	return event{leader, &protocol.Accept{Ballot: ballot(b), Instance: i, Value: protocol.Value(v)}}
}

func voted(id protocol.NodeID, b string, spans ...protocol.Span) event {
	return event{acceptor(id), &protocol.Accepted{Ballot: ballot(b), Spans: spans}}
}

func span(first, last protocol.Instance) protocol.Span {
	return protocol.Span{First: first, Last: last}
}

// One instance, two ballots, three acceptors, every set of voters that three acceptors can leave behind: all orders.
// What was chosen in the first ballot is what the second one proposes.
func TestEveryOrderOfEveryVote(t *testing.T) {
	walked, decided := 0, 0
	for sets := range 64 {
		first, second := sets%8, sets/8
		said := []event{proposed("1.1", 1, "v"), proposed("2.1", 1, "w")}
		if majority(first) {
			said[1] = proposed("2.1", 1, "v")
		}
		for id := range protocol.NodeID(3) {
			if first>>id&1 == 1 {
				said = append(said, voted(id+1, "1.1", span(1, 1)))
			}
			if second>>id&1 == 1 {
				said = append(said, voted(id+1, "2.1", span(1, 1)))
			}
		}
		walked += walkOrders(t, said...)
		if majority(first) || majority(second) {
			decided++
		}
	}
	t.Logf("%d orders of 64 sets of votes, %d of them decide", walked, decided)
}

func majority(set int) bool { return set&1+set>>1&1+set>>2&1 >= 2 }

// Two and three instances, Marks, watermarks, lists of decisions, and votes that span instances: all orders.
func TestEveryOrderOfMarksVotesAndLists(t *testing.T) {
	mark := func(b string, s protocol.Span) protocol.Mark { return protocol.Mark{Ballot: ballot(b), Span: s} }
	marked := func(b string, i protocol.Instance, v string, s protocol.Span) event {
		e := proposed(b, i, v)
		e.m.(*protocol.Accept).Mark = mark(b, s)
		return e
	}
	list := func(from protocol.Instance, values ...string) event {
		m := &protocol.Decided{Applied: from + protocol.Instance(len(values)) - 1}
		for n, v := range values {
			m.Decisions = append(m.Decisions, protocol.Decision{Instance: from + protocol.Instance(n), Value: protocol.Value(v)})
		}
		return event{acceptor(2), m}
	}
	for _, c := range []struct {
		name string
		said []event
	}{
		{"votes that span two instances", []event{
			proposed("1.1", 1, "a"), proposed("1.1", 2, "b"), voted(1, "1.1", span(1, 2)), voted(2, "1.1", span(2, 2)),
			voted(3, "1.1", span(1, 1)), voted(3, "1.1", span(2, 2)), voted(2, "1.1", span(1, 1)),
		}},
		{"a minority in the first ballot, and another value in the second", []event{
			proposed("1.1", 1, "a"), proposed("1.1", 2, "lost"), voted(1, "1.1", span(1, 2)), voted(2, "1.1", span(1, 1)),
			proposed("2.2", 2, "b"), voted(2, "2.2", span(2, 2)), voted(3, "2.2", span(2, 2)),
		}},
		{"a Mark of the second ballot over proposals of the first", []event{
			proposed("1.1", 1, "lost"), proposed("1.1", 2, "b"), proposed("2.2", 1, "a"), proposed("2.2", 2, "b"),
			{leader, &protocol.Heartbeat{Ballot: ballot("2.2"), Decided: 2, Mark: mark("2.2", span(1, 2))}},
			voted(1, "1.1", span(1, 2)), voted(3, "2.2", span(1, 2)),
		}},
		{"Marks that come with Accepts and grow", []event{
			proposed("1.1", 1, "a"), marked("1.1", 2, "b", span(1, 1)), marked("1.1", 3, "c", span(1, 2)),
			{leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 3, Mark: mark("1.1", span(1, 3))}},
			{leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 3, Mark: mark("1.1", span(2, 3))}}, voted(2, "1.1", span(3, 3)),
		}},
		{"a watermark says that, not what", []event{
			{leader, &protocol.Heartbeat{Ballot: ballot("2.2"), Decided: 2}}, proposed("2.2", 1, "a"), proposed("2.2", 2, "b"),
			voted(1, "2.2", span(1, 2)), voted(3, "2.2", span(1, 1)), voted(3, "2.2", span(2, 2)), {acceptor(1), &protocol.Trimmed{}},
		}},
		{"Marks of two ballots", []event{
			proposed("1.1", 1, "a"), proposed("2.2", 1, "a"), proposed("2.2", 2, "b"),
			{leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 1, Mark: mark("1.1", span(1, 1))}},
			{leader, &protocol.Heartbeat{Ballot: ballot("2.2"), Decided: 2, Mark: mark("2.2", span(1, 2))}},
			{acceptor(2), &protocol.Decided{Applied: 3}},
		}},
		{"votes of strangers", []event{
			proposed("1.1", 1, "a"), voted(1, "1.1", span(1, 1)), voted(4, "1.1", span(1, 1)), voted(5, "1.1", span(1, 1)),
			voted(1, "2.2", span(1, 1)), voted(2, "1.1", span(1, 1)),
		}},
		{"lists beside votes and other ballots", []event{
			list(1, "a"), list(2, "b", "c"), proposed("1.1", 1, "a"), proposed("1.1", 2, "lost"), proposed("1.1", 3, "c"),
			voted(1, "1.1", span(1, 3)), voted(2, "1.1", span(3, 3)),
		}},
	} {
		t.Run(c.name, func(t *testing.T) { t.Logf("%d orders", walkOrders(t, c.said...)) })
	}
}
