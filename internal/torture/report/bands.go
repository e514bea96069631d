package report

import (
	"fmt"
	"strings"

	"paxos/internal/chart"
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
var hues = []string{"#e45756", "#4ba3a0", "#e0b000", "#b279a2", "#ff8a95", "#9d755d", "#54a24b", "#79706e"}

func hue(i int) string { return hues[i%len(hues)] }

// addBands draws the bands: pale over the whole height, and as a strip at the top, each kind
// below the one before, so that bands at the same time can be told apart.
func addBands(c *chart.Chart, bands []Band) {
	const strip = 7
	for lane, kind := range kindsOf(bands) {
		for _, b := range bands {
			if b.Kind != kind {
				continue
			}
			from := c.X(seconds(b.From))
			wide := max(c.X(seconds(b.To))-from, 1)
			c.Add(`<g fill="%s"><title>%s</title>`, hue(lane), chart.Escape(b.Kind+" "+b.Text))
			c.Add(`<rect x="%.1f" y="%d" width="%.1f" height="%d" opacity="0.14"/>`, from, chart.Top, wide, chart.Bottom-chart.Top)
			c.Add(`<rect x="%.1f" y="%d" width="%.1f" height="%d" opacity="0.8"/></g>`+"\n", from, chart.Top+strip*lane, wide, strip-1)
		}
		c.Explain(kind, fmt.Sprintf(`<g fill="%s"><rect y="-7" width="22" height="14" opacity="0.14"/><rect y="-7" width="22" height="5" opacity="0.8"/></g>`, hue(lane)))
	}
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }
