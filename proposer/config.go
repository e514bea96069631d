package proposer

import (
	"fmt"
	"time"

	"paxos/protocol"
)

// Sessions is what the proposer asks of the applied state: the last applied
// seq of a session, and whether the list knows the session at all.
type Sessions interface {
	Session(id protocol.SessionID) (last protocol.Seq, ok bool)
}

// Config is what a proposer is told at its start. Self, Quorum and Incarnation
// must be given; every other field's zero value stands for its default.
type Config struct {
	Self        protocol.Sender
	Quorum      protocol.Quorum // who votes, until Configure says otherwise
	Incarnation uint64          // drawn at random by whoever starts the process (rule 3)
	Seed        uint64          // of the jitter in elections
	Pins        *protocol.Pins  // the table that the cores of this process share; nil: one of its own

	Heartbeat     time.Duration // between two signs of life of a leader; 50 ms
	ElectionMin   time.Duration // shortest silence after which a follower stands; 500 ms
	ElectionMax   time.Duration // longest; a leader that no majority answers for so long steps down; 800 ms
	StartupMax    time.Duration // longest wait before the first candidacy of a process; 60 ms
	RetransmitMin time.Duration // shortest wait before anything is repeated; 8 ms
	RetransmitMax time.Duration // longest; 160 ms
	StallTimeout  time.Duration // a leader that decides nothing for so long, with work at hand, or whose acceptors learn nothing of it, steps down; 3 s
	StrangerEvery time.Duration // between two Strangers about one acceptor; 1 s

	ValueBytes      int // most bytes of one value, up to protocol.MaxValue; 8 KiB. Commands that fit none are dropped
	WindowBytes     int // most bytes of Accepts under way at once, but always one value; 128 KiB
	WindowInstances int // most instances from the first that is not accepted by a majority, or not applied here, to the last proposed; 128, which is the most
	Pipeline        int // with so many values under way, a value that is not full waits; 2
	QueueBytes      int // most bytes of commands that wait for the window; 4 MiB
}

// Restored is what the store kept of an earlier life; zero at the first start.
type Restored struct {
	Round   uint64 // the highest Round record
	Pins    []protocol.Pin
	Applied protocol.Instance
}

func (c Config) withDefaults() Config {
	orTime := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	orInt := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	orTime(&c.Heartbeat, 50*time.Millisecond)
	orTime(&c.ElectionMin, 500*time.Millisecond)
	orTime(&c.ElectionMax, max(800*time.Millisecond, c.ElectionMin))
	orTime(&c.StartupMax, 60*time.Millisecond)
	orTime(&c.RetransmitMin, 8*time.Millisecond)
	orTime(&c.RetransmitMax, max(160*time.Millisecond, c.RetransmitMin))
	orTime(&c.StallTimeout, 3*time.Second)
	orTime(&c.StrangerEvery, time.Second)
	orInt(&c.ValueBytes, 8<<10)
	orInt(&c.WindowBytes, 128<<10)
	orInt(&c.WindowInstances, 128)
	orInt(&c.Pipeline, 2)
	orInt(&c.QueueBytes, 4<<20)
	c.check()
	return c
}

// check panics for a configuration that no flag could have asked for.
func (c Config) check() {
	switch {
	case !c.Self.ID.Valid() || c.Quorum.Size() == 0:
		panic("proposer: config without its own id or without acceptors")
	case c.ElectionMax < c.ElectionMin || c.RetransmitMax < c.RetransmitMin || c.ElectionMin < c.Heartbeat:
		panic(fmt.Sprintf("proposer: config with times in the wrong order: %+v", c))
	case c.WindowInstances < 1 || c.WindowInstances > protocol.Alpha/2:
		panic(fmt.Sprintf("proposer: %d instances under way: want 1 to %d (rule 13)", c.WindowInstances, protocol.Alpha/2))
	case c.ValueBytes < protocol.ItemOverhead+1 || c.ValueBytes > protocol.MaxValue:
		panic(fmt.Sprintf("proposer: values of %d bytes: want %d to %d", c.ValueBytes, protocol.ItemOverhead+1, protocol.MaxValue))
	}
}
