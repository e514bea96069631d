package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// The places of a chart, in pixels. The legend stands to the right, where it hides nothing.
const (
	width, height = 1200, 460
	left, right   = 84, 950
	top, bottom   = 44, 408
	legendLeft    = right + 24
	legendLine    = 21
)

// chart is a drawing over the time of a run, as SVG. What is added first lies behind.
type chart struct {
	title, unit string
	longest     float64 // the time axis goes to here, in seconds
	low, high   float64 // of the other axis
	log         bool    // it is logarithmic

	text    strings.Builder
	legends int
}

// newChart makes a chart that is long enough for everything.
func newChart(title, unit string, points []point, bands []Band) *chart {
	c := &chart{title: title, unit: unit, longest: 1e-3}
	for _, o := range points {
		c.longest = max(c.longest, seconds(o.at+o.took))
	}
	for _, b := range bands {
		c.longest = max(c.longest, seconds(b.To))
	}
	return c
}

func (c *chart) add(format string, args ...any) { fmt.Fprintf(&c.text, format, args...) }

// escape makes a text that stands in SVG as it is.
func escape(text string) string { return html.EscapeString(text) }

// x is where a time is, in seconds.
func (c *chart) x(time float64) float64 {
	return left + (right-left)*min(max(time/c.longest, 0), 1)
}

// y is where a value is.
func (c *chart) y(value float64) float64 {
	part := (value - c.low) / (c.high - c.low)
	if c.log {
		part = math.Log(value/c.low) / math.Log(c.high/c.low)
	}
	return bottom - (bottom-top)*min(max(part, 0), 1)
}

// explain adds a line to the legend, with a picture that is 22 pixels wide, around the line's
// middle.
func (c *chart) explain(what, picture string) {
	y := top + 10 + legendLine*c.legends
	c.add(`<g transform="translate(%d,%d)">%s<text x="30" y="4">%s</text></g>`+"\n", legendLeft, y, picture, escape(what))
	c.legends++
}

// tick is a line of the grid. Without a label it is only a mark at the axis.
type tick struct {
	at    float64
	label string
}

// addGrid draws both axes.
func (c *chart) addGrid(values []tick) {
	const line = `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="%s"/>`
	for _, t := range ticks(0, c.longest) {
		x := c.x(t.at)
		c.add(line, x, float64(top), x, float64(bottom), "#000", `0.5" opacity="0.18`)
		c.add(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottom+18, t.label)
	}
	for _, t := range values {
		y := c.y(t.at)
		if t.label == "" {
			c.add(line+"\n", float64(left-4), y, float64(left), y, "#777", "0.7")
			continue
		}
		c.add(line, float64(left), y, float64(right), y, "#000", `0.5" opacity="0.18`)
		c.add(`<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y+4, t.label)
	}
	c.add(`<path d="M%d %dV%dH%d" fill="none" stroke="#333"/>`+"\n", left, top, bottom, right)
}

// ticks are at about ten round numbers.
func ticks(low, high float64) (all []tick) {
	step := nice((high - low) / 10)
	for i := math.Ceil(low / step); i*step <= high*1.000001; i++ {
		all = append(all, tick{i * step, fmt.Sprintf("%.6g", i*step)})
	}
	return all
}

// nice is the next of 1, 2, 5, 10, 20, ... and their like below 1.
func nice(v float64) float64 {
	ten := decade(v, math.Floor)
	for _, factor := range []float64{1, 2, 5} {
		if ten*factor >= v*0.999999 {
			return ten * factor
		}
	}
	return ten * 10
}

// decade rounds to a power of ten.
func decade(v float64, round func(float64) float64) float64 {
	return math.Pow(10, round(math.Log10(v)))
}

// writeTo writes the chart as a file of its own.
func (c *chart) writeTo(w io.Writer) error {
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12.5" fill="#222">
<rect width="%d" height="%d" fill="#fff"/>
<text x="%d" y="24" font-size="17" text-anchor="middle">%s</text>
<text x="%d" y="%d" text-anchor="middle">time (s)</text>
<text transform="translate(20,%d) rotate(-90)" text-anchor="middle">%s</text>
%s</svg>
`, width, height, width, height, width, height, (left+right)/2, escape(c.title), (left+right)/2, height-12, (top+bottom)/2, escape(c.unit), c.text.String())
	return err
}
