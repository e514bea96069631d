package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"paxos/internal/terminal"
)

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Three durable replicas of each system, all up at once on loopback, %d CPUs; %s.\n", r.CPUs, r.Started.Format("2006-01-02 15:04"))
	fmt.Fprintf(&b, "Each phase: %s after %s of warm-up, in turn; medians of %d rounds. One fdatasync: %s ms (p50).\n\n", r.Phase, r.Warmup, r.Rounds, milliseconds(r.FsyncP50))
	b.WriteString(legend)
	if r.Uncounted != "" {
		fmt.Fprintf(&b, "Fsyncs were not counted: %s.\n", r.Uncounted)
	}
	r.writeCells(&b)
	r.writeSystems(&b)
	r.writeVerdicts(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

const legend = `CPU: seconds of CPU time of all processes of a system, its load included, for a million operations.
RSS: peak resident memory of the replicas' processes together, MiB; anon: of it, what is
neither program nor mapped file; client: of the process that made the load, where it is none of them.
fsyncs: system calls that sync, of all replicas together, for one operation, as the kernel counted them.
`

// writeCells writes a table for each payload and number in flight.
func (r Report) writeCells(b *strings.Builder) {
	t := newTable("system", "per second", "least to most", "of best peer", "p50 ms", "p90", "p99", "p99.9", "max", "CPU", "RSS", "anon", "client", "fsyncs")
	for i, c := range r.Cells {
		if i == 0 || c.Payload != r.Cells[i-1].Payload || c.InFlight != r.Cells[i-1].InFlight {
			t.write(b)
			fmt.Fprintf(b, "\n%d bytes, %d in flight:\n\n", c.Payload, c.InFlight)
		}
		t.row(c.System, terminal.Number(int(c.PerSecond)), terminal.Number(int(c.Least))+" to "+terminal.Number(int(c.Most)), ratio(c.Ratio),
			milliseconds(c.P50), milliseconds(c.P90), milliseconds(c.P99), milliseconds(c.P999), milliseconds(c.Max),
			fmt.Sprintf("%.3g", c.CPU), mebibytes(c.RSS), mebibytes(c.Anon), mebibytes(c.Client), r.fsyncs(c))
	}
	t.write(b)
}

func (r Report) fsyncs(c Cell) string {
	if r.Uncounted != "" {
		return "-"
	}
	return fmt.Sprintf("%.3g", c.Fsyncs)
}

// writeSystems writes what each system is, and what it takes when nobody asks it.
func (r Report) writeSystems(b *strings.Builder) {
	b.WriteString("\nThe systems, and what share of one core they take while idle:\n\n")
	t := newWords("system", "what runs", "idle", "phases repeated")
	for _, s := range r.Systems {
		t.row(s.Name, s.What, fmt.Sprintf("%.1f %%", 100*s.Idle), fmt.Sprint(s.Again))
	}
	t.write(b)
}

// writeVerdicts writes a line for each target.
func (r Report) writeVerdicts(b *strings.Builder) {
	verdicts := r.Verdicts()
	if len(verdicts) == 0 {
		return
	}
	b.WriteString("\nTargets: whether each holds, in how many of its cells, and the worst ratio to the best peer:\n\n")
	t := newWords(append([]string{"target"}, ours(verdicts)...)...)
	for i, v := range verdicts {
		if i == 0 || v.Target != verdicts[i-1].Target {
			t.row(v.Target)
		}
		last := &t.rows[len(t.rows)-1]
		*last = append(*last, fmt.Sprintf("%s, %d of %d, %.2f", map[bool]string{true: "yes", false: "no"}[v.Holds()], v.Cells-len(v.Missed), v.Cells, v.Worst))
	}
	t.write(b)
	writeMissed(b, verdicts)
}

// writeMissed names the cells that a target is missed in, where it holds in others.
func writeMissed(b *strings.Builder, verdicts []Verdict) {
	told := ""
	for _, v := range verdicts {
		if v.Holds() || len(v.Missed) == v.Cells {
			continue
		}
		if told == "" {
			b.WriteString("\nWhere one holds in some cells only, it does not in these (in flight x bytes, and the ratio):\n")
		}
		if v.Target != told {
			told = v.Target
			fmt.Fprintf(b, "\n%s:\n\n", told)
		}
		fmt.Fprintf(b, "- %s: %s\n", v.System, strings.Join(v.Missed, ", "))
	}
}

// ours are the systems that there are verdicts on.
func ours(verdicts []Verdict) (names []string) {
	for _, v := range verdicts {
		if !slices.Contains(names, v.System) {
			names = append(names, v.System)
		}
	}
	return names
}

func ratio(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3g", d.Seconds()*1000) }

func mebibytes(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", n/(1<<20))
}
