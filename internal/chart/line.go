package chart

import (
	"fmt"
	"strings"
)

// Point is a point of a line, in the units of the axes.
type Point struct{ X, Y float64 }

// AddLine adds a line, and explains it. Dashes are SVG's stroke-dasharray; "none" is a
// whole line.
func (c *Chart) AddLine(line []Point, name, colour, dashes string) {
	var path strings.Builder
	for i, p := range line {
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", step, c.X(p.X), c.Y(p.Y))
	}
	const style = `<path fill="none" stroke="%s" stroke-width="1.8" stroke-dasharray="%s" d="%s"/>`
	c.Add(style+"\n", colour, dashes, path.String())
	c.Explain(name, fmt.Sprintf(style, colour, dashes, "M0 0H22"))
}
