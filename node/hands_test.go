package node

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paxos/client"
	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/transport"
	"paxos/vfs"
)

// hands drives processes by hand: a clock, a lossy network, and disks that take
// their time, all drawn from one seed. Everything that leaves a process is noted.
type hands struct {
	t       testing.TB
	rng     *rand.Rand
	now     protocol.Time
	hosts   []*hand
	under   []parcel // on their way, in no order
	clients []*handClient
	noted   [][]byte
	loss    float64
	seed    uint64
	voters  int
	largest map[string]int // of each bounded structure
	quiet   bool           // nothing is noted
}

// parcel is a datagram on its way to a host.
type parcel struct {
	at   protocol.Time
	to   *wire
	data transport.Datagram
}

// hand is a host with a process.
type hand struct {
	w       *hands
	peer    protocol.Peer
	fs      *vfs.Mem
	db      *kv.Memory
	wire    *wire
	process *Process
	lives   int
	tune    func(*Options, *Env)
	// when the disk, the worker and the snapshot server will be done; 0: idle
	commit, work, serve protocol.Time
}

// wire is a host's transport.
type wire struct {
	w      *hands
	peer   protocol.Peer
	groups []protocol.Group
	in     []transport.Datagram
}

func (x *wire) Send(out []transport.Datagram) {
	for _, d := range out {
		d.Data = bytes.Clone(d.Data)
		if !x.w.quiet {
			x.w.note(d.Data, "datagram %d %v from %v", d.Group, d.Only, x.peer)
		}
		for _, to := range x.w.wires() {
			if to == x || !slices.Contains(to.groups, d.Group) || d.Only.Role == protocol.RoleServer && d.Only != to.peer {
				continue
			}
			if x.w.rng.Float64() >= x.w.loss {
				at := x.w.now.Add(time.Duration(50+x.w.rng.IntN(400)) * time.Microsecond)
				x.w.under = append(x.w.under, parcel{at, to, d})
			}
		}
	}
}

func (x *wire) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	into = append(into, x.in...)
	x.in = x.in[:0]
	return into, nil
}

func (x *wire) Wake()                  {}
func (x *wire) WakeAt(time.Time)       {}
func (x *wire) MaxDatagram() int       { return 1400 }
func (x *wire) Window() int            { return 64 << 10 }
func (x *wire) Stats() transport.Stats { return transport.Stats{} }
func (x *wire) Close() error           { return nil }

func newHands(t testing.TB, seed uint64, voters int) *hands {
	return &hands{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: 1, seed: seed, voters: voters, largest: map[string]int{}}
}

// note keeps what left a process for the comparison.
func (w *hands) note(data []byte, format string, args ...any) {
	w.noted = append(w.noted, fmt.Appendf(nil, "%d "+format, append([]any{w.now}, args...)...), data)
}

func (w *hands) wires() (all []*wire) {
	for _, h := range w.hosts {
		all = append(all, h.wire)
	}
	for _, c := range w.clients {
		all = append(all, c.wire)
	}
	return all
}

var everyGroup = []protocol.Group{protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners}

// host adds a host, without a process yet.
func (w *hands) host(role protocol.Role, id protocol.NodeID) *hand {
	peer := protocol.Peer{Role: role, ID: id}
	groups := joins[role]
	if role == protocol.RoleServer {
		groups = everyGroup
	}
	h := &hand{
		w: w, peer: peer, fs: vfs.NewMem(w.rng.Uint64()), db: kv.NewMemory(),
		wire: &wire{w: w, peer: peer, groups: groups}, tune: func(*Options, *Env) {},
	}
	w.hosts = append(w.hosts, h)
	return h
}

func (h *hand) open() error {
	quorum, err := protocol.QuorumOf(h.w.voters)
	if err != nil {
		return err
	}
	h.lives++
	rng := rand.New(rand.NewPCG(h.w.seed, uint64(h.peer.Role)<<40|uint64(h.peer.ID)<<20|uint64(h.lives)))
	o := Options{
		Self: h.peer, Cluster: 7, Quorum: quorum, Transport: h.wire, DataDir: "store", Init: h.lives == 1,
		FS: h.fs, OpenDB: h.db.Open, CheckpointBytes: 8 << 10, SegmentBytes: 16 << 10,
		Budgets: Budgets{Votes: 64 << 10, Open: 1 << 10, Cache: 32 << 10, Held: 64 << 10, Window: 32 << 10, Fetch: 32 << 10, Desk: 8 << 10},
	}
	for id := 1; id <= h.w.voters; id++ {
		o.Members = append(o.Members, Member{ID: protocol.NodeID(id), Address: fmt.Sprintf("server%d:1", id)})
	}
	e := Env{Now: func() protocol.Time { return h.w.now }, Random: rng.Uint64}
	if !h.w.quiet {
		e.Watch.Sent = func(s protocol.Send) {
			h.w.note(protocol.AppendMessage(nil, 7, protocol.Sender{Peer: h.peer}, s.Msg), "%v sends to %d %v", h.peer, s.To, s.Only)
		}
	}
	h.tune(&o, &e)
	h.commit, h.work, h.serve = 0, 0, 0
	h.process, err = OpenProcess(o, e)
	return err
}

func (h *hand) start() *hand {
	if err := h.open(); err != nil {
		h.w.t.Fatalf("%v: %v", h.peer, err)
	}
	return h
}

// crash takes the power away.
func (h *hand) crash() {
	h.process.Abandon()
	h.process = nil
	h.wire.in = nil
	h.fs, h.db = h.fs.Crash(), h.db.Crash()
}

