package proposer

import (
	"bytes"
	"container/heap"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paxos/client"
	"paxos/protocol"
)

// world is a small simulation: real proposers and clients between acceptors,
// learners and lists that are as dumb as can be, on a network that loses,
// repeats and reorders. Everything follows from one seed.
type world struct {
	t         testing.TB
	rng       *rand.Rand
	now       protocol.Time
	events    events
	serial    uint64
	loss, dup float64
	quorum    protocol.Quorum
	pageVotes int
	proposers []*proposerNode
	acceptors []*acceptorNode
	clients   []*clientNode
	ballots   map[slotBallot]map[protocol.NodeID]bool
	values    map[slotBallot][]byte
	chosen    map[protocol.Instance][]byte
	marked    int // instances that marks were checked for
	sent      map[protocol.MessageType]int
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
	q, err := protocol.QuorumOf(acceptors)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 99)), quorum: q, pageVotes: 3, now: 1,
		ballots: make(map[slotBallot]map[protocol.NodeID]bool),
		values:  make(map[slotBallot][]byte),
		chosen:  make(map[protocol.Instance][]byte),
		sent:    make(map[protocol.MessageType]int),
	}
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

func (w *world) after(d time.Duration, do func()) {
	w.serial++
	heap.Push(&w.events, event{w.now.Add(d), w.serial, do})
}

func (w *world) delay() time.Duration {
	return 30*time.Microsecond + time.Duration(w.rng.Int64N(int64(150*time.Microsecond)))
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
	return all
}

