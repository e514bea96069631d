package proposer

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"paxos/acceptor"
	"paxos/learner"
	"paxos/list"
	"paxos/protocol"
)

// serverNode is a list server: the three real cores of one process, which share
// their pins and hear what they say themselves, as package node joins them. Its
// list is dumb, and its disk keeps what it was given to persist.
type serverNode struct {
	w       *world
	id      protocol.NodeID
	life    int
	p       *Proposer
	a       *acceptor.Acceptor
	l       *learner.Learner
	list    *dumbList
	roll    *list.State // of who takes part; nothing else of it is used
	applied protocol.Instance
	pins    *protocol.Pins
	disk    serverDisk
	tickAt  protocol.Time
	reading reading
	stopped protocol.Time // a SIGSTOP lasts until then
}

// serverDisk is what a crash leaves.
type serverDisk struct {
	promised protocol.Ballot
	votes    map[protocol.Instance]protocol.Vote
	round    uint64
	pins     []protocol.Pin
	applied  protocol.Instance // the checkpoint
	list     *dumbList
	roll     []byte
}

// addServers adds the first voters.
func (w *world) addServers() {
	for _, id := range w.quorum.Members() {
		w.addServer(id)
	}
}

func (w *world) addServer(id protocol.NodeID) *serverNode {
	n := &serverNode{w: w, id: id}
	n.disk = serverDisk{votes: make(map[protocol.Instance]protocol.Vote), list: newDumbList(), roll: w.firstRoll().AppendHead(nil)}
	w.servers = append(w.servers, n)
	n.start()
	return n
}

func (n *serverNode) hears(g protocol.Group) bool { return g != protocol.GroupClients }
func (n *serverNode) sender() protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleServer, ID: n.id}, Store: protocol.StoreID(0xd0 + n.id)}
}

func (n *serverNode) start() {
	n.life++
	d := &n.disk
	n.list, n.applied = d.list.clone(), d.applied
	n.roll = restoreRoll(n.w.t, d.roll)
	n.pins = protocol.NewPins(d.pins)
	var err error
	n.a, err = acceptor.New(acceptor.Config{Self: n.sender(), Pins: n.pins, PageBytes: 300, Window: 200_000},
		acceptor.Restored{Promised: d.promised, Votes: slices.Collect(maps.Values(d.votes)), Trim: d.applied})
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.p = New(Config{
		Self: n.sender(), Quorum: n.w.quorum, Incarnation: n.w.rng.Uint64(), Seed: n.w.rng.Uint64(), Pins: n.pins, ValueBytes: n.w.valueBytes, Pipeline: n.w.pipeline,
	}, Restored{Round: d.round, Applied: d.applied}, n.list)
	n.l = learner.New(learner.Config{
		Self: n.sender(), Quorum: n.w.quorum, Pins: n.pins, CacheBytes: 1 << 20, Seed: n.w.rng.Uint64(),
	}, d.applied, nil)
	n.configure()
	n.w.after(100*time.Millisecond, n.checkpoint) // as a change may wait for one
	n.tickAt, n.reading = 0, reading{}
	n.turn(func(out *protocol.Output) {
		for _, v := range n.a.VotesAbove(n.applied) { // what was voted for was heard
			n.l.Step(n.w.now, n.sender(), &protocol.Accept{Ballot: v.Ballot, Instance: v.Instance, Value: v.Value}, out)
		}
	})
	n.readOften(n.life)
}

// configure tells the cores who takes part.
func (n *serverNode) configure() {
	members := n.roll.Members()
	m, err := members.Membership()
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.a.Configure(members.All(), members.Next)
	n.l.Configure(m)
	n.p.Configure(n.w.now, m)
	n.connect()
}

