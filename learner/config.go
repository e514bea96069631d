package learner

import (
	"time"

	"paxos/protocol"
)

// Config is what a learner is told when it starts. Zero numbers mean the
// defaults, unless said otherwise.
type Config struct {
	Self   protocol.Sender
	Quorum protocol.Quorum // the acceptors that count, until Configure says otherwise
	Pins   *protocol.Pins  // the table that the cores of this process share; nil: one of its own
	Peers  []protocol.Peer // whom to ask, usually the acceptors; Self is left out

	// AskDelay is how long nothing is delivered, while more is known to
	// exist, before a peer is asked; default 3 ms. It doubles up to
	// MaxAskDelay, default 100 ms, and starts afresh with every delivery.
	AskDelay, MaxAskDelay time.Duration
	// MaxAhead is how many undelivered instances are remembered; default 16,384.
	MaxAhead int
	// MaxHeldBytes bounds the undelivered values, in bytes; default 8 MiB.
	MaxHeldBytes int
	// CacheBytes bounds the delivered values that are kept to answer Ask;
	// 0 keeps none and answers nobody.
	CacheBytes int
	// ReplyBytes bounds what one Ask may bring: the answers to it, and what
	// is asked for at once; default 48 KiB.
	ReplyBytes int
	// PageBytes is the body budget of one Decided datagram; default 1,400. A
	// page holds at least one decision, whatever its size.
	PageBytes int
	// Seed spreads the learners over the peers and their repeated asking over time.
	Seed uint64
}

func (c Config) withDefaults() Config {
	setDefault(&c.AskDelay, 3*time.Millisecond)
	setDefault(&c.MaxAskDelay, 100*time.Millisecond)
	setDefault(&c.MaxAhead, 1<<14)
	setDefault(&c.MaxHeldBytes, 8<<20)
	setDefault(&c.ReplyBytes, 48<<10)
	setDefault(&c.PageBytes, 1400)
	peers := make([]protocol.Peer, 0, len(c.Peers))
	for _, p := range c.Peers {
		if p != c.Self.Peer {
			peers = append(peers, p)
		}
	}
	c.Peers = peers
	return c
}

func setDefault[T int | uint64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
