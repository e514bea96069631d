package sim

import (
	"fmt"
	"io"
	"time"

	"paxos/protocol"
)

// trace writes what happens, for people.
type trace struct {
	out    io.Writer
	header string
}

// begin starts the lines of one event.
func (t *trace) begin(event int, at time.Duration, k kind) {
	t.header = fmt.Sprintf("%8d %14s %-8s", event, at, kindNames[k])
}

// note writes a line; what cannot be written is lost.
func (t *trace) note(format string, args ...any) {
	fmt.Fprintf(t.out, "%s  %s\n", t.header, fmt.Sprintf(format, args...))
}

// arrives tells of a datagram at its receiver.
func (t *trace) arrives(p *packet) {
	_, m, err := protocol.DecodeMessage(p.from.network.w.plan.cluster, p.data)
	if err != nil {
		t.note("%v hears from %v: %v", p.to, p.from, err)
		return
	}
	t.note("%v hears from %v: %s", p.to, p.from, describe(m))
}

func (e *endpoint) String() string { return fmt.Sprintf("%v-%v", e.peer.Role, e.peer.ID) }
