package client

import (
	"fmt"
	"slices"
	"testing"

	"paxos/protocol"
)

// smallWorld is a client, a list that applies its commands, and what is under way between them, in the order in which
// it was sent. Nothing is drawn at random: a test says what happens next.
type smallWorld struct {
	t       *testing.T
	c       *Client
	now     protocol.Time
	offered int
	up      []protocol.Message // to the list
	down    []protocol.Message // to the client
	opened  bool               // the list has the session
	applied []string
	acked   protocol.Seq // what the client said last
}

// smallCommands is how many commands there are.
const smallCommands = 8

// newSmallWorld has a client whose memory is so small that it goes around its end at the fifth command, and takes two commands in a datagram.
func newSmallWorld(t *testing.T) *smallWorld {
	return &smallWorld{t: t, c: New(Config{Nonce: protocol.Nonce{5}, SubmitBytes: 6, Window: 3, WindowBytes: 12})}
}

// namedStep is something that can happen. It returns false where it cannot.
type namedStep struct {
	name string
	do   func(w *smallWorld) bool
}

var steps = []namedStep{
	{"offer", (*smallWorld).offer},
	{"flush", (*smallWorld).flush},
	{"time-out", (*smallWorld).timeOut},
	{"first up", func(w *smallWorld) bool { return w.arrive(0, true) }},
	{"last up", func(w *smallWorld) bool { return len(w.up) > 1 && w.arrive(len(w.up)-1, true) }},
	{"a copy up", func(w *smallWorld) bool { return w.arrive(0, false) }},
	{"half up", (*smallWorld).half},
	{"lose up", func(w *smallWorld) bool { return w.lose(&w.up) }},
	{"first down", func(w *smallWorld) bool { return w.answer(0) }},
	{"last down", func(w *smallWorld) bool { return len(w.down) > 1 && w.answer(len(w.down)-1) }},
	{"lose down", func(w *smallWorld) bool { return w.lose(&w.down) }},
	{"others' answers", (*smallWorld).strange},
}

func command(n int) string { return fmt.Sprintf("c%d", n) }

func (w *smallWorld) offer() bool {
	if w.offered == smallCommands || !w.c.Offer([]byte(command(w.offered+1))) {
		return false
	}
	w.offered++
	return true
}

func (w *smallWorld) flush() bool {
	var out protocol.Output
	w.c.Flush(w.now, &out)
	w.send(&out)
	return len(out.Now) > 0
}

// half is a Submit of which only the first command got into a value.
func (w *smallWorld) half() bool {
	if len(w.up) == 0 {
		return false
	}
	m, ok := w.up[0].(*protocol.Submit)
	if !ok || m.Run.Count < 2 {
		return false
	}
	_, rest, err := protocol.NextPayload(m.Run.Block)
	if err != nil {
		w.t.Fatal(err)
	}
	first := m.Run
	first.Count, first.Block = 1, m.Run.Block[:len(m.Run.Block)-len(rest)]
	w.up = append([]protocol.Message{&protocol.Submit{Run: first}}, w.up[1:]...)
	return w.arrive(0, true)
}

// strange are answers that are not for this client, or for what it never sent.
func (w *smallWorld) strange() bool {
	before := *w.c
	var out protocol.Output
	w.c.Step(w.now, protocol.Sender{}, &protocol.Opened{Nonce: protocol.Nonce{6}, Session: 8}, &out)
	w.c.Step(w.now, protocol.Sender{}, &protocol.Acks{Acks: []protocol.Ack{{Session: 8, Through: 1}, {Session: 7, Through: 9}}}, &out)
	w.c.Step(w.now, protocol.Sender{}, &protocol.Expired{Session: 8}, &out)
	if len(out.Now) > 0 || w.c.session != before.session || w.c.acked != before.acked || w.c.err != nil {
		w.t.Fatalf("others' answers changed something: session %d, %d acknowledged, %v", w.c.session, w.c.acked, w.c.err)
	}
	return false // nothing happened
}

func (w *smallWorld) timeOut() bool {
	due, ok := w.c.Deadline()
	if !ok {
		return false
	}
	w.now = max(w.now, due)
	var out protocol.Output
	w.c.Tick(w.now, &out)
	w.send(&out)
	return true
}

// send takes a copy of what the client says: its messages alias its memory.
func (w *smallWorld) send(out *protocol.Output) {
	for _, s := range out.Now {
		data := protocol.AppendMessage(nil, 1, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleClient, ID: 1}}, s.Msg)
		_, m, err := protocol.DecodeMessage(1, data)
		if err != nil {
			w.t.Fatal(err)
		}
		if submit, ok := m.(*protocol.Submit); ok && len(submit.Run.Block) > w.c.cfg.SubmitBytes {
			w.t.Fatalf("a Submit of %d bytes", len(submit.Run.Block))
		}
		w.up = append(w.up, m)
	}
}