// connect says whom to ask: who takes part as far as this server knows, and
// whoever connects to it. A new one may know nobody else.
func (n *serverNode) connect() {
	members := n.roll.Members()
	var peers []protocol.Peer
	for _, x := range append(members.All(), n.w.members()...) {
		if p := (protocol.Peer{Role: protocol.RoleServer, ID: x.ID}); !slices.Contains(peers, p) {
			peers = append(peers, p)
		}
	}
	n.l.SetPeers(peers)
}

// crash ends this life; what was not durable is gone.
func (n *serverNode) crash() { n.p, n.a, n.l, n.life = nil, nil, nil, n.life+1 }

func (n *serverNode) up() bool { return n.p != nil }

func (n *serverNode) receive(from protocol.Sender, m protocol.Message) {
	life := n.life
	n.awake(func() {
		if life == n.life && n.up() {
			n.turn(func(out *protocol.Output) { n.step(from, m, out) })
		}
	})
}

// awake does something as soon as the process is not stopped. What has gathered
// till then comes in any order.
func (n *serverNode) awake(do func()) {
	if n.w.now >= n.stopped {
		do()
		return
	}
	n.w.after(n.stopped.Sub(n.w.now)+n.w.delay(), func() { n.awake(do) })
}

// step hands one message to all three cores.
func (n *serverNode) step(from protocol.Sender, m protocol.Message, out *protocol.Output) {
	switch m := m.(type) {
	case *protocol.Accept:
		n.w.checkMark(m.Mark)
	case *protocol.Heartbeat:
		n.w.checkMark(m.Mark)
	case *protocol.ReadAt:
		n.reading.answered(n, m)
	}
	n.a.Step(n.w.now, from, m, out)
	n.p.Step(n.w.now, from, m, out)
	n.l.Step(n.w.now, from, m, out)
}

// turn is one turn of the process: events, what follows from them in it, and
// what leaves it.
func (n *serverNode) turn(do func(out *protocol.Output)) {
	var out protocol.Output
	do(&out)
	heard := 0
	n.settle(&out, &heard)
	n.p.Flush(n.w.now, &out)
	n.settle(&out, &heard)
	if out.Fatal != nil {
		n.w.t.Fatalf("server %d: %v", n.id, out.Fatal)
	}
	n.w.send(n, out.Now)
	n.persist(&out)
	n.schedule()
}

// settle hears what the cores said themselves, and applies what was decided,
// until it is quiet.
func (n *serverNode) settle(out *protocol.Output, heard *int) {
	for *heard < len(out.Now) || len(out.Decided) > 0 {
		for ; *heard < len(out.Now); *heard++ {
			n.hearOwn(out.Now[*heard], out)
		}
		decided := out.Decided
		out.Decided = nil
		for _, d := range decided {
			n.apply(d, out)
		}
	}
}

func (n *serverNode) hearOwn(s protocol.Send, out *protocol.Output) {
	if n.hears(s.To) && (s.Only == protocol.Peer{} || s.Only == n.sender().Peer) {
		n.step(n.sender(), s.Msg, out)
	}
}

func (n *serverNode) apply(d protocol.Decision, out *protocol.Output) {
	if chosen, ok := n.w.chosen[d.Instance]; !ok || !bytes.Equal(chosen, d.Value) {
		n.w.t.Fatalf("server %d delivers instance %d, which is not decided so", n.id, d.Instance)
	}
	n.applied = d.Instance
	e := n.list.apply(d.Value)
	var changed protocol.Effects
	if n.roll.Apply(d.Instance, d.Value, &changed); changed.Members {
		n.configure()
	}
	n.a.Learned(d.Instance)
	n.p.Applied(n.w.now, d.Instance, e, out)
	n.l.Applied(d.Instance)
	if m := n.roll.Members(); m.Changing() && n.applied+1 == m.From {
		n.w.after(time.Duration(n.w.rng.Int64N(int64(400*time.Millisecond))), n.checkpoint) // the change cannot be settled before
	}
}

