package plot

import (
	"fmt"
	"math"
)

// curve is one line of a diagram; both axes are logarithmic.
type curve struct {
	label  string
	x, y   []float64
	system int
	class  string
}

// The frame of a diagram.
const (
	left, right, top, bottom = 70.0, 560.0, 66.0, 400.0
)

// scale maps values to pixels, logarithmically.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	return s.from + (s.to-s.from)*(math.Log(v)-math.Log(s.low))/(math.Log(s.high)-math.Log(s.low))
}

// curves draws a diagram.
func curves(title, note, xName string, all []curve) string {
	c := &canvas{width: 760, height: 450}
	c.text(16, 26, "title", "start", "%s", title)
	c.text(16, 45, "note", "start", "%s", note)
	x, y := scales(all)
	decades(c, y)
	ticks(c, x, all[0].x)
	c.text((left+right)/2, bottom+38, "note", "middle", "%s", xName)
	for i, k := range all {
		var points []float64
		for j := range k.x {
			points = append(points, x.at(k.x[j]), y.at(k.y[j]))
			c.dot(x.at(k.x[j]), y.at(k.y[j]), k.system)
		}
		c.path(points, k.class, k.system)
		legend := top + 8 + 22*float64(i)
		c.path([]float64{right + 20, legend, right + 44, legend}, k.class, k.system)
		c.text(right+52, legend+4, "", "start", "%s", k.label)
	}
	return c.svg()
}

// scales hold all points: whole decades upwards.
func scales(all []curve) (x, y scale) {
	x, y = scale{math.Inf(1), 0, left + 10, right - 10}, scale{math.Inf(1), 0, bottom, top}
	for _, k := range all {
		for i := range k.x {
			x.low, x.high = min(x.low, k.x[i]), max(x.high, k.x[i])
			y.low, y.high = min(y.low, k.y[i]), max(y.high, k.y[i])
		}
	}
	if x.low == x.high {
		x.high = 2 * x.low
	}
	y.low, y.high = math.Pow(10, math.Floor(math.Log10(y.low))), math.Pow(10, math.Ceil(math.Log10(y.high)))
	if y.low == y.high {
		y.high = 10 * y.low
	}
	return x, y
}

// decades draws the axis of milliseconds.
func decades(c *canvas, y scale) {
	for v := y.low; v <= y.high*1.01; v *= 10 {
		c.line(left, y.at(v), right, y.at(v), "grid")
		c.text(left-8, y.at(v)+4, "", "end", "%s ms", fmt.Sprintf("%g", v))
	}
	c.line(left, top, left, bottom, "axis")
}

func ticks(c *canvas, x scale, values []float64) {
	c.line(left, bottom, right, bottom, "axis")
	for _, v := range values {
		c.line(x.at(v), bottom, x.at(v), bottom+5, "axis")
		c.text(x.at(v), bottom+20, "", "middle", "%g", v)
	}
}
