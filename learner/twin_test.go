package learner

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// twin is a learner as the paper writes it: it remembers everything that was
// ever heard, and after each message asks what follows from it.
type twin struct {
	quorum  protocol.Quorum
	values  map[key]string
	votes   map[key]map[protocol.NodeID]bool
	marked  map[key]bool
	decided map[protocol.Instance]string // by Decided lists
}

type key struct {
	i protocol.Instance
	b protocol.Ballot
}

func newTwin(q protocol.Quorum) *twin {
	return &twin{q, map[key]string{}, map[key]map[protocol.NodeID]bool{}, map[key]bool{}, map[protocol.Instance]string{}}
}

func (w *twin) step(from protocol.Sender, m protocol.Message) {
	switch m := m.(type) {
	case *protocol.Accept:
		w.values[key{m.Instance, m.Ballot}] = string(m.Value)
		w.mark(m.Mark)
	case *protocol.Heartbeat:
		w.mark(m.Mark)
	case *protocol.Accepted:
		for _, s := range m.Spans {
			for i := s.First; i <= s.Last; i++ {
				k := key{i, m.Ballot}
				if w.votes[k] == nil {
					w.votes[k] = map[protocol.NodeID]bool{}
				}
				w.votes[k][from.ID] = true
			}
		}
	case *protocol.Decided:
		for _, d := range m.Decisions {
			w.decided[d.Instance] = string(d.Value)
		}
	}
}

func (w *twin) mark(m protocol.Mark) {
	for i := m.First; !m.IsZero() && i <= m.Last; i++ {
		w.marked[key{i, m.Ballot}] = true
	}
}

// chosen and value are what follows from all that was heard.
func (w *twin) chosen(i protocol.Instance) bool {
	if _, ok := w.decided[i]; ok {
		return true
	}
	for k := range w.marked {
		if k.i == i {
			return true
		}
	}
	for k, votes := range w.votes {
		if k.i == i && len(votes) >= w.quorum.Majority() {
			return true
		}
	}
	return false
}

func (w *twin) value(i protocol.Instance) (string, bool) {
	if v, ok := w.decided[i]; ok {
		return v, true
	}
	for k, v := range w.values {
		if k.i == i && (w.marked[k] || len(w.votes[k]) >= w.quorum.Majority()) {
			return v, true
		}
	}
	return "", false
}

// truth is what a cluster did: for each instance, which ballots proposed what
// and who voted for it. All ballots from the chosen one on propose the decided
// value; below it, minorities voted for anything.
type truth struct {
	quorum protocol.Quorum
	values []string // decided, of instance 1 and on
	said   []event
}

type event struct {
	from protocol.Sender
	m    protocol.Message
}

func drawTruth(t *rapid.T) truth {
	n := rapid.SampledFrom([]int{1, 2, 3, 4, 5}).Draw(t, "acceptors")
	w := truth{quorum: members(n)}
	for i := range protocol.Instance(rapid.IntRange(1, 12).Draw(t, "instances")) {
		w.drawInstance(t, i+1)
	}
	for range rapid.IntRange(0, 3).Draw(t, "marks") { // what the last leader knows, at some time
		last := protocol.Instance(rapid.IntRange(1, len(w.values)).Draw(t, "last"))
		first := protocol.Instance(rapid.IntRange(1, int(last)).Draw(t, "first"))
		mark := protocol.Mark{Ballot: ballot("3.1"), Span: protocol.Span{First: first, Last: last}}
		w.said = append(w.said, event{leader, &protocol.Heartbeat{Ballot: mark.Ballot, Decided: last, Mark: mark}})
	}
	return w
}

func (w *truth) drawInstance(t *rapid.T, i protocol.Instance) {
	v := fmt.Sprint("v", i)
	w.values = append(w.values, v)
	chosen := uint64(rapid.IntRange(1, 3).Draw(t, "chosen in round"))
	for round := uint64(1); round <= 3; round++ {
		value, voters := v, rapid.IntRange(0, w.quorum.Size()).Draw(t, "voters")
		switch {
		case round < chosen:
			value, voters = rapid.SampledFrom([]string{"x", "y", v}).Draw(t, "value"), min(voters, w.quorum.Majority()-1)
		case round == chosen:
			voters = max(voters, w.quorum.Majority())
		}
		b := ballot(fmt.Sprintf("%d.1", round))
		w.said = append(w.said, event{leader, &protocol.Accept{Ballot: b, Instance: i, Value: protocol.Value(value)}})
		for _, id := range rapid.Permutation(w.quorum.Members()).Draw(t, "who")[:voters] {
			w.said = append(w.said, event{acceptor(id), &protocol.Accepted{Ballot: b, Spans: []protocol.Span{{First: i, Last: i}}}})
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "told") == 0 {
		w.said = append(w.said, event{acceptor(1), &protocol.Decided{Applied: i, Decisions: []protocol.Decision{{Instance: i, Value: protocol.Value(v)}}}})
	}
}

// heard loses, repeats and reorders what was said.
func (w *truth) heard(t *rapid.T) []event {
	var heard []event
	for _, e := range w.said {
		for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "copies") {
			heard = append(heard, e)
		}
	}
	if len(heard) == 0 {
		return nil
	}
	return rapid.Permutation(heard).Draw(t, "order")
}

