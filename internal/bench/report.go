package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"paxos/internal/terminal"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	where := "load inside the leader's process"
	if r.Clients > 0 {
		where = fmt.Sprintf("load from %d client processes", r.Clients)
	}
	fmt.Fprintf(w, "3 acceptors, 1 proposer, 1 learner, durable, on loopback; %s\n", where)
	fmt.Fprintf(w, "%g s for each line after %s of warm-up, median of %d; %s\n\n", r.Seconds, warmup, r.Rounds, r.Started.Format("2006-01-02 15:04"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "in flight\tbytes\tvalues/s\tp50\tp99\tp99.9\tCPU s\tsyncs\tacceptor\tproposer\tlearner\t")
	for _, c := range r.Cells {
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t%s\t%s\t\n",
			c.InFlight, c.Bytes, terminal.Number(int(c.ValuesPerSecond)),
			milliseconds(c.P50), milliseconds(c.P99), milliseconds(c.P999), c.CPUSecondsPerMillion, c.Fsyncs,
			mebibytes(c.Memory["acceptor"]), mebibytes(c.Memory["proposer"]), mebibytes(c.Memory["learner"]))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, legend)
	return r.Machine.writeText(w)
}

const legend = `
p50, p99, p99.9: latency. CPU s: seconds of CPU time of all processes for a million values.
syncs: fdatasyncs of one acceptor for 1,000 values. acceptor, proposer, learner: peak RSS in MiB,
in parentheses its anonymous part.
`

func (m *Machine) writeText(w io.Writer) error {
	text := fmt.Sprintf("\nThe machine in the same run: %d CPUs; fdatasync of written blocks %s, three at once %s (p50);\nmulticast from one sender to three receivers:",
		m.CPUs, milliseconds(m.FsyncP50), milliseconds(m.FsyncP50Of3))
	for i, d := range m.Datagrams {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %s/s of %d bytes", terminal.Number(int(d.PerSecond)), d.Bytes)
	}
	text += "\n"
	if m.InMemory {
		text += "The stores were on a file system in memory, so nothing was durable: name a folder on a disk with --data-dir.\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// milliseconds writes a latency; there is none where a client made the load.
func milliseconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f ms", d.Seconds()*1000)
}

func mebibytes(m Memory) string {
	return fmt.Sprintf("%.0f (%.0f)", float64(m.PeakRSS)/(1<<20), float64(m.PeakAnon)/(1<<20))
}

// WriteText writes the report for people. The last column compares with an empty
// net/http handler that as many callers asked in the same run.
func (r *ServerReport) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "3 list servers, durable, on loopback; values of %d bytes; load from one process on the same machine\n", r.Bytes)
	fmt.Fprintf(w, "%g s for each line after %s of warm-up, median of %d; %s\n\n", r.Seconds, warmup, r.Rounds, r.Started.Format("2006-01-02 15:04"))
	empty := make(map[int]float64)
	for _, c := range r.Cells {
		if c.What == EmptyHandler {
			empty[c.Callers] = c.PerSecond
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "callers\toperation\tper second\tp50\tp99\tCPU s\tof empty\t")
	for _, c := range r.Cells {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%.2f\t%.2f\t\n", c.Callers, c.What, terminal.Number(int(c.PerSecond)),
			milliseconds(c.P50), milliseconds(c.P99), c.CPUSecondsPerMillion, c.PerSecond/empty[c.Callers])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\nCPU s: seconds of CPU time of the servers for a million operations. of empty: the rate, compared\n"+
		"with that of an empty net/http handler in the same run.\nMost anonymous memory of a server, in MiB:")
	for _, n := range r.PeakAnon {
		fmt.Fprintf(w, " %.0f", float64(n)/(1<<20))
	}
	fmt.Fprintln(w)
	return r.Machine.writeText(w)
}
