package proposer

import (
	"bytes"
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
)

// world is a small simulation: real proposers and clients between acceptors,
// learners and lists that are as dumb as can be, on a network that loses,
// repeats and reorders. Everything follows from one seed.
type world struct {
	t                    testing.TB
	rng                  *rand.Rand
	now                  protocol.Time
	events               events
	serial               uint64
	loss, dup            float64
	far                  time.Duration // the least that a datagram takes
	quorum               protocol.Quorum
	pageVotes            int
	valueBytes, pipeline int // of the servers
	proposers            []*proposerNode
	acceptors            []*acceptorNode
	clients              []*clientNode
	servers              []*serverNode
	apart                func(a, b receiver) bool // whom a partition separates; nil: nobody
	ballots              map[slotBallot]map[protocol.NodeID]bool
	values               map[slotBallot][]byte
	chosen               map[protocol.Instance][]byte
	through              protocol.Instance                  // all up to here are chosen, at least
	highest              protocol.Instance                  // the highest one chosen
	roll                 *list.State                        // of who takes part, by what is chosen
	asked                []uint64                           // the epochs of the changes that were asked for
	gone                 map[protocol.NodeID]bool           // servers that ended for ever
	configs              []protocol.Configuration           // all there ever were
	early                map[protocol.Instance][]slotBallot // votes on instances of which is not decided yet who votes
	marked               int                                // instances that marks were checked for
	checked              map[protocol.Ballot]protocol.Span  // what was found true: it stays so
	sent                 map[protocol.MessageType]int
}

type slotBallot struct {
	i protocol.Instance
	b protocol.Ballot
}

type event struct {
	at     protocol.Time
	serial uint64
	do     func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].serial < e[j].serial
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// receiver is any simulated process.
type receiver interface {
	hears(g protocol.Group) bool
	receive(from protocol.Sender, m protocol.Message)
	sender() protocol.Sender
}

func newWorld(t testing.TB, seed uint64, acceptors, proposers int) *world {
	w := emptyWorld(t, seed, acceptors)
	for i := range acceptors {
		w.acceptors = append(w.acceptors, newAcceptorNode(w, protocol.NodeID(i+1)))
	}
	for i := range proposers {
		n := &proposerNode{w: w, id: protocol.NodeID(i + 1)}
		w.proposers = append(w.proposers, n)
		n.start()
	}
	return w
}

// emptyWorld has a membership of n acceptors, but nobody lives there yet.
func emptyWorld(t testing.TB, seed uint64, n int) *world {
	q, err := protocol.QuorumOf(n)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 99)), quorum: q, pageVotes: 3, now: 1, valueBytes: 1400,
		ballots: make(map[slotBallot]map[protocol.NodeID]bool),
		values:  make(map[slotBallot][]byte),
		chosen:  make(map[protocol.Instance][]byte),
		sent:    make(map[protocol.MessageType]int),
		checked: make(map[protocol.Ballot]protocol.Span),
		configs: []protocol.Configuration{{From: 1, Quorum: q}},
		early:   make(map[protocol.Instance][]slotBallot),
		gone:    make(map[protocol.NodeID]bool),
	}
	w.roll = w.firstRoll()
	return w
}

func (w *world) after(d time.Duration, do func()) {
	w.serial++
	heap.Push(&w.events, event{w.now.Add(d), w.serial, do})
}

func (w *world) delay() time.Duration {
	return w.far + 30*time.Microsecond + time.Duration(w.rng.Int64N(int64(150*time.Microsecond)))
}

func (w *world) disk() time.Duration {
	return 80*time.Microsecond + time.Duration(w.rng.Int64N(int64(300*time.Microsecond)))
}