// send multicasts: encoded now, decoded by each receiver, lost for each by itself.
func (w *world) send(from receiver, sends []protocol.Send) {
	for _, s := range sends {
		w.sent[s.Msg.Type()]++
		data := protocol.AppendMessage(nil, 7, from.sender(), s.Msg)
		for _, to := range w.receivers() {
			if to == from || !to.hears(s.To) {
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
	if len(w.ballots[key]) < w.quorum.Majority() {
		return
	}
	if old, ok := w.chosen[v.Instance]; ok && !bytes.Equal(old, v.Value) {
		w.t.Fatalf("agreement: instance %d decided twice, in ballot %v with another value", v.Instance, v.Ballot)
	}
	w.chosen[v.Instance] = v.Value
}

// checkMark holds a mark to the truth.
func (w *world) checkMark(m protocol.Mark) {
	if m.IsZero() {
		return
	}
	for i := m.First; i <= m.Last; i++ {
		w.marked++
		value, ok := w.values[slotBallot{i, m.Ballot}]
		if decided, isChosen := w.chosen[i]; !ok || !isChosen || !bytes.Equal(decided, value) {
			w.t.Fatalf("mark %v: instance %d was not decided with this ballot's value", m, i)
		}
	}
}

func (w *world) decidedThrough() (i protocol.Instance) {
	for _, ok := w.chosen[i+1]; ok; _, ok = w.chosen[i+1] {
		i++
	}
	return i
}

// leaders lists who thinks that it leads.
func (w *world) leaders() (ids []protocol.NodeID) {
	for _, n := range w.proposers {
		if n.p != nil && n.p.Leading() {
			ids = append(ids, n.id)
		}
	}
	return ids
}

// acceptorNode is a minimal acceptor.
type acceptorNode struct {
	w        *world
	id       protocol.NodeID
	store    protocol.StoreID
	promised protocol.Ballot
	votes    map[protocol.Instance]protocol.Vote
	trim     protocol.Instance
	heardAt  protocol.Time
	pins     map[protocol.NodeID]protocol.StoreID
	down     bool
}

func newAcceptorNode(w *world, id protocol.NodeID) *acceptorNode {
	return &acceptorNode{
		w: w, id: id, store: protocol.StoreID(0xa0 + id), heardAt: -1 << 40,
		votes: make(map[protocol.Instance]protocol.Vote), pins: make(map[protocol.NodeID]protocol.StoreID),
	}
}

func (a *acceptorNode) hears(g protocol.Group) bool { return g == protocol.GroupAcceptors }
func (a *acceptorNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: a.id}, Store: a.store}
}

func (a *acceptorNode) answer(d time.Duration, to protocol.Group, m protocol.Message) {
	a.w.after(d, func() { a.w.send(a, []protocol.Send{{To: to, Msg: m}}) })
}

func (a *acceptorNode) receive(_ protocol.Sender, m protocol.Message) {
	if a.down {
		return
	}
	switch m := m.(type) {
	case *protocol.Canvass:
		granted := a.w.now.Sub(a.heardAt) > 400*time.Millisecond
		a.answer(0, protocol.GroupProposers, &protocol.Support{Round: m.Round, Granted: granted, Promised: a.promised})
	case *protocol.Prepare:
		a.onPrepare(m)
	case *protocol.Accept:
		a.w.checkMark(m.Mark)
		if a.follow(m.Ballot) {
			a.onAccept(m)
		}
	case *protocol.Heartbeat:
		a.w.checkMark(m.Mark)
		if a.follow(m.Ballot) {
			a.answer(0, protocol.GroupProposers, &protocol.HeartbeatAck{Ballot: m.Ballot, Window: 200_000})
		}
	}
}

func (a *acceptorNode) follow(b protocol.Ballot) bool {
	if b.Less(a.promised) {
		a.answer(0, protocol.GroupProposers, &protocol.Refuse{Ballot: b, Promised: a.promised})
		return false
	}
	a.promised, a.heardAt = b, a.w.now
	return true
}

func (a *acceptorNode) onPrepare(m *protocol.Prepare) {
	if m.Target != 0 && m.Target != a.id {
		return
	}
	if m.Ballot.Less(a.promised) {
		a.answer(0, protocol.GroupProposers, &protocol.Refuse{Ballot: m.Ballot, Promised: a.promised})
		return
	}
	a.promised = m.Ballot
	if next := a.page(m.Ballot, m.From); next != 0 {
		a.page(m.Ballot, next) // a burst
	}
}

// page sends one page of a promise, and says where the next one starts.
func (a *acceptorNode) page(b protocol.Ballot, from protocol.Instance) protocol.Instance {
	page := &protocol.Promise{Ballot: b, From: from, Trim: a.trim}
	for _, i := range slices.Sorted(maps.Keys(a.votes)) {
		if i < from || i <= a.trim {
			continue
		}
		if len(page.Votes) == a.w.pageVotes {
			page.Next = i
			break
		}
		page.Votes = append(page.Votes, a.votes[i])
	}
	a.answer(a.w.disk(), protocol.GroupProposers, page)
	return page.Next
}

func (a *acceptorNode) onAccept(m *protocol.Accept) {
	if m.Instance <= a.trim {
		a.answer(0, protocol.GroupLearners, &protocol.Trimmed{Trim: a.trim, Applied: a.trim})
		return
	}
	v := protocol.Vote{Ballot: m.Ballot, Instance: m.Instance, Value: m.Value}
	a.votes[m.Instance] = v
	a.w.after(a.w.disk(), func() {
		a.w.vote(a.id, v)
		a.w.send(a, []protocol.Send{{To: protocol.GroupLearners, Msg: &protocol.Accepted{
			Ballot: v.Ballot, Spans: []protocol.Span{{First: v.Instance, Last: v.Instance}},
		}}})
	})
}

// trimTo forgets votes of instances that are decided.
func (a *acceptorNode) trimTo(i protocol.Instance) {
	if i > a.trim {
		a.trim = i
		maps.DeleteFunc(a.votes, func(k protocol.Instance, _ protocol.Vote) bool { return k <= i })
	}
}

// proposerNode is a proposer with a dumb learner and a dumb list.
type proposerNode struct {
	w        *world
	id       protocol.NodeID
	life     int
	p        *Proposer
	list     *dumbList
	applied  protocol.Instance
	decided  map[protocol.Instance][]byte
	values   map[slotBallot][]byte
	accepted map[slotBallot]map[protocol.NodeID]bool
	durable  Restored // what a restart finds
	tickAt   protocol.Time
	cut      bool // hears clients only, is heard by nobody
	skips    int
}

func (n *proposerNode) hears(g protocol.Group) bool { return g != protocol.GroupClients }
func (n *proposerNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: n.id}, Store: protocol.StoreID(0xb0 + n.id)}
}

