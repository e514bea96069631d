package plot

// group is some bars under one heading.
type group struct {
	heading string
	bars    []bar
}

// bar is one bar.
type bar struct {
	label  string
	value  float64
	text   string // what stands at its end
	system int    // what its colour says
}

const (
	barHeight = 18.0
	barStep   = 23.0
	barLeft   = 130.0
	barWidth  = 470.0
)

// bars draws horizontal bars; each group has a scale of its own, from 0.
func bars(title, note string, groups []group) string {
	c := &canvas{width: 760}
	c.text(16, 26, "title", "start", "%s", title)
	c.text(16, 45, "note", "start", "%s", note)
	y := 72.0
	for _, g := range groups {
		c.text(16, y, "title", "start", "%s", g.heading)
		y += 10
		most := 0.0
		for _, b := range g.bars {
			most = max(most, b.value)
		}
		for _, b := range g.bars {
			width := max(barWidth*b.value/max(most, 1e-12), 1)
			c.text(barLeft-8, y+barHeight-5, "", "end", "%s", b.label)
			c.bar(barLeft, y, width, barHeight, b.system)
			c.text(barLeft+width+6, y+barHeight-5, "", "start", "%s", b.text)
			y += barStep
		}
		y += 26
	}
	c.height = int(y) - 10
	return c.svg()
}
