package chart

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
	Left, Right   = 84, 950
	Top, Bottom   = 44, 408
	legendLeft    = Right + 24
	legendLine    = 21
)

// Chart is a drawing over time, or over something else that grows from 0. What is added
// first lies behind.
type Chart struct {
	title, across, unit string
	Longest             float64 // the axis across goes to here
	Low, High           float64 // of the other axis
	Log                 bool    // it is logarithmic

	text    strings.Builder
	legends int
}

// New makes a chart of something in a unit, over what stands below it, from 0 to longest.
func New(title, unit, across string, longest float64) *Chart {
	return &Chart{title: title, unit: unit, across: across, Longest: longest}
}

// Add adds SVG.
func (c *Chart) Add(format string, args ...any) { fmt.Fprintf(&c.text, format, args...) }

// Escape makes a text that stands in SVG as it is.
func Escape(text string) string { return html.EscapeString(text) }

// X is where a value of the axis across is.
func (c *Chart) X(time float64) float64 {
	return Left + (Right-Left)*min(max(time/c.Longest, 0), 1)
}

// Y is where a value is.
func (c *Chart) Y(value float64) float64 {
	part := (value - c.Low) / (c.High - c.Low)
	if c.Log {
		part = math.Log(value/c.Low) / math.Log(c.High/c.Low)
	}
	return Bottom - (Bottom-Top)*min(max(part, 0), 1)
}

// Explain adds a line to the legend, with a picture that is 22 pixels wide, around the line's
// middle.
func (c *Chart) Explain(what, picture string) {
	y := Top + 10 + legendLine*c.legends
	c.Add(`<g transform="translate(%d,%d)">%s<text x="30" y="4">%s</text></g>`+"\n", legendLeft, y, picture, Escape(what))
	c.legends++
}

// Tick is a line of the grid. Without a label it is only a mark at the axis.
type Tick struct {
	At    float64
	Label string
}

// AddGrid draws both axes.
func (c *Chart) AddGrid(values []Tick) {
	const line = `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="%s"/>`
	for _, t := range Ticks(0, c.Longest) {
		x := c.X(t.At)
		c.Add(line, x, float64(Top), x, float64(Bottom), "#000", `0.5" opacity="0.18`)
		c.Add(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, Bottom+18, t.Label)
	}
	for _, t := range values {
		y := c.Y(t.At)
		if t.Label == "" {
			c.Add(line+"\n", float64(Left-4), y, float64(Left), y, "#777", "0.7")
			continue
		}
		c.Add(line, float64(Left), y, float64(Right), y, "#000", `0.5" opacity="0.18`)
		c.Add(`<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", Left-8, y+4, t.Label)
	}
	c.Add(`<path d="M%d %dV%dH%d" fill="none" stroke="#333"/>`+"\n", Left, Top, Bottom, Right)
}

// Ticks are at about ten round numbers.
func Ticks(low, high float64) (all []Tick) {
	step := Nice((high - low) / 10)
	for i := math.Ceil(low / step); i*step <= high*1.000001; i++ {
		all = append(all, Tick{i * step, fmt.Sprintf("%.6g", i*step)})
	}
	return all
}

// Nice is the next of 1, 2, 5, 10, 20, ... and their like below 1.
func Nice(v float64) float64 {
	ten := Decade(v, math.Floor)
	for _, factor := range []float64{1, 2, 5} {
		if ten*factor >= v*0.999999 {
			return ten * factor
		}
	}
	return ten * 10
}

// Decade rounds to a power of ten.
func Decade(v float64, round func(float64) float64) float64 {
	return math.Pow(10, round(math.Log10(v)))
}

// WriteSVG writes the chart as a file of its own.
func (c *Chart) WriteSVG(w io.Writer) error {
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12.5" fill="#222">
<rect width="%d" height="%d" fill="#fff"/>
<text x="%d" y="24" font-size="17" text-anchor="middle">%s</text>
<text x="%d" y="%d" text-anchor="middle">%s</text>
<text transform="translate(20,%d) rotate(-90)" text-anchor="middle">%s</text>
%s</svg>
`, width, height, width, height, width, height, (Left+Right)/2, Escape(c.title), (Left+Right)/2, height-12, Escape(c.across), (Top+Bottom)/2, Escape(c.unit), c.text.String())
	return err
}