// check keeps what a learner delivered, and holds it to the truth.
type check struct {
	truth     *truth
	delivered protocol.Instance
}

func (c *check) see(t rapid.TB, out *protocol.Output) {
	for _, d := range out.Decided {
		c.delivered++
		if d.Instance != c.delivered || string(d.Value) != c.truth.values[d.Instance-1] {
			t.Fatalf("delivered %d=%q after %d, want %q", d.Instance, d.Value, c.delivered-1, c.truth.values[c.delivered-1])
		}
	}
}

// After every message a learner has delivered exactly what follows from all
// messages so far, in order, and nothing else.
func TestALearnerKnowsExactlyWhatFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		world := drawTruth(t)
		l := New(Config{Self: self, Quorum: world.quorum, CacheBytes: 1 << 20}, 0, nil)
		w, c := newTwin(world.quorum), &check{truth: &world}
		for _, e := range world.heard(t) {
			var out protocol.Output
			l.Step(0, e.from, e.m, &out)
			w.step(e.from, e.m)
			c.see(t, &out)
			c.equal(t, w, l)
		}
	})
}

func (c *check) equal(t rapid.TB, w *twin, l *Learner) {
	var known protocol.Instance
	for {
		if _, ok := w.value(known + 1); !ok {
			break
		}
		known++
	}
	if c.delivered != known {
		t.Fatalf("delivered up to %d, but %d is known", c.delivered, known)
	}
	for i := range c.truth.values {
		if i := protocol.Instance(i + 1); w.chosen(i) && l.Watermark() < i {
			t.Fatalf("instance %d is chosen, the watermark is %d", i, l.Watermark())
		}
	}
}

// Whatever was lost, a learner that hears of the end learns everything from a
// peer over a network that loses half, within the smallest bounds.
func TestRepairBringsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		world := drawTruth(t)
		cfg := Config{Self: self, Quorum: world.quorum, Peers: peers(world.quorum.Size()), Seed: rapid.Uint64().Draw(t, "seed"),
			MaxAhead: rapid.IntRange(1, 20).Draw(t, "ahead"), MaxHeldBytes: rapid.IntRange(1, 20).Draw(t, "held"),
			ReplyBytes: rapid.IntRange(1, 200).Draw(t, "reply"), PageBytes: rapid.IntRange(1, 60).Draw(t, "page")}
		net := network{learner: New(cfg, 0, nil), check: &check{truth: &world}}
		for _, id := range world.quorum.Members() {
			net.peers = append(net.peers, knowing(&world, cfg, acceptor(id)))
		}
		for _, e := range world.heard(t) {
			net.tell(t, e.from, e.m)
		}
		last := protocol.Instance(len(world.values))
		for round := 0; net.learner.Next() <= last; round++ {
			if round > 2000 {
				t.Fatalf("still at %d of %d", net.learner.Next(), last)
			}
			net.tell(t, leader, &protocol.Heartbeat{Ballot: ballot("9.1"), Decided: last})
			net.pass(t)
		}
	})
}

// knowing makes a peer that has delivered the truth.
func knowing(world *truth, cfg Config, self protocol.Sender) *Learner {
	cfg.Self, cfg.CacheBytes, cfg.MaxAhead, cfg.MaxHeldBytes = self, 1<<20, 0, 0
	l := New(cfg, 0, nil)
	m := &protocol.Decided{}
	for i, v := range world.values {
		m.Decisions = append(m.Decisions, protocol.Decision{Instance: protocol.Instance(i + 1), Value: protocol.Value(v)})
	}
	l.Step(0, leader, m, new(protocol.Output))
	return l
}

// network is a learner among peers, with a loss of one half.
type network struct {
	learner *Learner
	peers   []*Learner
	check   *check
	now     protocol.Time
	coin    uint64
}

