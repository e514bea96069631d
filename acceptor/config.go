package acceptor

import (
	"fmt"
	"time"

	"paxos/protocol"
)

// Config is what an acceptor is told when it starts. Zero fields but Self mean
// the defaults.
type Config struct {
	// Self is the acceptor's own role (acceptor or server), id and store.
	Self protocol.Sender
	// Pins is the table that the cores of this process share; nil: one of its own.
	Pins *protocol.Pins
	// LeaderTimeout is how long a leader counts as heard; default 500 ms.
	LeaderTimeout time.Duration
	// PageBytes is the body budget of one Promise or Accepted datagram, in
	// bytes; default 1,400. A page holds at least one vote, whatever its size.
	PageBytes int
	// MaxOpen is how many instances above the trim point it votes for; default 65,536.
	MaxOpen int
	// MaxVoteBytes is how many bytes of votes it holds before it votes for
	// no instance beyond the last one; default 32 MiB. Holes below and votes
	// that replace others may take as much again.
	MaxVoteBytes int
	// Window is the receive window in bytes that it grants to the leader.
	Window uint32
}

// Restored is what an acceptor's store remembers of it.
type Restored struct {
	Promised protocol.Ballot   // the highest Promised record; votes may be higher
	Votes    []protocol.Vote   // in any order; the highest ballot of an instance counts
	Trim     protocol.Instance // the applied instance of the own durable checkpoint
	Pins     []protocol.Pin    // in any order
}

func (c Config) withDefaults() Config {
	setDefault(&c.LeaderTimeout, 500*time.Millisecond)
	setDefault(&c.PageBytes, 1400)
	setDefault(&c.MaxOpen, 1<<16)
	setDefault(&c.MaxVoteBytes, 32<<20)
	return c
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) check() error {
	switch {
	case c.Self.Role != protocol.RoleAcceptor && c.Self.Role != protocol.RoleServer:
		return fmt.Errorf("acceptor: role %s does not vote", c.Self.Role)
	case !c.Self.ID.Valid():
		return fmt.Errorf("acceptor: invalid id %d", c.Self.ID)
	case c.Self.Store == 0:
		return fmt.Errorf("acceptor %d: stands on no store", c.Self.ID)
	case c.LeaderTimeout < 0 || c.PageBytes < 0 || c.MaxOpen < 0 || c.MaxVoteBytes < 0:
		return fmt.Errorf("acceptor %d: negative limit in its configuration", c.Self.ID)
	}
	return nil
}
