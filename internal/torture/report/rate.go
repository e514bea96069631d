package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"paxos/internal/chart"
	"paxos/internal/torture/history"
)

// series is the operations of one kind and outcome.
type series struct {
	f       history.F
	outcome history.Type
}

var (
	rateColours = []string{"#3b7dd8", "#2c8f4f", "#7b4fb5", "#8c564b"}
	rateDashes  = map[history.Type]string{history.OK: "none", history.Fail: "2 3", history.Info: "8 4"}
)

// buckets is into how many parts the time is cut, about.
const buckets = 60

// bucket is the length of a part, in seconds: 0.05, 0.1, 0.2, 0.5, 1, 2, ...
func bucket(longest float64) float64 { return max(0.05, chart.Nice(longest/buckets)) }

func writeRate(w io.Writer, points []point, bands []Band) error {
	c := newChart("Operations that ended, by what they do and how they ended", "operations a second", points, bands)
	rates := ratesOf(points, bucket(c.Longest), c.Longest)
	c.High = 1
	for _, line := range rates {
		for _, p := range line {
			c.High = max(c.High, 1.08*p.Y)
		}
	}
	addBands(c, bands)
	c.AddGrid(chart.Ticks(0, c.High))
	colours := map[history.F]string{}
	for _, s := range sortedSeries(rates) {
		if _, has := colours[s.f]; !has {
			colours[s.f] = rateColours[len(colours)%len(rateColours)]
		}
		c.AddLine(rates[s], fmt.Sprintf("%s %v", s.f, s.outcome), colours[s.f], rateDashes[s.outcome])
	}
	return c.WriteSVG(w)
}

// sortedSeries are what was ok first, then what failed.
func sortedSeries(rates map[series][]chart.Point) []series {
	return slices.SortedFunc(maps.Keys(rates), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.f, b.f))
	})
}

// ratesOf counts what ended in each part of the time. The last part may be half as long
// again as the others, or half as long.
func ratesOf(points []point, size, longest float64) map[series][]chart.Point {
	count := max(1, int(math.Round(longest/size)))
	length := func(part int) float64 {
		if part == count-1 {
			return longest - float64(part)*size
		}
		return size
	}
	rates := make(map[series][]chart.Point)
	for _, o := range points {
		s := series{o.f, o.outcome}
		if rates[s] == nil {
			rates[s] = make([]chart.Point, count)
			for i := range rates[s] {
				rates[s][i].X = float64(i)*size + length(i)/2
			}
		}
		part := min(int(seconds(o.at+o.took)/size), count-1)
		rates[s][part].Y += 1 / length(part)
	}
	return rates
}