func (n *proposerNode) start() {
	n.life++
	n.list, n.applied = newDumbList(), 0
	n.decided = make(map[protocol.Instance][]byte)
	n.values = make(map[slotBallot][]byte)
	n.accepted = make(map[slotBallot]map[protocol.NodeID]bool)
	n.p = New(Config{
		Self: n.sender(), Quorum: n.w.quorum, Incarnation: n.w.rng.Uint64(), Seed: n.w.rng.Uint64(), ValueBytes: 1400,
	}, Restored{Round: n.durable.Round, Pins: slices.Clone(n.durable.Pins)}, n.list)
	n.tickAt = 0
	n.schedule()
	n.poll(n.life)
}

// crash ends this life; what was not durable is gone.
func (n *proposerNode) crash() { n.p, n.life = nil, n.life+1 }

func (n *proposerNode) schedule() {
	at, ok := n.p.Deadline()
	at = max(at, n.w.now)
	if !ok || n.tickAt != 0 && n.tickAt <= at && n.tickAt > n.w.now {
		return
	}
	n.tickAt = at
	life := n.life
	n.w.after(at.Sub(n.w.now), func() {
		if life != n.life || n.tickAt != at {
			return
		}
		n.tickAt = 0
		var out protocol.Output
		n.p.Tick(n.w.now, &out)
		n.carryOut(&out)
	})
}

func (n *proposerNode) receive(from protocol.Sender, m protocol.Message) {
	if n.p == nil || n.cut && from.Role != protocol.RoleClient {
		return
	}
	var out protocol.Output
	n.p.Step(n.w.now, from, m, &out)
	switch m := m.(type) {
	case *protocol.Accept:
		n.heard(m)
	case *protocol.Accepted:
		n.count(from.ID, m)
	}
	n.apply(&out)
	n.carryOut(&out)
}

func (n *proposerNode) heard(m *protocol.Accept) {
	key := slotBallot{m.Instance, m.Ballot}
	n.values[key] = m.Value
	n.decide(key)
}

func (n *proposerNode) count(from protocol.NodeID, m *protocol.Accepted) {
	for _, s := range m.Spans {
		key := slotBallot{s.First, m.Ballot}
		if n.accepted[key] == nil {
			n.accepted[key] = make(map[protocol.NodeID]bool)
		}
		n.accepted[key][from] = true
		n.decide(key)
	}
}

func (n *proposerNode) decide(key slotBallot) {
	value, ok := n.values[key]
	if ok && len(n.accepted[key]) >= n.w.quorum.Majority() {
		n.decided[key.i] = value
		var out protocol.Output
		n.p.Chosen(n.w.now, key.i, &out)
	}
}

// poll stands for the learner's repair: now and then what is decided somewhere
// is learned without a word about ballots.
func (n *proposerNode) poll(life int) {
	n.w.after(20*time.Millisecond, func() {
		if life != n.life {
			return
		}
		if !n.cut && n.w.rng.Float64() >= n.w.loss {
			n.learn(n.w.decidedThrough())
		}
		n.poll(life)
	})
}

func (n *proposerNode) learn(through protocol.Instance) {
	for i := n.applied + 1; i <= through; i++ {
		n.decided[i] = n.w.chosen[i]
	}
	var out protocol.Output
	n.apply(&out)
	n.carryOut(&out)
}

func (n *proposerNode) apply(out *protocol.Output) {
	for {
		value, ok := n.decided[n.applied+1]
		if !ok {
			return
		}
		n.applied++
		delete(n.decided, n.applied)
		e := n.list.apply(value)
		n.skips += len(e.Skipped)
		n.p.Applied(n.w.now, n.applied, e, out)
	}
}

// carryOut does what the core asked for; held messages wait for the disk.
func (n *proposerNode) carryOut(out *protocol.Output) {
	n.p.Flush(n.w.now, out)
	for _, s := range out.Now {
		if a, ok := s.Msg.(*protocol.Accept); ok {
			n.heard(a)
		}
	}
	if !n.cut {
		n.w.send(n, out.Now)
	}
	held, records, life := out.TakeHeld(), out.Records, n.life
	if !held.Empty() || len(records) > 0 {
		n.w.after(400*time.Microsecond, func() {
			if life != n.life {
				return
			}
			n.persist(records)
			if !n.cut {
				n.w.send(n, held.Release())
			}
		})
	}
	n.schedule()
}

func (n *proposerNode) persist(records []protocol.Record) {
	for _, r := range records {
		switch r := r.(type) {
		case *protocol.Round:
			if r.Round <= n.durable.Round {
				n.w.t.Fatalf("rule 3: round %d after %d", r.Round, n.durable.Round)
			}
			n.durable.Round = r.Round
		case *protocol.Pinned:
			n.durable.Pins = append(n.durable.Pins, r.Pin)
		}
	}
}

