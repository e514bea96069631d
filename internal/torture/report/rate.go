package report

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"paxos/internal/torture/history"
)

// series is the operations of one kind and outcome.
type series struct {
	f       history.F
	outcome history.Type
}

func (s series) String() string { return fmt.Sprintf("%s %v", s.f, s.outcome) }

var (
	rateColours = []color.NRGBA{{0x3b, 0x7d, 0xd8, 0xff}, {0x2c, 0x8f, 0x4f, 0xff}, {0x7b, 0x4f, 0xb5, 0xff}, {0x8c, 0x56, 0x4b, 0xff}}
	rateDashes  = map[history.Type][]vg.Length{history.OK: nil, history.Fail: {1.5, 2}, history.Info: {6, 3}}
)

// buckets is into how many parts the time is cut, about.
const buckets = 60

// bucket is the length of a part, in seconds: 0.05, 0.1, 0.2, 0.5, 1, 2, ...
func bucket(longest float64) float64 { return max(0.05, nice(longest/buckets)) }

func writeRate(w io.Writer, points []point, bands []Band) error {
	p := newPlot("Operations that ended, by what they do and how they ended", "operations/s", points, bands)
	p.Y.Min, p.Y.Max = 0, 1
	size := bucket(p.X.Max)
	rates := ratesOf(points, size, p.X.Max)
	all := make([]series, 0, len(rates))
	for s := range rates {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b series) int { return cmp.Or(cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.f, b.f)) })
	colours := map[history.F]color.NRGBA{}
	for _, s := range all {
		if _, has := colours[s.f]; !has {
			colours[s.f] = rateColours[len(colours)%len(rateColours)]
		}
		line, err := plotter.NewLine(rates[s])
		if err != nil {
			return fmt.Errorf("draw the rate of %v: %w", s, err)
		}
		line.Color, line.Width, line.Dashes = colours[s.f], vg.Points(1.4), rateDashes[s.outcome]
		p.Add(line)
		p.Legend.Add(s.String(), line)
		for _, q := range rates[s] {
			p.Y.Max = max(p.Y.Max, 1.1*q.Y)
		}
	}
	return writeSVG(w, p)
}

// ratesOf counts what ended in each part of the time.
func ratesOf(points []point, size, longest float64) map[series]plotter.XYs {
	count := max(1, int(math.Round(longest/size))) // the last part may be half as long again, or half as long
	length := func(part int) float64 {
		if part == count-1 {
			return longest - float64(part)*size
		}
		return size
	}
	rates := make(map[series]plotter.XYs)
	for _, o := range points {
		s := series{o.f, o.outcome}
		if rates[s] == nil {
			rates[s] = make(plotter.XYs, count)
			for i := range rates[s] {
				rates[s][i].X = float64(i)*size + length(i)/2
			}
		}
		part := min(int(seconds(o.at+o.took)/size), count-1)
		rates[s][part].Y += 1 / length(part)
	}
	return rates
}
