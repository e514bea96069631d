package report

import (
	"fmt"
	"io"
	"math"

	"paxos/internal/chart"
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

// outcomes are drawn in this order, the rare ones last and so on top. The shapes are paths
// that begin at the point.
var outcomes = []struct {
	of                  history.Type
	name, colour, shape string
}{
	{history.OK, "ok", "#3b7dd8", "m-1-1h2v2h-2z"},
	{history.Fail, "fail", "#d6278c", "m0-3l3 3l-3 3l-3-3z"},
	{history.Info, "info (unknown)", "#f28e1c", "m0-3.2l3.1 5.4h-6.2z"},
}

// shortest is the shortest latency that is drawn, in seconds: a logarithm has no zero.
const shortest = 1e-6

func writeLatency(w io.Writer, points []point, bands []Band) error {
	c := newChart("Latency of each operation, by outcome", "latency", points, bands)
	c.Low, c.High, c.Log = rangeOf(points)
	addBands(c, bands)
	c.AddGrid(latencyTicks(c.Low, c.High))
	for _, o := range outcomes {
		var some []point
		for _, q := range points {
			if q.outcome == o.of {
				some = append(some, q)
			}
		}
		if len(some) > 0 {
			addDots(c, some, o.colour, o.shape)
			c.Explain(fmt.Sprintf("%s: %d", o.name, len(some)), fmt.Sprintf(`<path transform="translate(11,0) scale(1.6)" fill="%s" d="M0 0%s"/>`, o.colour, o.shape))
		}
	}
	return c.WriteSVG(w)
}

// rangeOf are the powers of ten around all latencies.
func rangeOf(points []point) (low, high float64, log bool) {
	if len(points) == 0 {
		return 1e-3, 1, true
	}
	low, high = math.Inf(1), shortest
	for _, o := range points {
		s := max(shortest, seconds(o.took))
		low, high = min(low, s), max(high, s)
	}
	return chart.Decade(low, math.Floor), chart.Decade(high*1.01, math.Ceil), true
}

// latencyTicks are at each power of ten, with marks between them.
func latencyTicks(low, high float64) (all []chart.Tick) {
	for v := low; v <= high*1.001; v *= 10 {
		all = append(all, chart.Tick{At: v, Label: latencyText(v)})
		for i := 2; i < 10 && v*float64(i) < high; i++ {
			all = append(all, chart.Tick{At: v * float64(i)})
		}
	}
	return all
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

// addDots draws points as one path, and those that would hide each other once: the
// drawing of 100,000 operations stays small.
func addDots(c *chart.Chart, points []point, colour, shape string) {
	const cell = 2.0 // pixels
	drawn := make(map[[2]int]bool)
	c.Add(`<path fill="%s" d="`, colour)
	for _, o := range points {
		x, y := c.X(seconds(o.at)), c.Y(max(shortest, seconds(o.took)))
		if key := [2]int{int(x / cell), int(y / cell)}; !drawn[key] {
			drawn[key] = true
			c.Add("M%.1f %.1f%s", x, y, shape)
		}
	}
	c.Add("\"/>\n")
}
