package node

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/transport"
	"paxos/vfs"
)

// Options say what one acceptor, proposer or learner process is.
type Options struct {
	Self      protocol.Peer // role and id
	Cluster   protocol.ClusterID
	Quorum    protocol.Quorum
	Transport transport.Transport
	Log       hclog.Logger

	DataDir string
	Init    bool // format an empty folder

	// FS and OpenDB replace the real files and the real database, in tests.
	FS     vfs.FS
	OpenDB kv.Opener
	// NoInspect makes no socket in the folder for those who want to look at the store
	// while it is in use. There is none either without real files.
	NoInspect bool
	// CheckpointBytes is how many bytes of values are decided between two
	// checkpoints; 0 means 2 MiB. More than Budgets allow is as much as they do: half of
	// the Votes, twice the Cache.
	CheckpointBytes int

	// Entries, if not nil, is called with the list's entries in order, from
	// index From on: first those on disk, then the new ones as they are
	// applied. block holds count payloads in the form of protocol.Run. Calls come
	// from one goroutine; the block must not be kept. An error stops the process.
	Entries func(first uint64, count int, block []byte) error
	From    uint64
	// Once makes a learner stop, cleanly, when it has delivered everything
	// that was decided when it started.
	Once bool

	// Members are the addresses of the Quorum of list servers. Both count for a
	// new store only: an old one knows its members.
	Members []Member
	// Address is where the others reach this list server. A store whose list knows that
	// as the place of another member is refused (storage.ErrForeign). Empty: not known.
	Address string
	// Seeds are servers to ask beside the members that the own list knows; see
	// Server.Seed.
	Seeds []protocol.NodeID
	// OnMembers, if not nil, is told by the loop who belongs to the cluster, at the
	// start and whenever it changes: whom a transport of connections must reach. It
	// must not block.
	OnMembers func([]Member)
	// Images says that a list server's entries may come from a peer as an image of
	// the caller's state machine, where the entries themselves are dropped.
	Images bool
	// Placed is told by the loop of a list server which Proposals have their place, in
	// the order of the list, before any View shows it: so whoever reads Views finds there
	// what Placed has noted. It answers each of them, then or later, also where nobody
	// waits any more. It must not block, nor keep the slice. nil: nobody calls Propose.
	Placed func([]*Proposal)
	// OnLeader, if not nil, is told by the loop of a list server who leads, whenever
	// that changes; at the start nobody is known to. It must not block.
	OnLeader func(Leader)
	// ReserveBytes of a list server's disk are kept free: below, commands are
	// refused, while votes and checkpoints go on. 0: no reserve.
	ReserveBytes int64
	// FreeBytes tells what is left on the disk of a folder; nil: the operating system.
	FreeBytes func(dir string) (int64, error)

	// Load, if not nil, is a client that lives in the proposer's process.
	Load *Load

	Timing Timing

	// Probe, if not nil, is what others look at the process with while it runs.
	Probe *Probe

	// SegmentBytes is the size of one file of the log, a multiple of 512; 0 means
	// 4 MiB, or 256 KiB for a role that logs little. A value must fit in it four times.
	SegmentBytes int64
	// TransactionBytes is storage.Options.TransactionBytes.
	TransactionBytes int
	// Budgets bound the memory.
	Budgets Budgets

	observes bool // see StartObserver
	world    world
}

// Budgets bound the structures that grow with the traffic, in bytes, but for
// Open. Zero means the default.
type Budgets struct {
	Votes  int // of an acceptor that wait for a checkpoint; default 8 MiB
	Open   int // instances above its trim point that an acceptor votes for; default 65536
	Cache  int // recent decisions, kept for peers that lost them; default 2 MiB
	Held   int // values that a learner holds for the ones before them; default 4 MiB
	Window int // Accepts under way at once; default 1 MiB
	Queue  int // commands that wait in a leader; default 4 MiB
	Desk   int // commands without a session that a list server has under way; default 2 MiB
	Fetch  int // of a snapshot, asked for and not here yet; default 1 MiB
}

func (b Budgets) withDefaults() Budgets {
	for _, x := range []struct {
		budget *int
		normal int
	}{
		{&b.Votes, maxVoteBytes}, {&b.Open, maxOpen}, {&b.Cache, cacheBytes},
		{&b.Held, maxHeldBytes}, {&b.Window, maxWindow}, {&b.Queue, maxQueueBytes}, {&b.Desk, maxDeskBytes}, {&b.Fetch, maxFetchWindow},
	} {
		if *x.budget == 0 {
			*x.budget = x.normal
		}
	}
	return b
}

// Timing holds the durations that a deployment may want to change. The zero
// value of each field means its default.
type Timing struct {
	Heartbeat   time.Duration // between a leader's signs of life; default 50 ms
	ElectionMin time.Duration // least silence after which a proposer runs for leader; default 500 ms
	ElectionMax time.Duration // greatest; default 800 ms
}

// ClientOptions say what a client process is.
type ClientOptions struct {
	Self      protocol.Peer
	Cluster   protocol.ClusterID
	Acceptors int // how many there are: it counts for the size of messages
	Transport transport.Transport
	Log       hclog.Logger
	// Next returns the next payload, which need only stay valid until the next
	// call, and io.EOF after the last. It may block.
	Next func() ([]byte, error)
	// Pause is how long to wait between two payloads.
	Pause time.Duration
	// Window bounds the commands without acknowledgement; 0 means
	// protocol.SessionWindow.
	Window int
	// Progress, if not nil, is called now and then from one goroutine.
	Progress func(ClientReport)
	// Acked, if not nil, is told at once, by the same goroutine, how many payloads are
	// acknowledged: always the first ones.
	Acked func(total uint64)
	// Probe, if not nil, is what others look at the process with while it runs.
	Probe *Probe
}

// ClientReport is what a client has done so far.
type ClientReport struct {
	Submitted uint64
	Acked     uint64
	Elapsed   time.Duration // since the session's opening was first sent
}
