package node

import (
	"cmp"
	"fmt"

	"paxos/acceptor"
	"paxos/client"
	"paxos/learner"
	"paxos/list"
	"paxos/proposer"
	"paxos/protocol"
	"paxos/storage"
)

// The budgets that bound a process's memory, in bytes. Each of them may be held
// twice while a checkpoint is being written, and the garbage collector lets as
// much again lie about: together they must stay far below 64 MiB.
const (
	// checkpointBytes of values are decided between two checkpoints.
	checkpointBytes = 2 << 20
	// maxVoteBytes of votes may wait for a checkpoint before an acceptor abstains.
	maxVoteBytes = 8 << 20
	// cacheBytes of recent decisions are kept to answer peers that lost them.
	cacheBytes = 2 << 20
	// maxWindow of Accepts may be under way at once.
	maxWindow = 1 << 20
	// maxHeldBytes of values may wait in a learner for the ones before them.
	maxHeldBytes = 4 << 20
	// maxFetchWindow of a snapshot may be asked for and not be here yet.
	maxFetchWindow = 1 << 20
	// maxQueueBytes of commands may wait in a leader.
	maxQueueBytes = 4 << 20
	// maxDeskBytes of commands without a session are under way at a list server.
	maxDeskBytes = 2 << 20
	// segmentBytes is the size of one file of an acceptor's log.
	segmentBytes = 4 << 20
	// smallSegmentBytes is that of a role that logs little: rounds and pins.
	smallSegmentBytes = 256 << 10
)

func (o *Options) segmentSize() int64 {
	switch {
	case o.SegmentBytes != 0:
		return o.SegmentBytes
	case o.votes():
		return segmentBytes
	}
	return smallSegmentBytes
}

// maxOpen instances above its trim point is what an acceptor votes for.
const maxOpen = 1 << 16

// open restores a process from its store.
func open(o Options) (*runner, error) {
	o.world, o.Budgets = o.world.withDefaults(), o.Budgets.withDefaults()
	sizes, err := SizesFor(o.Transport.MaxDatagram(), o.Quorum.Size())
	if err != nil {
		return nil, err
	}
	if least := 4 * int64(sizes.Value); o.SegmentBytes != 0 && o.SegmentBytes < least {
		return nil, fmt.Errorf("segments of %d bytes: values of %d bytes need %d at least", o.SegmentBytes, sizes.Value, least)
	}
	meter, failure := newMeter(o.world.now), newFailure(o.Transport.Wake)
	store, restored, err := storage.Open(storage.Options{
		Dir: o.DataDir, Init: o.Init, Head: firstHead(o), FS: o.FS, OpenDB: o.OpenDB, SegmentBytes: o.segmentSize(),
		TransactionBytes: o.TransactionBytes, RandomStore: o.world.store, Sync: meter.sync,
		OnEnd: failure.fail, // whoever met it, a reader of old entries, say (rule 9)
		Want:  storage.Identity{Cluster: o.Cluster, Role: o.Self.Role, ID: o.Self.ID},
	})
	if err != nil {
		return nil, err
	}
	if o.world.watch.Restored != nil {
		o.world.watch.Restored(restored)
	}
	r := &runner{Options: o, sizes: sizes, store: store, meter: meter, threshold: o.checkpointThreshold(), failure: failure}
	if o.Entries != nil {
		r.feed = newFeed(store, r.failure, o)
	}
	err = r.assemble(restored)
	if err == nil {
		err = r.checkPlace()
	}
	if err != nil {
		store.Close(nil)
		return nil, fmt.Errorf("%s %d in %s: %w", o.Self.Role, o.Self.ID, o.DataDir, err)
	}
	return r, nil
}

// checkpointThreshold is how many bytes are applied before a checkpoint begins: fewer
// than was asked for where the budgets say so. For what no checkpoint has,
//
//   - the acceptor must hold the votes: out of room it votes for nothing more, and
//     nothing is decided that would ever lead to a checkpoint;
//   - the cache must hold the decisions, which it does up to its double: who lacks
//     them could get them neither from there nor in a snapshot, for as long as nothing
//     new is decided.
func (o *Options) checkpointThreshold() uint64 {
	b := &o.Budgets
	wanted := cmp.Or(o.CheckpointBytes, checkpointBytes)
	return uint64(max(min(wanted, b.Votes/2, b.Open/2*instanceCost, 2*b.Cache), 1))
}

// firstHead is the list of a new store: it holds the members that the cluster began
// with, and is durable as soon as the store is one. So it is always the list that
// says who votes, and no later start's options (rules 4 and 13).
func firstHead(o Options) []byte { return list.New(listOptions(o)).AppendHead(nil) }

