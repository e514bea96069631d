package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"paxos/internal/chart"
)

// WritePlots draws the long runs into a folder, which is made: growth-cpu.svg,
// growth-memory.svg, growth-disk.svg, growth-rate.svg and growth-latency.svg.
func (r *GrowthReport) WritePlots(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a folder for plots: %w", err)
	}
	return errors.Join(
		r.plot(dir, "growth-cpu.svg", "CPU time of all processes for a million commands", "seconds", r.perRun(nil, "", func(s *Sample) float64 { return s.CPUSecondsPerMillion })),
		r.plot(dir, "growth-memory.svg", "Anonymous memory of the process of its kind that has most", "MiB", r.perKind(func(f Figures) float64 { return mib(f.Anon) })),
		r.plot(dir, "growth-disk.svg", "The largest store of its kind", "MiB", r.perKind(func(f Figures) float64 { return mib(f.Disk) })),
		r.plot(dir, "growth-rate.svg", "Commands a second", "commands a second", r.perRun(nil, "", func(s *Sample) float64 { return s.PerSecond })),
		r.plot(dir, "growth-latency.svg", "Latency", "milliseconds", r.perRun(
			r.perRun(nil, ", p50", func(s *Sample) float64 { return s.P50.Seconds() * 1000 }),
			", p99", func(s *Sample) float64 { return s.P99.Seconds() * 1000 })),
	)
}

// plotted is a line of a plot.
type plotted struct {
	name   string
	points []chart.Point
}

// perRun adds a line for each run.
func (r *GrowthReport) perRun(lines []plotted, suffix string, figure func(*Sample) float64) []plotted {
	for i := range r.Long {
		g := &r.Long[i]
		lines = append(lines, plotted{g.What + suffix, g.points(figure)})
	}
	return lines
}

// perKind has a line for each kind of process of each run.
func (r *GrowthReport) perKind(figure func(Figures) float64) (lines []plotted) {
	for i := range r.Long {
		g := &r.Long[i]
		for _, kind := range g.kinds() {
			lines = append(lines, plotted{kind, g.points(func(s *Sample) float64 { return figure(s.Most(kind)) })})
		}
	}
	return lines
}

func (g *GrowthRun) points(figure func(*Sample) float64) (all []chart.Point) {
	for i := range g.Samples {
		s := &g.Samples[i]
		all = append(all, chart.Point{X: float64(s.Commands) / 1e6, Y: figure(s)})
	}
	return all
}

// The colours of lines; with more lines than these they come again, with dashes.
var lineColours = []string{"#3b7dd8", "#2c8f4f", "#e45756", "#7b4fb5", "#8c564b"}

// plot draws lines over the commands of the long runs.
func (r *GrowthReport) plot(dir, name, title, unit string, lines []plotted) error {
	longest := 1e-6
	for i := range r.Long {
		longest = max(longest, float64(r.Long[i].Commands)/1e6)
	}
	c := chart.New(title, unit, "commands since the beginning (millions)", longest)
	for _, l := range lines {
		for _, p := range l.points {
			c.High = max(c.High, 1.1*p.Y)
		}
	}
	if c.High == 0 {
		c.High = 1
	}
	c.AddGrid(chart.Ticks(0, c.High))
	for i, l := range lines {
		dashes := "none"
		if i >= len(lineColours) {
			dashes = "6 3"
		}
		c.AddLine(l.points, l.name, lineColours[i%len(lineColours)], dashes)
	}
	return writePlot(filepath.Join(dir, name), c)
}

func writePlot(path string, c *chart.Chart) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("draw a plot: %w", err)
	}
	out := bufio.NewWriter(f)
	if err := errors.Join(c.WriteSVG(out), out.Flush(), f.Close()); err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	return nil
}