// arrive lets the n-th message come to the list, which answers.
func (w *smallWorld) arrive(n int, gone bool) bool {
	if n >= len(w.up) {
		return false
	}
	m := w.up[n]
	if gone {
		w.up = append(w.up[:n:n], w.up[n+1:]...)
	}
	switch m := m.(type) {
	case *protocol.Open:
		w.opened = true
		w.down = append(w.down, &protocol.Opened{Nonce: m.Nonce, Session: 7})
	case *protocol.Submit:
		w.apply(m.Run)
		w.down = append(w.down, &protocol.Acks{Acks: []protocol.Ack{{Session: 7, Through: protocol.Seq(len(w.applied))}}})
	}
	return true
}

// apply is the list's rule, and looks at every command on its way.
func (w *smallWorld) apply(r protocol.Run) {
	if !w.opened || r.Session != 7 {
		w.t.Fatalf("a Submit of session %d, which is not open", r.Session)
	}
	block := r.Block
	for seq := r.First; seq <= r.Last(); seq++ {
		payload, rest, err := protocol.NextPayload(block)
		if err != nil || string(payload) != command(int(seq)) {
			w.t.Fatalf("command %d arrived as %q: %v", seq, payload, err)
		}
		if int(seq) == len(w.applied)+1 {
			w.applied = append(w.applied, string(payload))
		}
		block = rest
	}
}

func (w *smallWorld) answer(n int) bool {
	if n >= len(w.down) {
		return false
	}
	m := w.down[n]
	w.down = append(w.down[:n:n], w.down[n+1:]...)
	w.now += ms
	ready := w.c.Ready()
	var out protocol.Output
	w.c.Step(w.now, protocol.Sender{}, m, &out)
	w.send(&out)
	if !ready && w.c.sent() != protocol.Seq(w.offered) {
		w.t.Fatalf("the session is open, and %d of %d are sent", w.c.sent(), w.offered)
	}
	return true
}

func (w *smallWorld) lose(queue *[]protocol.Message) bool {
	if len(*queue) == 0 {
		return false
	}
	*queue = (*queue)[1:]
	return true
}

// check: nothing counts as done that is not, and what is neither sent nor acknowledged has a time.
func (w *smallWorld) check() {
	if w.c.Acked() < w.acked || int(w.c.Acked()) > len(w.applied) || w.c.Outstanding() != w.offered-int(w.c.Acked()) {
		w.t.Fatalf("%d of %d acknowledged, %d applied, %d outstanding", w.c.Acked(), w.offered, len(w.applied), w.c.Outstanding())
	}
	w.acked = w.c.Acked()
	if _, due := w.c.Deadline(); !due && w.c.Acked() < w.c.sent() {
		w.t.Fatalf("%d of %d acknowledged, and nothing is due", w.c.Acked(), w.c.sent())
	}
}

// heal lets everything arrive, while more is offered: all commands must be acknowledged soon.
func (w *smallWorld) heal() {
	for range 60 {
		for range 2 { // so that never all is acknowledged, and the memory goes around
			w.offer()
			w.flush()
		}
		if !w.arrive(0, true) && !w.answer(0) {
			w.timeOut()
		}
		w.check()
		w.answer(0)
		w.check()
		if int(w.c.Acked()) == smallCommands {
			return
		}
	}
	w.t.Fatalf("%d acknowledged, %d applied after the network was healed", w.c.Acked(), len(w.applied))
}

// Everything that can happen in five steps, from the first Open on, and from three commands under way on: commands
// offered late or early, lost, taken in part, repeated, overtaken, answered twice and out of turn. Never does more
// count as done than is, no command arrives changed or before its session is open; and from wherever that leads, all are
// acknowledged once messages get through.
func TestEveryShortInterleaving(t *testing.T) {
	for name, start := range map[string][]string{
		"from the first Open on":     nil,
		"from three commands on":     {"time-out", "first up", "first down", "offer", "flush", "offer", "flush", "offer", "flush"},
		"from two in one message on": {"time-out", "first up", "first down", "offer", "offer", "flush", "offer"},
		"from the memory's end on": {"time-out", "first up", "first down", "offer", "flush", "offer", "flush", "offer", "flush",
			"first up", "first up", "first down", "first down", "offer", "offer"},
	} {
		t.Run(name, func(t *testing.T) {
			var path []int
			for _, step := range start {
				path = append(path, slices.IndexFunc(steps, func(s namedStep) bool { return s.name == step }))
			}
			walk := walk{t: t, depth: len(path) + 5}
			walk.from(path)
			t.Logf("%d interleavings", walk.played)
		})
	}
}

type walk struct {
	t      *testing.T
	depth  int
	played int
}

// from plays a path, and then all that go on from it.
func (k *walk) from(path []int) {
	w := newSmallWorld(k.t)
	defer k.explain(path)
	for n, code := range path {
		if !steps[code].do(w) {
			if n < len(path)-1 {
				k.t.Fatalf("%v cannot be played again", path)
			}
			return
		}
		w.check()
	}
	if k.played++; len(path) == k.depth {
		w.heal()
		return
	}
	for code := range steps {
		k.from(append(path[:len(path):len(path)], code))
	}
}

// explain tells the steps that led to a failure.
func (k *walk) explain(path []int) {
	if !k.t.Failed() || k.depth == 0 {
		return
	}
	k.depth = 0 // once
	for _, code := range path {
		k.t.Log(steps[code].name)
	}
}