// assemble makes the machine and the goroutines' halves around it.
func (r *runner) assemble(restored storage.Restored) error {
	self := protocol.Sender{Peer: r.Self, Store: r.store.Identity().Store}
	parts, err := r.parts(self, restored)
	if err != nil {
		return err
	}
	r.machine = NewMachine(self, parts)
	r.machine.checkpoint = restored.Applied
	r.in = newInbox(r.Transport, r.Cluster, r.Self)
	r.out = &outbox{transport: r.Transport, cluster: r.Cluster, self: self, watch: r.world.watch.Sent}
	if r.Self.Role == protocol.RoleServer || r.observes {
		r.box = &mailbox{wake: r.Transport.Wake}
		r.machine.desk = newDesk(r.deskConfig(), parts.List)
	}
	if r.Self.Role == protocol.RoleServer {
		r.out.own, r.space = r.box, newSpace(r.Options)
	}
	r.disk = newDisk(r.store, r.out, r.failure, r.world)
	r.worker = newWorker(r.store, listOptions(r.Options), r.failure, r.Transport.Wake)
	if r.Images { // the next image stands for them
		r.worker.encode = list.EncodeBriefChunk
	}
	r.server = newServer(r.store, r.out, r.failure, r.world, r.Transport.Window(), r.sizes.Piece)
	r.disk.meter, r.worker.meter = r.meter, r.meter
	if r.Once {
		r.once = once{on: true, giveUp: r.now().Add(oncePatience)}
	}
	return r.addLoad(self)
}

func (r *runner) parts(self protocol.Sender, restored storage.Restored) (Parts, error) {
	p := Parts{SessionsOnly: r.sessionsOnly(), Images: r.Images, Seeds: r.Seeds, Round: restored.Round, Pins: protocol.NewPins(restored.Pins), watch: r.world.watch, meter: r.meter}
	var err error
	if p.List, err = r.restoreList(restored); err != nil {
		return p, err
	}
	seed := r.world.random()
	p.Learner = learner.New(r.learnerConfig(self, p.Pins, seed), restored.Applied, nil)
	p.Fetcher = learner.NewFetcher(learner.FetcherConfig{Window: min(r.Transport.Window(), r.Budgets.Fetch)})
	if r.votes() {
		p.Acceptor, err = acceptor.New(r.acceptorConfig(self, p.Pins), acceptor.Restored{
			Promised: restored.Promised, Votes: restored.Votes, Trim: restored.Applied,
		})
	}
	if r.Self.Role == protocol.RoleProposer || r.Self.Role == protocol.RoleServer {
		r.meter.measureCommits()
		p.Proposer = proposer.New(r.proposerConfig(self, p.Pins, seed), proposer.Restored{
			Round: restored.Round, Applied: restored.Applied,
		}, p.List)
	}
	return p, err
}

func (o *Options) sessionsOnly() bool { return o.Self.Role == protocol.RoleProposer || o.observes }

// votes reports whether this process has an acceptor in it.
func (o *Options) votes() bool {
	return o.Self.Role == protocol.RoleAcceptor || o.Self.Role == protocol.RoleServer
}

func (r *runner) deskConfig() deskConfig {
	return deskConfig{Self: r.Self, SubmitBytes: r.sizes.Submit, WindowBytes: r.Budgets.Desk, Seed: r.world.random(), Nonce: r.world.nonce}
}

func (r *runner) restoreList(restored storage.Restored) (*list.State, error) {
	o := listOptions(r.Options)
	if r.feed != nil {
		o.OnAppend = r.feed.appended
	}
	if restored.Head == nil {
		return nil, errHeadless
	}
	return list.RestoreState(restored.Head, o)
}

// errHeadless is what an interrupted first start of an earlier program left. Who the
// first members are is not known here, and must not be guessed.
var errHeadless = fmt.Errorf("%w: the first start was interrupted before it noted who the first members are; nothing is stored: remove the folder, and start as for the first time",
	storage.ErrNotFormatted)

// listOptions are those of a list that tells nobody.
func listOptions(o Options) list.Options {
	return list.Options{SessionsOnly: o.sessionsOnly(), Members: firstMembers(o)}
}

func (r *runner) learnerConfig(self protocol.Sender, pins *protocol.Pins, seed uint64) learner.Config {
	c := learner.Config{
		Self: self, Quorum: r.Quorum, Pins: pins, Seed: seed, MaxHeldBytes: r.Budgets.Held,
		ReplyBytes: r.Transport.Window(), PageBytes: r.sizes.Page,
	}
	if r.votes() {
		c.CacheBytes = r.Budgets.Cache
		c.MaxHeldBytes, c.MaxAhead = 2*r.Budgets.Votes, r.Budgets.Open // its own votes, which it holds anyway
	}
	return c
}

func (r *runner) acceptorConfig(self protocol.Sender, pins *protocol.Pins) acceptor.Config {
	return acceptor.Config{
		Self: self, Pins: pins, LeaderTimeout: r.Timing.ElectionMin, PageBytes: r.sizes.Page,
		MaxVoteBytes: r.Budgets.Votes, MaxOpen: r.Budgets.Open, Window: uint32(r.Transport.Window()),
	}
}

func (r *runner) proposerConfig(self protocol.Sender, pins *protocol.Pins, seed uint64) proposer.Config {
	return proposer.Config{
		Self: self, Quorum: r.Quorum, Pins: pins, Incarnation: r.world.random(), Seed: seed,
		Heartbeat: r.Timing.Heartbeat, ElectionMin: r.Timing.ElectionMin, ElectionMax: r.Timing.ElectionMax,
		ValueBytes: r.sizes.Value, WindowBytes: min(r.Transport.Window(), r.Budgets.Window), QueueBytes: r.Budgets.Queue,
	}
}

// addLoad puts a client into this process.
func (r *runner) addLoad(self protocol.Sender) error {
	if r.Load == nil {
		return nil
	}
	c := client.New(client.Config{Nonce: r.world.nonce(), Seed: r.Load.Seed, SubmitBytes: r.sizes.Submit})
	r.load = newLoad(r.Load, c, r.machine, self)
	return nil
}