// clientNode is a real client that offers all its commands.
type clientNode struct {
	w       *world
	c       *client.Client
	offered int
	total   int
	tickAt  protocol.Time
	doneAt  protocol.Time
}

func (w *world) addClient(total, window int) *clientNode {
	n := &clientNode{w: w, total: total}
	cfg := client.Config{Seed: w.rng.Uint64(), SubmitBytes: 600, Window: window}
	for i := range cfg.Nonce {
		cfg.Nonce[i] = byte(w.rng.Uint32())
	}
	n.c = client.New(cfg)
	w.clients = append(w.clients, n)
	w.after(0, n.tick)
	return n
}

func (n *clientNode) hears(g protocol.Group) bool { return g == protocol.GroupClients }
func (n *clientNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleClient, ID: 1}}
}

func (n *clientNode) receive(from protocol.Sender, m protocol.Message) {
	var out protocol.Output
	n.c.Step(n.w.now, from, m, &out)
	n.carryOut(&out)
}

func (n *clientNode) tick() {
	n.tickAt = 0
	var out protocol.Output
	n.c.Tick(n.w.now, &out)
	n.carryOut(&out)
}

func (n *clientNode) carryOut(out *protocol.Output) {
	for n.offered < n.total && n.c.Offer(fmt.Appendf(nil, "%d", n.offered)) {
		n.offered++
	}
	n.c.Flush(n.w.now, out)
	n.w.send(n, out.Now)
	if n.done() && n.doneAt == 0 {
		n.doneAt = n.w.now
	}
	at, ok := n.c.Deadline()
	at = max(at, n.w.now)
	if ok && (n.tickAt == 0 || at < n.tickAt) {
		n.tickAt = at
		n.w.after(at.Sub(n.w.now), func() {
			if n.tickAt == at {
				n.tick()
			}
		})
	}
}

func (n *clientNode) done() bool { return int(n.c.Acked()) == n.total }

// dumbList is the list's apply rule and nothing else: a command is applied if
// its seq is exactly the session's last one + 1.
type dumbList struct {
	nonces map[protocol.Nonce]protocol.SessionID
	last   map[protocol.SessionID]protocol.Seq
	log    []string
}

func newDumbList() *dumbList {
	return &dumbList{nonces: make(map[protocol.Nonce]protocol.SessionID), last: make(map[protocol.SessionID]protocol.Seq)}
}

// Session makes it the proposer's Sessions.
func (l *dumbList) Session(id protocol.SessionID) (protocol.Seq, bool) {
	last, ok := l.last[id]
	return last, ok
}

func (l *dumbList) apply(v protocol.Value) *protocol.Effects {
	e := new(protocol.Effects)
	for len(v) > 0 {
		item, rest, err := v.Next()
		if err != nil {
			panic(err)
		}
		v = rest
		if item.Open {
			e.Opened = append(e.Opened, protocol.Opened{Nonce: item.Nonce, Session: l.open(item.Nonce)})
			continue
		}
		l.applyRun(item.Run, e)
	}
	return e
}

func (l *dumbList) open(n protocol.Nonce) protocol.SessionID {
	if l.nonces[n] == 0 {
		l.nonces[n] = protocol.SessionID(len(l.nonces) + 1)
		l.last[l.nonces[n]] = 0
	}
	return l.nonces[n]
}

func (l *dumbList) applyRun(r protocol.Run, e *protocol.Effects) {
	last, ok := l.last[r.Session]
	if !ok {
		e.Expired = append(e.Expired, r.Session)
		return
	}
	skipped, before := false, last
	for seq, block := r.First, r.Block; seq <= r.Last(); seq++ {
		payload, rest, _ := protocol.NextPayload(block)
		block = rest
		if seq != last+1 {
			skipped = true
			continue
		}
		last = seq
		l.log = append(l.log, fmt.Sprintf("%d/%d=%s", r.Session, seq, payload))
	}
	l.last[r.Session] = last
	if last > before {
		e.Advanced = append(e.Advanced, protocol.Ack{Session: r.Session, Through: last})
	}
	if skipped {
		e.Skipped = append(e.Skipped, protocol.Ack{Session: r.Session, Through: last})
	}
}
