package report

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"paxos/internal/torture/history"
)

// point is a client's operation that ended.
type point struct {
	f       history.F
	outcome history.Type
	at      int64 // when it was invoked, in nanoseconds
	took    int64 // in nanoseconds
}

func pointsOf(ops []history.Op) ([]point, error) {
	pairs, err := history.Pairs(ops)
	if err != nil {
		return nil, fmt.Errorf("draw a history: %w", err)
	}
	var points []point
	for i := range pairs {
		if p := &pairs[i]; p.End != nil {
			points = append(points, point{p.Invoke.F, p.End.Type, p.Invoke.Time, max(0, p.End.Time-p.Invoke.Time)})
		}
	}
	return points, nil
}

const (
	width  = 12 * vg.Inch
	height = 5 * vg.Inch
)

// newPlot is a plot over the time of a run.
func newPlot(title, y string, points []point, bands []Band) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "time (s)", y
	p.Legend.Top, p.Legend.Left, p.Legend.ThumbnailWidth, p.Legend.Padding = true, true, vg.Points(16), vg.Points(3)
	p.Title.Padding, p.X.Padding, p.Y.Padding = vg.Points(6), 0, 0
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(ticks), plot.TickerFunc(ticks)
	sans(p)
	p.X.Min, p.X.Max = 0, 1e-3
	for _, o := range points {
		p.X.Max = max(p.X.Max, seconds(o.at+o.took))
	}
	for _, b := range bands {
		p.X.Max = max(p.X.Max, seconds(b.To))
	}
	addBands(p, bands)
	p.Add(grid{})
	return p
}

// outcomes are drawn in this order, the rare ones last and so on top.
var outcomes = []struct {
	of     history.Type
	name   string
	colour color.NRGBA
	shape  []vg.Point // around the point
}{
	{history.OK, "ok", color.NRGBA{0x3b, 0x7d, 0xd8, 0xff}, []vg.Point{{X: -1, Y: -1}, {X: 1, Y: -1}, {X: 1, Y: 1}, {X: -1, Y: 1}}},
	{history.Fail, "fail", color.NRGBA{0xd6, 0x27, 0x8c, 0xff}, []vg.Point{{X: 0, Y: -2.2}, {X: 2.2, Y: 0}, {X: 0, Y: 2.2}, {X: -2.2, Y: 0}}},
	{history.Info, "info (unknown)", color.NRGBA{0xf2, 0x8e, 0x1c, 0xff}, []vg.Point{{X: -2.2, Y: -1.6}, {X: 2.2, Y: -1.6}, {X: 0, Y: 2.4}}},
}

// shortest is the shortest latency that is drawn, in seconds: a logarithm has no zero.
const shortest = 1e-6

func writeLatency(w io.Writer, points []point, bands []Band) error {
	p := newPlot("Latency of each operation, by outcome", "latency", points, bands)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(latencyTicks)
	p.Y.Min, p.Y.Max = 1, shortest
	for _, o := range points {
		s := max(shortest, seconds(o.took))
		p.Y.Min, p.Y.Max = min(p.Y.Min, s), max(p.Y.Max, s)
	}
	if len(points) == 0 {
		p.Y.Min, p.Y.Max = 1e-3, 1
	}
	p.Y.Min, p.Y.Max = decade(p.Y.Min, math.Floor), decade(p.Y.Max*1.01, math.Ceil)
	for _, o := range outcomes {
		d := &dots{colour: o.colour, shape: o.shape}
		for _, q := range points {
			if q.outcome == o.of {
				d.at = append(d.at, vgPoint{seconds(q.at), max(shortest, seconds(q.took))})
			}
		}
		if len(d.at) > 0 {
			p.Add(d)
			p.Legend.Add(fmt.Sprintf("%s: %d", o.name, len(d.at)), d)
		}
	}
	return writeSVG(w, p)
}

// decade rounds to a power of ten.
func decade(v float64, round func(float64) float64) float64 {
	return math.Pow(10, round(math.Log10(v)))
}

// latencyTicks are at each power of ten, with lines between them.
func latencyTicks(low, high float64) (ticks []plot.Tick) {
	for v := decade(low*1.001, math.Floor); v <= high*1.001; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: latencyText(v)})
		for i := 2; i < 10 && v*float64(i) < high; i++ {
			ticks = append(ticks, plot.Tick{Value: v * float64(i)})
		}
	}
	return ticks
}

func latencyText(s float64) string {
	switch {
	case s < 0.9e-3:
		return fmt.Sprintf("%.0f µs", s*1e6)
	case s < 0.9:
		return fmt.Sprintf("%.0f ms", s*1e3)
	}
	return fmt.Sprintf("%.0f s", s)
}

type vgPoint struct{ x, y float64 }

// dots draws many points as one path, and those that would hide each other once: an SVG
// of 100,000 operations stays small.
type dots struct {
	at     []vgPoint
	colour color.NRGBA
	shape  []vg.Point
}

// Plot draws the points.
func (d *dots) Plot(c draw.Canvas, p *plot.Plot) {
	const cell = 1.5 // points
	x, y := p.Transforms(&c)
	drawn := make(map[[2]int]bool)
	var path vg.Path
	for _, q := range d.at {
		at := vg.Point{X: x(q.x), Y: y(q.y)}
		key := [2]int{int(at.X / cell), int(at.Y / cell)}
		if !drawn[key] {
			drawn[key] = true
			d.dot(&path, at)
		}
	}
	c.SetColor(d.colour)
	c.Fill(path)
}

func (d *dots) dot(path *vg.Path, at vg.Point) {
	for i, corner := range d.shape {
		if to := at.Add(corner); i == 0 {
			path.Move(to)
		} else {
			path.Line(to)
		}
	}
	path.Close()
}

// Thumbnail is what the legend shows.
func (d *dots) Thumbnail(c *draw.Canvas) {
	var path vg.Path
	d.dot(&path, c.Center())
	c.SetColor(d.colour)
	c.Fill(path)
}