// soon is when something that takes about d is done.
func (w *hands) soon(d time.Duration) protocol.Time {
	return w.now.Add(d/2 + time.Duration(w.rng.Int64N(int64(d))))
}

// plan makes the disk, the worker and the snapshot server begin what waits.
func (h *hand) plan() {
	for _, x := range []struct {
		waits bool
		at    *protocol.Time
		takes time.Duration
	}{
		{h.process.Committing(), &h.commit, 500 * time.Microsecond},
		{h.process.Working(), &h.work, 3 * time.Millisecond},
		{h.process.Serving(), &h.serve, 200 * time.Microsecond},
	} {
		if x.waits && *x.at == 0 {
			*x.at = h.w.soon(x.takes)
			if x.at == &h.commit {
				h.process.BeginCommit()
			}
		}
	}
}

// next is when something happens at the host.
func (h *hand) next() (at protocol.Time, do func() error) {
	at, ok := h.process.Deadline()
	if do = h.process.Turn; !ok {
		at = 1 << 62
	}
	if len(h.wire.in) > 0 {
		at = h.w.now
	}
	for _, x := range []struct {
		at *protocol.Time
		do func() error
	}{{&h.commit, h.process.Commit}, {&h.work, h.process.Work}, {&h.serve, h.process.Serve}} {
		if *x.at != 0 && *x.at < at {
			at, do = *x.at, func() error { *x.at = 0; return x.do() }
		}
	}
	return max(at, h.w.now), do
}

// step lets the next thing happen.
func (w *hands) step() {
	best, do, who := protocol.Time(1<<62), func() error { return nil }, (*hand)(nil)
	for _, h := range w.hosts {
		if h.process == nil {
			continue
		}
		h.plan()
		if at, d := h.next(); at < best {
			best, do, who = at, d, h
		}
	}
	for _, c := range w.clients {
		if at := c.next(); at < best {
			best, do, who = at, c.turn, nil
		}
	}
	for i, p := range w.under {
		if p.at < best {
			best, do, who = p.at, func() error { w.deliver(i); return nil }, nil
		}
	}
	w.now = best
	if err := do(); err != nil {
		w.t.Fatalf("at %v: %v", time.Duration(w.now), err)
	}
	if who != nil {
		who.checkBounds()
	}
}

// checkBounds checks rule 8.
func (h *hand) checkBounds() {
	for _, b := range h.process.Sizes() {
		if b.Size > b.Limit {
			h.w.t.Errorf("%v: %s: %d; the limit is %d", h.peer, b.Name, b.Size, b.Limit)
		}
		if b.Limit > 0 && b.Size > h.w.largest[b.Name] {
			h.w.largest[b.Name] = b.Size
		}
	}
}

func (w *hands) deliver(i int) {
	p := w.under[i]
	w.under = slices.Delete(w.under, i, i+1)
	p.to.in = append(p.to.in, p.data)
}

// until lets things happen until something is so.
func (w *hands) until(what string, so func() bool) {
	w.t.Helper()
	for end := w.now.Add(2 * time.Minute); !so(); {
		if w.now > end {
			w.t.Fatalf("not so in two simulated minutes: %s", what)
		}
		w.step()
	}
}

// handClient is a multicast client.
type handClient struct {
	wire   *wire
	core   *client.Client
	out    protocol.Output
	values [][]byte
}

func (w *hands) client(id protocol.NodeID, values []string) *handClient {
	peer := protocol.Peer{Role: protocol.RoleClient, ID: id}
	sizes, err := SizesFor(1400, w.voters)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &handClient{
		wire: &wire{w: w, peer: peer, groups: joins[protocol.RoleClient]}, values: texts(values...),
		core: client.New(client.Config{Nonce: protocol.Nonce{byte(id)}, Seed: w.rng.Uint64(), SubmitBytes: sizes.Submit}),
	}
	w.clients = append(w.clients, c)
	return c
}

func (c *handClient) next() protocol.Time {
	at, ok := c.core.Deadline()
	switch {
	case len(c.wire.in) > 0:
		at = c.wire.w.now
	case !ok:
		at = 1 << 62
	}
	return max(at, c.wire.w.now)
}

func (c *handClient) turn() error {
	now := c.wire.w.now
	in, _ := c.wire.Receive(nil)
	for _, d := range in {
		if from, m, err := protocol.DecodeMessage(7, d.Data); err == nil {
			c.core.Step(now, from, m, &c.out)
		}
	}
	if at, ok := c.core.Deadline(); ok && at <= now {
		c.core.Tick(now, &c.out)
	}
	for len(c.values) > 0 && c.core.Offer(c.values[0]) {
		c.values = c.values[1:]
	}
	c.core.Flush(now, &c.out)
	for _, s := range c.out.Now {
		data := protocol.AppendMessage(nil, 7, protocol.Sender{Peer: c.wire.peer}, s.Msg)
		c.wire.Send([]transport.Datagram{{Group: s.To, Only: s.Only, Data: data}})
	}
	c.out.Now = c.out.Now[:0]
	return c.core.Err()
}

// entries are the values of a process's list.
func (h *hand) entries() (all []string) {
	err := h.process.List().View().Read(0, h.process, func(_ uint64, count int, block []byte) error {
		for range count {
			payload, rest, err := protocol.NextPayload(block)
			if err != nil {
				return err
			}
			all, block = append(all, string(payload)), rest
		}
		return nil
	})
	if err != nil {
		h.w.t.Fatal(err)
	}
	return all
}