func (n *network) lost() bool {
	n.coin = n.coin*6364136223846793005 + 1442695040888963407
	return n.coin>>63 == 1
}

func (n *network) tell(t rapid.TB, from protocol.Sender, m protocol.Message) {
	var out protocol.Output
	n.learner.Step(n.now, from, m, &out)
	n.take(t, &out)
}

// pass lets time pass up to the next alarm.
func (n *network) pass(t rapid.TB) {
	var out protocol.Output
	at, ok := n.learner.Deadline()
	if !ok {
		n.now = n.now.Add(time.Millisecond)
		return
	}
	n.now = max(n.now, at)
	n.learner.Tick(n.now, &out)
	n.take(t, &out)
}

// take checks an output and carries its questions to the peers.
func (n *network) take(t rapid.TB, out *protocol.Output) {
	n.check.see(t, out)
	bounds(t, n.learner)
	for _, send := range out.Now {
		for _, p := range n.peers {
			var reply protocol.Output
			if !n.lost() {
				p.Step(n.now, self, send.Msg, &reply)
			}
			for _, r := range reply.Now {
				if !n.lost() {
					n.tell(t, p.cfg.Self, r.Msg)
				}
			}
		}
	}
}

// bounds holds a learner to its own limits: the next instance may hold a few
// values too many.
func bounds(t rapid.TB, l *Learner) {
	var held int
	for i := range l.open.slots {
		held += heldBytes(&l.open.slots[i])
	}
	if held != l.held || held > l.cfg.MaxHeldBytes+maxBallots*len("v10") {
		t.Fatalf("held %d bytes, reckoned %d, limit %d", held, l.held, l.cfg.MaxHeldBytes)
	}
	if len(l.open.slots) > max(256, 2*l.cfg.MaxAhead) {
		t.Fatalf("%d slots for %d instances", len(l.open.slots), l.cfg.MaxAhead)
	}
}

// heldBytes counts afresh what a slot holds, shared values once.
func heldBytes(s *slot) (n int) {
	seen := map[*byte]bool{}
	for _, v := range append([]protocol.Value{s.value, s.first.value}, valuesOf(s.more)...) {
		if p := unsafe.SliceData(v); len(v) > 0 && !seen[p] {
			seen[p] = true
			n += len(v)
		}
	}
	return n
}

func valuesOf(list []proposal) (values []protocol.Value) {
	for _, p := range list {
		values = append(values, p.value)
	}
	return values
}

// A value that was repaired before its Accepts came is held once, however many
// ballots proposed it and whichever of them are forgotten again.
func TestASharedValueIsReckonedOnce(t *testing.T) {
	l := New(Config{Self: self, Quorum: members(3)}, 0, nil)
	var out protocol.Output
	tell := func(m protocol.Message) {
		l.Step(0, leader, m, &out)
		bounds(t, l)
	}
	tell(&protocol.Decided{Decisions: []protocol.Decision{{Instance: 2, Value: protocol.Value("value")}}})
	for round := range 2 * maxBallots {
		tell(&protocol.Accept{Ballot: ballot(fmt.Sprintf("%d.1", round+1)), Instance: 2, Value: protocol.Value("value")})
	}
	if n := l.Stats().HeldBytes; n != len("value") {
		t.Errorf("held %d bytes, want those of one value", n)
	}
	tell(&protocol.Decided{Decisions: []protocol.Decision{{Instance: 1, Value: protocol.Value("first")}}})
	if n := l.Stats().HeldBytes; n != 0 || len(out.Decided) != 2 {
		t.Errorf("%d delivered, held %d bytes", len(out.Decided), n)
	}
}

// The same events make the same outputs.
func TestTheSameSeedAsksTheSame(t *testing.T) {
	run := func(seed uint64) (asked []string) {
		l := New(Config{Self: self, Quorum: members(3), Peers: peers(3), Seed: seed}, 0, nil)
		var out protocol.Output
		l.Step(0, leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 5}, &out)
		for range 20 {
			at, _ := l.Deadline()
			l.Tick(at, &out)
			asked = append(asked, fmt.Sprint(at))
		}
		for _, s := range out.Now {
			asked = append(asked, show(s.Msg))
		}
		return asked
	}
	if !slices.Equal(run(1), run(1)) {
		t.Error("two runs with one seed differ")
	}
	if slices.Equal(run(1), run(2)) {
		t.Error("two seeds make the same run")
	}
}
