package client

import (
	"fmt"
	"time"

	"paxos/protocol"
)

// Config is what a client is told at its start. Nonce must be drawn at random,
// anew for every client: it names the session before it has an id. Every other
// field's zero value stands for its default.
type Config struct {
	Nonce         protocol.Nonce
	Seed          uint64        // of the jitter in retransmission
	SubmitBytes   int           // most bytes of commands in one Submit; 8 KiB
	Window        int           // most commands without an answer, up to protocol.SessionWindow, the default
	WindowBytes   int           // most bytes of them; 2 MiB
	RetransmitMin time.Duration // shortest wait before anything is repeated; 8 ms
	RetransmitMax time.Duration // longest; 160 ms
}

func (c Config) withDefaults() Config {
	orInt := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	orInt(&c.SubmitBytes, 8<<10)
	orInt(&c.Window, protocol.SessionWindow)
	orInt(&c.WindowBytes, 2<<20)
	if c.RetransmitMin == 0 {
		c.RetransmitMin = 8 * time.Millisecond
	}
	if c.RetransmitMax == 0 {
		c.RetransmitMax = max(160*time.Millisecond, c.RetransmitMin)
	}
	c.WindowBytes = max(c.WindowBytes, 2*c.SubmitBytes)
	switch {
	case c.Window < 1 || c.Window > protocol.SessionWindow:
		panic(fmt.Sprintf("client: window of %d commands: want 1 to %d", c.Window, protocol.SessionWindow))
	case c.SubmitBytes < 2 || c.SubmitBytes > protocol.MaxValue-protocol.ItemOverhead:
		panic(fmt.Sprintf("client: submits of %d bytes: want 2 to %d", c.SubmitBytes, protocol.MaxValue-protocol.ItemOverhead))
	case c.RetransmitMax < c.RetransmitMin || c.RetransmitMin < 0:
		panic(fmt.Sprintf("client: retransmission after %v to %v", c.RetransmitMin, c.RetransmitMax))
	}
	return c
}
