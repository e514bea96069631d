package plot

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paxos/bench/report"
	"paxos/internal/terminal"
)

// Write draws all pictures that a report has the figures for into a folder.
func Write(dir string, r report.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, picture := range pictures(r) {
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), []byte(picture), 0o644); err != nil {
			return fmt.Errorf("write a plot: %w", err)
		}
	}
	return nil
}

// pictures are the pictures by name.
func pictures(r report.Report) map[string]string {
	p := painter{r, 0, 0}
	for _, c := range r.Cells {
		p.most = max(p.most, c.InFlight)
	}
	p.payload = p.middle()
	all := map[string]string{
		"throughput": bars("Durable operations per second", fmt.Sprintf("%d in flight, median of %d rounds; more is better", p.most, r.Rounds),
			p.groups(func(c report.Cell) (float64, string) { return c.PerSecond, terminal.Number(int(c.PerSecond)) })),
		"cpu": bars("CPU time for a million operations", fmt.Sprintf("seconds, all processes and the load, %d in flight; less is better", p.most),
			p.groups(func(c report.Cell) (float64, string) { return c.CPU, fmt.Sprintf("%.3g", c.CPU) })),
		"memory": bars("Peak resident memory of the replicas together", fmt.Sprintf("MiB, %d in flight; less is better", p.most),
			p.groups(func(c report.Cell) (float64, string) { return c.RSS, fmt.Sprintf("%.0f", c.RSS/(1<<20)) })),
		"latency-p50": p.latency("p50", func(c report.Cell) time.Duration { return c.P50 }),
		"latency-p99": p.latency("p99", func(c report.Cell) time.Duration { return c.P99 }),
	}
	return all
}

// painter picks figures out of a report.
type painter struct {
	report.Report
	most    int // in flight
	payload int // of the curves
}

// payloads are the sizes that were measured.
func (p painter) payloads() (all []int) {
	for _, c := range p.Cells {
		if !slices.Contains(all, c.Payload) {
			all = append(all, c.Payload)
		}
	}
	return all
}

// middle is the payload that the curves are drawn for.
func (p painter) middle() int {
	all := p.payloads()
	return all[len(all)/2]
}

func (p painter) color(system string) int {
	for i, s := range p.Systems {
		if s.Name == system {
			return i % len(colours)
		}
	}
	return 0
}

// groups has a group for each payload.
func (p painter) groups(figure func(report.Cell) (float64, string)) (all []group) {
	for _, payload := range p.payloads() {
		g := group{heading: fmt.Sprintf("%d bytes", payload)}
		for _, c := range p.Cells {
			if c.Payload == payload && c.InFlight == p.most {
				value, text := figure(c)
				g.bars = append(g.bars, bar{c.System, value, text, p.color(c.System)})
			}
		}
		all = append(all, g)
	}
	return all
}

// latency draws one percentile of every system over the number in flight.
func (p painter) latency(name string, figure func(report.Cell) time.Duration) string {
	var all []curve
	for _, s := range p.Systems {
		k := curve{label: s.Name, system: p.color(s.Name)}
		if !s.Ours {
			k.class = "dashed"
		}
		for _, c := range p.Cells {
			if c.System == s.Name && c.Payload == p.payload {
				k.x, k.y = append(k.x, float64(c.InFlight)), append(k.y, figure(c).Seconds()*1000)
			}
		}
		all = append(all, k)
	}
	title := fmt.Sprintf("Latency of an operation, %s, %d bytes", name, p.payload)
	return curves(title, "milliseconds; lower is better; peers dashed", "operations in flight", all)
}
