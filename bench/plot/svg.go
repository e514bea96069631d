package plot

import (
	"fmt"
	"html"
	"strings"
)

// canvas collects the elements of one picture. Lengths are in pixels.
type canvas struct {
	width, height int
	body          strings.Builder
}

// colours are those of the systems, in their order, on white and on black. Ours come first.
var colours = []struct{ light, dark string }{
	{"#1565c0", "#58a6ff"}, {"#5aa9e6", "#a5d2ff"}, {"#00897b", "#2dd4bf"}, {"#6a1b9a", "#c792ea"}, {"#b0712a", "#e0a060"}, {"#c9a227", "#e3c65b"},
	{"#8d99ae", "#8d99ae"}, {"#c2607c", "#d67c96"}, {"#555555", "#aaaaaa"}, {"#6b8e5a", "#8fb37c"},
}

const (
	lightStyle = "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.note{fill:#666}.back{fill:#fff}" +
		".axis{stroke:#888;fill:none}.grid{stroke:#888;stroke-opacity:.2;fill:none}.curve{stroke-width:2;fill:none}.dashed{stroke-dasharray:4 4}"
	darkStyle = "text{fill:#ddd}.note{fill:#999}.back{fill:#0d1117}"
)

// style is for light, and for readers who have chosen dark. (Variables would be
// shorter, but not every program that shows SVG knows them.)
func style() string {
	light, dark := lightStyle, darkStyle
	for i, c := range colours {
		light += fmt.Sprintf(".f%d{fill:%s}.s%d{stroke:%s}", i, c.light, i, c.light)
		dark += fmt.Sprintf(".f%d{fill:%s}.s%d{stroke:%s}", i, c.dark, i, c.dark)
	}
	return light + "\n@media(prefers-color-scheme:dark){" + dark + "}"
}

func (c *canvas) text(x, y float64, class, anchor, format string, args ...any) {
	fmt.Fprintf(&c.body, `<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(fmt.Sprintf(format, args...)))
}

func (c *canvas) bar(x, y, width, height float64, color int) {
	fmt.Fprintf(&c.body, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" class="f%d"/>`+"\n", x, y, width, height, color)
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.body, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

func (c *canvas) dot(x, y float64, color int) {
	fmt.Fprintf(&c.body, `<circle cx="%.1f" cy="%.1f" r="3.5" class="f%d"/>`+"\n", x, y, color)
}

// path joins points, x and y by turns.
func (c *canvas) path(points []float64, class string, color int) {
	d := ""
	for i := 0; i+1 < len(points); i += 2 {
		d += fmt.Sprintf("%c%.1f %.1f", "ML"[min(i, 1)], points[i], points[i+1])
	}
	fmt.Fprintf(&c.body, `<path d="%s" class="curve %s s%d"/>`+"\n", d, class, color)
}

func (c *canvas) svg() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">
<style>%s</style>
<rect width="100%%" height="100%%" class="back"/>
%s</svg>
`, c.width, c.height, c.width, c.height, style(), c.body.String())
}
