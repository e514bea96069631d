package report

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// families are the fonts that a viewer may take for the one that is measured here.
const families = "Liberation Sans, Arimo, Helvetica, Arial, sans-serif"

// sans sets all texts of a plot in a font without serifs.
func sans(p *plot.Plot) {
	for style, size := range map[*text.Style]vg.Length{
		&p.Title.TextStyle: 13, &p.X.Label.TextStyle: 11, &p.Y.Label.TextStyle: 11,
		&p.X.Tick.Label: 10, &p.Y.Tick.Label: 10, &p.Legend.TextStyle: 10,
	} {
		style.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	}
}

// writeSVG draws a plot, with its legend to the right, where it hides nothing.
func writeSVG(w io.Writer, p *plot.Plot) error {
	legend := p.Legend
	p.Legend = plot.NewLegend()
	c := newCanvas(width, height)
	all := draw.Crop(draw.New(c), vg.Points(6), -vg.Points(10), vg.Points(4), -vg.Points(4))
	room := 1.08*legend.Rectangle(all).Size().X + vg.Points(16) // a viewer's font may be wider
	p.Draw(draw.Crop(all, 0, -room, 0, 0))
	legend.Draw(draw.Crop(all, all.Size().X-room+vg.Points(12), 0, 0, -vg.Points(24)))
	var svg bytes.Buffer
	if _, err := c.WriteTo(&svg); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:"+families)))
	return err
}

// ticks are at about ten round numbers.
func ticks(low, high float64) (all []plot.Tick) {
	step := nice((high - low) / 10)
	for i := math.Ceil(low / step); i*step <= high*1.000001; i++ {
		all = append(all, plot.Tick{Value: i * step, Label: fmt.Sprintf("%.6g", i*step)})
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

// newCanvas is an empty white picture.
func newCanvas(width, height vg.Length) *vgsvg.Canvas {
	c := vgsvg.New(width, height)
	fill(draw.New(c), color.White, 0, 0, width, height)
	return c
}

// grid draws thin lines at the labelled ticks.
type grid struct{}

// Plot draws the lines.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: color.NRGBA{0, 0, 0, 40}, Width: vg.Points(0.4)}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if at := x(t.Value); !t.IsMinor() && c.ContainsX(at) {
			c.StrokeLine2(style, at, c.Min.Y, at, c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if at := y(t.Value); !t.IsMinor() && c.ContainsY(at) {
			c.StrokeLine2(style, c.Min.X, at, c.Max.X, at)
		}
	}
}
