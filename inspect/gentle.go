package inspect

import (
	"io"
	"sync/atomic"
	"time"
)

// A process of the idle class leaves the processor at once to the node that it looks at,
// and still slows it: while the node waits for its disk, a neighbour that computes takes
// its caches and, where two processors are one core, half of that.
const (
	spell = 2 * time.Millisecond // of work, about, between two pauses
	rest  = 15                   // times as long as the work before is a pause
	whole = 20 * time.Millisecond
)

// givesWay is set by GiveWay.
var givesWay atomic.Bool

// gentle reads the database of a node that runs in a sixteenth of the time, if this
// process gives way, so that the node hardly notices. It is for one goroutine.
type gentle struct {
	io.ReaderAt
	running func() bool
	since   time.Time // the last pause
}

// ReadAt implements io.ReaderAt.
func (g *gentle) ReadAt(p []byte, at int64) (int, error) {
	if worked := time.Since(g.since); worked > spell && givesWay.Load() && g.running() {
		time.Sleep(rest * min(worked, whole)) // what took longer was waiting: for a pager, or the node
		g.since = time.Now()
	}
	return g.ReaderAt.ReadAt(p, at)
}
