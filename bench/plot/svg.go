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

// style has the colours for light and dark: a colour for each system, ours
// strong and the peers pale.
const style = `text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.note{fill:#666}.back{fill:#fff}
.axis{stroke:#888;fill:none}.grid{stroke:#8883;fill:none}
.c0{--c:#1565c0}.c1{--c:#00897b}.c2{--c:#6a1b9a}.c3{--c:#b0712a}.c4{--c:#c9a227}.c5{--c:#8d99ae}.c6{--c:#c2607c}.c7{--c:#6b8e5a}.c8{--c:#555}
.bar{fill:var(--c)}.curve{stroke:var(--c);stroke-width:2;fill:none}.dot{fill:var(--c)}.dashed{stroke-dasharray:4 4}
@media(prefers-color-scheme:dark){text{fill:#ddd}.note{fill:#999}.back{fill:#0d1117}.c0{--c:#58a6ff}.c1{--c:#2dd4bf}.c2{--c:#c792ea}.c3{--c:#e0a060}.c4{--c:#e3c65b}.c8{--c:#aaa}}`

func (c *canvas) text(x, y float64, class, anchor, format string, args ...any) {
	fmt.Fprintf(&c.body, `<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(fmt.Sprintf(format, args...)))
}

func (c *canvas) bar(x, y, width, height float64, color int) {
	fmt.Fprintf(&c.body, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" class="bar c%d"/>`+"\n", x, y, width, height, color)
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.body, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`+"\n", x1, y1, x2, y2, class)
}

func (c *canvas) dot(x, y float64, color int) {
	fmt.Fprintf(&c.body, `<circle cx="%.1f" cy="%.1f" r="3.5" class="dot c%d"/>`+"\n", x, y, color)
}

// path joins points, x and y by turns.
func (c *canvas) path(points []float64, class string, color int) {
	d := ""
	for i := 0; i+1 < len(points); i += 2 {
		d += fmt.Sprintf("%c%.1f %.1f", "ML"[min(i, 1)], points[i], points[i+1])
	}
	fmt.Fprintf(&c.body, `<path d="%s" class="curve %s c%d"/>`+"\n", d, class, color)
}

func (c *canvas) svg() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">
<style>%s</style>
<rect width="100%%" height="100%%" class="back"/>
%s</svg>
`, c.width, c.height, c.width, c.height, style, c.body.String())
}