// persist makes records durable after a while, and then lets go of what waited:
// to the others, and to this process itself (rule 1).
func (n *serverNode) persist(out *protocol.Output) {
	held, records, life := out.TakeHeld(), out.Records, n.life
	if held.Empty() && len(records) == 0 {
		return
	}
	n.w.after(400*time.Microsecond, func() {
		if life != n.life {
			return
		}
		for _, rec := range records {
			n.disk.write(n, rec)
		}
		n.awake(func() {
			if life == n.life {
				n.release(held.Release())
			}
		})
	})
}

func (n *serverNode) release(sends []protocol.Send) {
	n.turn(func(out *protocol.Output) {
		for _, s := range sends {
			n.hearOwn(s, out)
		}
	})
	n.w.send(n, sends)
}

func (d *serverDisk) write(n *serverNode, rec protocol.Record) {
	switch rec := rec.(type) {
	case *protocol.Promised:
		d.promised = rec.Ballot
	case *protocol.Voted:
		if d.promised.Less(rec.Vote.Ballot) {
			d.promised = rec.Vote.Ballot
		}
		if rec.Vote.Instance > d.applied {
			d.votes[rec.Vote.Instance] = rec.Vote
		}
		n.w.vote(n.id, rec.Vote)
	case *protocol.Round:
		if rec.Round <= d.round {
			n.w.t.Fatalf("rule 3: round %d after %d", rec.Round, d.round)
		}
		d.round = rec.Round
	case *protocol.Pinned:
		d.pins = append(d.pins, rec.Pin)
	}
}

// checkpoint makes the list durable, and forgets the votes up to it (rule 7).
func (n *serverNode) checkpoint() {
	if !n.up() || n.applied == n.disk.applied {
		return
	}
	n.disk.applied, n.disk.list, n.disk.roll = n.applied, n.list.clone(), n.roll.AppendHead(nil)
	n.disk.pins = slices.Clone(n.pins.List())
	if promised := n.a.Promised(); n.disk.promised.Less(promised) {
		n.disk.promised = promised
	}
	maps.DeleteFunc(n.disk.votes, func(i protocol.Instance, _ protocol.Vote) bool { return i <= n.applied })
	n.l.Checkpointed(n.applied)
	n.a.Trim(n.applied)
}

// catchUp installs the checkpoint of the peer that has forgotten what is missing.
func (n *serverNode) catchUp() {
	peer, _, behind := n.l.Behind()
	if !behind {
		return
	}
	from := n.w.server(peer.ID)
	if from == nil || !from.up() || from.disk.applied <= n.applied || n.w.apart != nil && n.w.apart(n, from) {
		return
	}
	*n.list = *from.disk.list.clone() // in place: the proposer reads its sessions
	n.roll = restoreRoll(n.w.t, from.disk.roll)
	n.applied = from.disk.applied
	n.checkpoint()
	n.turn(func(out *protocol.Output) {
		n.configure()
		n.l.Advance(n.applied)
		n.p.Applied(n.w.now, n.applied, nil, out)
	})
}

func (w *world) server(id protocol.NodeID) *serverNode {
	for _, s := range w.servers {
		if s.id == id {
			return s
		}
	}
	return nil
}

// schedule makes sure that the next Tick comes.
func (n *serverNode) schedule() {
	at, _ := n.p.Deadline()
	if other, ok := n.l.Deadline(); ok {
		at = min(at, other)
	}
	at = max(at, n.w.now)
	if n.tickAt != 0 && n.tickAt <= at && n.tickAt > n.w.now {
		return
	}
	n.tickAt = at
	life := n.life
	n.w.after(at.Sub(n.w.now), func() {
		n.awake(func() {
			if life == n.life && n.tickAt == at {
				n.tick()
			}
		})
	})
}

func (n *serverNode) tick() {
	n.tickAt = 0
	n.catchUp()
	n.turn(func(out *protocol.Output) {
		n.p.Tick(n.w.now, out)
		n.l.Tick(n.w.now, out)
	})
}
