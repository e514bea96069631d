package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"paxos/internal/terminal"
)

// mostLines is how many samples of a run are written for people, about.
const mostLines = 20

// WriteText writes the report for people.
func (r *GrowthReport) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "What a command costs: values of %d bytes, %d in flight, durable, on loopback; %s\n", r.Bytes, r.InFlight, r.Started.Format("2006-01-02 15:04"))
	for i := range r.Long {
		if err := r.Long[i].writeText(w); err != nil {
			return err
		}
	}
	if len(r.Sessions) > 0 {
		if err := r.writeSessions(w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, growthLegend)
	return err
}

const growthLegend = `
CPU s: seconds of CPU time of all processes for a million commands. Memory: anonymous, and resident with
mapped file pages in parentheses, of the process of its kind that has most; disk: its store; all in MiB.
grows: the last quarter of a run divided by the first after the warm-up, medians of the samples. of fresh: CPU time per
command, divided by that in a fresh cluster, in turns with it. CPU time and memory are what counts: on a machine that does
other work, too, rates and latencies tell of that work.
`

func (g *GrowthRun) writeText(w io.Writer) error {
	fmt.Fprintf(w, "\n%s, %s commands: CPU time per command grows by a factor of %.2f, anonymous memory by %.2f.\n",
		g.What, terminal.Number(int(g.Commands)), g.CPUGrowth, g.AnonGrowth)
	if g.BesideFresh != 0 {
		fmt.Fprintf(w, "In turns with a fresh cluster, %d of them, a command costs %.2f times the CPU time that it costs there (median).\n", len(g.Turns), g.BesideFresh)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	kinds := g.kinds()
	fmt.Fprintf(t, "commands\tper second\tp50\tp99\tCPU s\t%s\t\n", strings.Join(headings(kinds), "\t"))
	step := max(1, len(g.Samples)/mostLines)
	for i := step - 1; i < len(g.Samples); i += step {
		s := &g.Samples[i]
		fmt.Fprintf(t, "%s\t%s\n", terminal.Number(int(s.Commands)), s.columns(kinds))
	}
	return t.Flush()
}

// headings are those of the columns of each kind of process.
func headings(kinds []string) (all []string) {
	for _, k := range kinds {
		all = append(all, k, "disk")
	}
	return all
}

func (s *Sample) columns(kinds []string) string {
	text := fmt.Sprintf("%s\t%s\t%s\t%.2f\t", terminal.Number(int(s.PerSecond)), milliseconds(s.P50), milliseconds(s.P99), s.CPUSecondsPerMillion)
	for _, k := range kinds {
		f := s.Most(k)
		text += fmt.Sprintf("%.0f (%.0f)\t%.0f\t", mib(f.Anon), mib(f.RSS), mib(f.Disk))
	}
	return text
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// kinds are the kinds of processes of a run, in order.
func (g *GrowthRun) kinds() []string {
	found := make(map[string]bool)
	for i := range g.Samples {
		for name := range g.Samples[i].Processes {
			kind, _, _ := strings.Cut(name, " ")
			found[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Most are the figures of the process of a kind that has most, each by itself.
func (s *Sample) Most(kind string) (most Figures) {
	for name, f := range s.Processes {
		if is, _, _ := strings.Cut(name, " "); is == kind {
			most = Figures{max(most.RSS, f.RSS), max(most.Anon, f.Anon), max(most.Disk, f.Disk)}
		}
	}
	return most
}

// writeSessions has a line for each number of sessions.
func (r *GrowthReport) writeSessions(w io.Writer) error {
	fmt.Fprint(w, "\nBeside other sessions, which are open and idle:\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "cluster\tsessions\tper second\tp50\tp99\tCPU s\tof fresh\tmost memory, MiB\t")
	for i := range r.Sessions {
		g := &r.Sessions[i]
		typical := g.typical()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f\t%.0f\t\n", g.What, terminal.Number(g.Sessions), terminal.Number(int(typical.PerSecond)),
			milliseconds(typical.P50), milliseconds(typical.P99), typical.CPUSecondsPerMillion, g.BesideFresh, mib(g.mostAnon()))
	}
	return t.Flush()
}

// typical has the medians of a run's samples after the warm-up.
func (g *GrowthRun) typical() Sample {
	some := g.Samples[min(1, len(g.Samples)-1):]
	median := func(figure func(*Sample) float64) float64 { return middle(some, figure) }
	return Sample{
		PerSecond:            median(func(s *Sample) float64 { return s.PerSecond }),
		P50:                  time.Duration(median(func(s *Sample) float64 { return float64(s.P50) })),
		P99:                  time.Duration(median(func(s *Sample) float64 { return float64(s.P99) })),
		CPUSecondsPerMillion: median(func(s *Sample) float64 { return s.CPUSecondsPerMillion }),
	}
}

// mostAnon is the most anonymous memory that a process had at the end of a sample.
func (g *GrowthRun) mostAnon() (most int64) {
	for _, s := range g.Samples {
		for _, f := range s.Processes {
			most = max(most, f.Anon)
		}
	}
	return most
}
