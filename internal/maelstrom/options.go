package maelstrom

import (
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Options say how a node runs.
type Options struct {
	In  io.Reader // messages for this node, one a line
	Out io.Writer // messages from this node, one a line
	Log hclog.Logger

	// DataDir holds a folder for each node's store, named by its id. Empty means a
	// temporary folder, which is removed at the end.
	DataDir string
	// Timeout is how long a request may take; 0 means 4 s. Clients of Maelstrom wait
	// for 5 s.
	Timeout time.Duration
	// ElectionTimeout is the least silence of a leader after which another node
	// stands, and half of the greatest; 0 means the engine's own.
	ElectionTimeout time.Duration

	// StaleReads plants a bug, for tests of checkers: reads are answered from what
	// this node happens to have.
	StaleReads bool
}

// DefaultTimeout is how long a request may take unless Options say so.
const DefaultTimeout = 4 * time.Second

// MaxRequests is how many requests may be under way at once.
const MaxRequests = 1024
