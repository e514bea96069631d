package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
)

// Band is a time in which a nemesis did harm.
type Band struct {
	Kind string `json:"kind"`
	From int64  `json:"from"` // nanoseconds since the run began
	To   int64  `json:"to"`
	Text string `json:"text"` // to whom, and how much
}

// BandsOf finds the bands in a history: from an operation of the nemesis :start-KIND (or
// :start) to its last :stop-KIND (:stop), or to the end.
func BandsOf(ops []history.Op) (bands []Band) {
	open := map[string]int{}   // the band that goes on
	closed := map[string]int{} // the band whose end may come once more: that it is undone
	for i := range ops {
		o := &ops[i]
		deed, kind, _ := strings.Cut(string(o.F), "-")
		if kind == "" {
			kind = "nemesis"
		}
		at, isOpen := open[kind]
		switch {
		case o.ByClient():
		case deed == "start" && !isOpen:
			open[kind] = len(bands)
			delete(closed, kind)
			bands = append(bands, Band{Kind: kind, From: o.Time, To: ops[len(ops)-1].Time, Text: textOf(o.Value)})
		case deed == "start":
			bands[at].Text = textOf(o.Value)
		case deed == "stop" && isOpen:
			bands[at].To, closed[kind] = o.Time, at
			delete(open, kind)
		case deed == "stop":
			if last, ok := closed[kind]; ok {
				bands[last].To = o.Time
			}
		}
	}
	return bands
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return judge.Brief(v)
}

// kindsOf are the kinds of bands, in the order in which they first come.
func kindsOf(bands []Band) (kinds []string) {
	seen := map[string]bool{}
	for _, b := range bands {
		if !seen[b.Kind] {
			kinds = append(kinds, b.Kind)
		}
		seen[b.Kind] = true
	}
	return kinds
}

// hues tell the kinds apart. They are used again where there are more kinds.
var hues = []color.NRGBA{
	{0xe4, 0x57, 0x56, 0xff}, {0x72, 0xb7, 0xb2, 0xff}, {0xee, 0xca, 0x3b, 0xff}, {0xb2, 0x79, 0xa2, 0xff},
	{0xff, 0x9d, 0xa6, 0xff}, {0x9d, 0x75, 0x5d, 0xff}, {0x54, 0xa2, 0x4b, 0xff}, {0x79, 0x70, 0x6e, 0xff},
}

func hue(i int, alpha uint8) color.NRGBA {
	c := hues[i%len(hues)]
	c.A = alpha
	return c
}

const (
	faint  = 36  // a band's opacity over the whole height, out of 255
	strong = 190 // and that of its strip at the top
	strip  = vg.Length(5)
)

// shade draws the bands of one kind: pale over the whole height, and as a strip at the
// top, each kind below the one before, so that bands at the same time can be told apart.
type shade struct {
	bands []Band
	lane  int
}

// addBands draws bands behind what is drawn later, with a line each in the legend.
func addBands(p *plot.Plot, bands []Band) {
	for lane, kind := range kindsOf(bands) {
		s := &shade{lane: lane}
		for _, b := range bands {
			if b.Kind == kind {
				s.bands = append(s.bands, b)
			}
		}
		p.Add(s)
		p.Legend.Add(kind, s)
	}
}

// Plot draws the bands.
func (s *shade) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	top := c.Max.Y - strip*vg.Length(s.lane)
	for _, b := range s.bands {
		from, to := max(x(seconds(b.From)), c.Min.X), min(x(seconds(b.To)), c.Max.X)
		if from > c.Max.X || to < c.Min.X {
			continue
		}
		to = max(to, from+0.5)
		fill(c, hue(s.lane, faint), from, c.Min.Y, to, c.Max.Y)
		fill(c, hue(s.lane, strong), from, top-strip+1, to, top)
	}
}

// Thumbnail is what the legend shows.
func (s *shade) Thumbnail(c *draw.Canvas) {
	fill(*c, hue(s.lane, faint), c.Min.X, c.Min.Y, c.Max.X, c.Max.Y)
	fill(*c, hue(s.lane, strong), c.Min.X, c.Max.Y-strip+1, c.Max.X, c.Max.Y)
}

func fill(c draw.Canvas, with color.Color, left, bottom, right, top vg.Length) {
	c.FillPolygon(with, []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}})
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }
