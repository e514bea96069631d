package sim

import (
	"fmt"
	"io"
	"time"
)

// trace writes what happens, for people.
type trace struct {
	out    io.Writer
	header string
}

// begin starts the lines of one event.
func (t *trace) begin(event int, at time.Duration) {
	t.header = fmt.Sprintf("%8d %13s", event, at)
}

// note writes a line; what cannot be written is lost.
func (t *trace) note(format string, args ...any) {
	fmt.Fprintf(t.out, "%s  %s\n", t.header, fmt.Sprintf(format, args...))
}
