package demo

import (
	"fmt"
	"io"
	"time"

	"paxos/internal/terminal"
)

// Event is something that happened during the demo.
type Event struct {
	Seconds float64 `json:"seconds"` // since the demo's start
	What    string  `json:"what"`
}

func (e Event) String() string { return fmt.Sprintf("%8.3f s  %s", e.Seconds, e.What) }

// Report is what came of a demo.
type Report struct {
	Dir             string  `json:"dir"`
	Clients         int     `json:"clients"`
	Values          int     `json:"values"` // of all clients together
	Seconds         float64 `json:"seconds"`
	ValuesPerSecond float64 `json:"values_per_second"`
	// FailOverSeconds is from the leader's death to the first value learned
	// under its successor.
	FailOverSeconds float64 `json:"fail_over_seconds"`
	// Fsyncs leaves out those of processes that were killed before they could say.
	Fsyncs    uint64  `json:"fsyncs"`
	DiskBytes int64   `json:"disk_bytes"`
	Events    []Event `json:"events"`
	Checks    []Check `json:"checks"`
}

func (r *Report) setDuration(d time.Duration) {
	r.Seconds = d.Seconds()
	r.ValuesPerSecond = float64(r.Values) / r.Seconds
}

// OK reports whether all three checks were made and hold.
func (r *Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK {
			return false
		}
	}
	return len(r.Checks) == 3
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	text := ""
	for _, e := range r.Events {
		text += e.String() + "\n"
	}
	text += "\n"
	for _, c := range r.Checks {
		if c.OK {
			text += "OK      " + c.Claim + "\n"
		} else {
			text += "FAILED  " + c.Claim + ": " + c.Detail + "\n"
		}
	}
	text += fmt.Sprintf(`
values     %s in %.2f s: %s/s, with the kills and the fail-over
fail-over  %.2f s from the leader's death to the next value learned
fsyncs     %s, not counting the first lives of the two that were killed
disk       %.1f MB in %d stores
`, terminal.Number(r.Values), r.Seconds, terminal.Number(int(r.ValuesPerSecond)), r.FailOverSeconds,
		terminal.Number(r.Fsyncs), float64(r.DiskBytes)/1e6, acceptors+proposers+learners)
	_, err := io.WriteString(w, text)
	return err
}