// run goes on until done or the time is over, and says which.
func (w *world) run(most time.Duration, done func() bool) bool {
	end := w.now.Add(most)
	for len(w.events) > 0 && w.events[0].at <= end {
		if done() {
			return true
		}
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
	return done()
}

func (w *world) receivers() []receiver {
	var all []receiver
	for _, a := range w.acceptors {
		all = append(all, a)
	}
	for _, p := range w.proposers {
		all = append(all, p)
	}
	for _, c := range w.clients {
		all = append(all, c)
	}
	for _, s := range w.servers {
		all = append(all, s)
	}
	return all
}

// send multicasts: encoded now, decoded by each receiver, lost for each by itself.
func (w *world) send(from receiver, sends []protocol.Send) {
	for _, s := range sends {
		w.sent[s.Msg.Type()]++
		data := protocol.AppendMessage(nil, 7, from.sender(), s.Msg)
		for _, to := range w.receivers() {
			if to == from || !to.hears(s.To) || !w.reaches(from, to, s.Only) {
				continue
			}
			for copies := w.copies(); copies > 0; copies-- {
				w.after(w.delay(), func() {
					sender, m, err := protocol.DecodeMessage(7, slices.Clone(data))
					if err != nil {
						w.t.Fatalf("a core sent what cannot be decoded: %v", err)
					}
					to.receive(sender, m)
				})
			}
		}
	}
}

// reaches reports whether the network carries a message at all. Groups hear
// everything; what servers send travels on connections.
func (w *world) reaches(from, to receiver, only protocol.Peer) bool {
	if _, connected := from.(*serverNode); connected && only != (protocol.Peer{}) && only != to.sender().Peer {
		return false
	}
	return w.apart == nil || !w.apart(from, to)
}

func (w *world) copies() int {
	switch x := w.rng.Float64(); {
	case x < w.loss:
		return 0
	case x < w.loss+w.dup:
		return 2
	}
	return 1
}

// vote is told of every vote, and checks agreement: one value an instance.
func (w *world) vote(id protocol.NodeID, v protocol.Vote) {
	key := slotBallot{v.Instance, v.Ballot}
	if old, ok := w.values[key]; ok && !bytes.Equal(old, v.Value) {
		w.t.Fatalf("rule 3: ballot %v gave instance %d two values", v.Ballot, v.Instance)
	}
	w.values[key] = v.Value
	if w.ballots[key] == nil {
		w.ballots[key] = make(map[protocol.NodeID]bool)
	}
	w.ballots[key][id] = true
	w.count(key)
	w.follow()
}

// count decides an instance if a majority of those who govern it voted.
func (w *world) count(key slotBallot) {
	if key.i > w.through+protocol.Alpha {
		w.early[key.i] = append(w.early[key.i], key)
		return
	}
	votes := 0
	q := w.governs(key.i)
	for id := range w.ballots[key] {
		if q.Contains(id) {
			votes++
		}
	}
	if votes < q.Majority() {
		return
	}
	value := w.values[key]
	if old, ok := w.chosen[key.i]; ok && !bytes.Equal(old, value) {
		w.t.Fatalf("agreement: instance %d decided twice, in ballot %v with another value", key.i, key.b)
	}
	w.chosen[key.i] = value
	w.highest = max(w.highest, key.i)
}

// checkMark holds a mark to the truth.
func (w *world) checkMark(m protocol.Mark) {
	if m.IsZero() {
		return
	}
	first, done := m.First, w.checked[m.Ballot]
	if done.Contains(first) {
		first = done.Last + 1
	}
	if first > m.Last {
		return
	}
	w.checked[m.Ballot] = m.Span
	for i := first; i <= m.Last; i++ {
		w.marked++
		value, ok := w.values[slotBallot{i, m.Ballot}]
		if decided, isChosen := w.chosen[i]; !ok || !isChosen || !bytes.Equal(decided, value) {
			w.t.Fatalf("mark %v: instance %d was not decided with this ballot's value", m, i)
		}
	}
}

func (w *world) decidedThrough() protocol.Instance { return w.through }

// leaders lists who thinks that it leads.
func (w *world) leaders() (ids []protocol.NodeID) {
	for _, n := range w.proposers {
		if n.p != nil && n.p.Leading() {
			ids = append(ids, n.id)
		}
	}
	for _, n := range w.servers {
		if n.up() && n.p.Leading() {
			ids = append(ids, n.id)
		}
	}
	return ids
}
