package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
)

// mostBoxes is how many operations a timeline has at most: more would make browsers slow.
const mostBoxes = 3000

// writeTimeline draws a column for each client (or process), and a box for each
// operation, from its beginning to its end. The scale is not that of time: each
// beginning and each end gets a row, so that the order is seen. Of a long history
// it has the operations around the witness, or else the last ones.
func writeTimeline(w io.Writer, ops []history.Op, bands []Band, witness judge.Witness) error {
	pairs, err := history.Pairs(ops)
	if err != nil {
		return fmt.Errorf("draw a timeline: %w", err)
	}
	t := timeline{Total: len(pairs), Witness: witness.Table()}
	some := cutOut(pairs, witness)
	t.Shown = len(some)
	t.columns(some)
	t.boxes(some, witness)
	t.bands(bands)
	if _, err := io.WriteString(w, t.page()); err != nil {
		return fmt.Errorf("draw a timeline: %w", err)
	}
	return nil
}

// cutOut are the operations that are shown.
func cutOut(pairs []history.Pair, witness judge.Witness) []history.Pair {
	if len(pairs) <= mostBoxes {
		return pairs
	}
	from := len(pairs) - mostBoxes
	if len(witness) > 0 {
		middle, _ := slices.BinarySearchFunc(pairs, witness[len(witness)/2].Index, func(p history.Pair, index int) int { return cmp.Compare(p.Invoke.Index, index) })
		from = min(max(0, middle-mostBoxes/2), from)
	}
	return pairs[from : from+mostBoxes]
}

// timeline is what the page shows. Places are in pixels.
type timeline struct {
	Shown, Total  int
	Witness       string
	Columns       []column
	Boxes         []box
	Bands         []harm
	Width, Height int

	place map[string]int // of a column, by its name
	row   map[int]int    // of a line of the history, by where it stands
	rows  []int64        // the time of each row
}

type column struct {
	Name string
	Left int
}

type box struct {
	Left, Top, Height int
	Class, Text, Tip  string
}

type harm struct {
	Top, Height int
	Colour      string
	Text        string
}

const (
	columnWidth = 150
	rowHeight   = 9
	leftMargin  = 70
)

func columnOf(p *history.Pair) string {
	if p.Invoke.Client != "" {
		return p.Invoke.Client
	}
	return fmt.Sprint("process ", p.Invoke.Process)
}

// columns gives each client a column, in the order in which they first come.
func (t *timeline) columns(pairs []history.Pair) {
	t.place = map[string]int{}
	for i := range pairs {
		name := columnOf(&pairs[i])
		if _, has := t.place[name]; !has {
			t.place[name] = leftMargin + columnWidth*len(t.place)
			t.Columns = append(t.Columns, column{name, t.place[name]})
		}
	}
	t.Width = leftMargin + columnWidth*len(t.place)
}

// boxes gives each beginning and each end a row.
func (t *timeline) boxes(pairs []history.Pair, witness judge.Witness) {
	times := map[int]int64{}
	for i := range pairs {
		p := &pairs[i]
		times[p.Began] = p.Invoke.Time
		if p.End != nil {
			times[p.Ended] = p.End.Time
		}
	}
	t.row = map[int]int{}
	for _, at := range slices.Sorted(maps.Keys(times)) {
		t.row[at] = len(t.rows)
		t.rows = append(t.rows, times[at])
	}
	t.Height = rowHeight * (len(t.rows) + 2)
	accused := map[int]bool{}
	for _, o := range witness {
		accused[o.Index] = true
	}
	for i := range pairs {
		t.Boxes = append(t.Boxes, t.box(&pairs[i], accused[pairs[i].Invoke.Index]))
	}
}

func (t *timeline) box(p *history.Pair, accused bool) box {
	top, bottom := rowHeight*t.row[p.Began], t.Height
	if p.End != nil {
		bottom = rowHeight * t.row[p.Ended]
	}
	b := box{Left: t.place[columnOf(p)], Top: top, Height: max(rowHeight, bottom-top) - 1, Class: p.Outcome().String()}
	if accused {
		b.Class += " accused"
	}
	b.Text = judge.Question(p)
	if a := judge.Answer(p); a != "nil" {
		b.Text += ": " + a
	}
	b.Tip = fmt.Sprintf("%d  %s  process %d %s\nfrom %.6f s", p.Invoke.Index, b.Text, p.Invoke.Process, p.Invoke.Node, seconds(p.Invoke.Time))
	if p.End != nil {
		b.Tip += fmt.Sprintf(" to %.6f s (%.3f ms)", seconds(p.End.Time), float64(p.End.Time-p.Invoke.Time)/1e6)
	}
	return b
}

// bands draws what the nemesis did at the left.
func (t *timeline) bands(bands []Band) {
	kinds := kindsOf(bands)
	for _, b := range bands {
		from, _ := slices.BinarySearch(t.rows, b.From)
		to, _ := slices.BinarySearch(t.rows, b.To)
		if from == to {
			continue
		}
		t.Bands = append(t.Bands, harm{
			Top: rowHeight * from, Height: rowHeight * (to - from), Text: b.Kind + " " + b.Text,
			Colour: hue(slices.Index(kinds, b.Kind)) + "38", // a faint one
		})
	}
}

// Ticks are the times at the left, one for every tenth row.
func (t *timeline) Ticks() (all []box) {
	for i := 0; i < len(t.rows); i += 10 {
		all = append(all, box{Top: rowHeight * i, Text: fmt.Sprintf("%.4f s", seconds(t.rows[i]))})
	}
	return all
}

const timelineStyle = `<style>
body { font: 12px/1.3 system-ui, sans-serif; margin: 1em; color: #222; background: #fff }
.line { position: relative; margin-top: 1.5em }
.line div { position: absolute; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-size: 8px; line-height: 8px }
.ok { background: #b7d7fb } .fail { background: #f9b9d8 } .info { background: #ffd08a }
.ok, .fail, .info { width: 142px; border-radius: 2px; padding-left: 3px; box-sizing: border-box }
.ok:hover, .fail:hover, .info:hover { outline: 1px solid #000 }
.accused { outline: 2px solid #d00; z-index: 1 }
.head { position: sticky !important; top: 0; height: 1.6em; background: #fff; z-index: 2; overflow: visible !important }
.head span { position: absolute; font-size: 12px; line-height: 1.6em; font-weight: 600 }
.tick { color: #777; left: 0; width: 64px } .band { left: 0; right: 0 }
pre { background: #f6f6f6; padding: .6em; overflow: auto } .key span { padding: 0 .6em; margin-right: .4em }
</style>`

// page is the timeline as a page.
func (t *timeline) page() string {
	m := new(markup)
	m.head("Timeline", timelineStyle)
	m.add("<h1>Timeline</h1>\n")
	m.add("<p>%d of %d operations, in the order of the history: time goes down, but not evenly. Point at one to see more.</p>\n", t.Shown, t.Total)
	m.add("<p class=\"key\"><span class=\"ok\">ok</span><span class=\"fail\">fail</span><span class=\"info\">info: unknown</span></p>\n")
	m.maybe("<p>Outlined in red, if it is among these: what can't be right.</p><pre>%s</pre>\n", t.Witness)
	m.add("<div class=\"line\" style=\"width:%dpx;height:%dpx\">\n", t.Width, t.Height)
	for _, b := range t.Bands {
		m.add("<div class=\"band\" title=\"%s\" style=\"top:%dpx;height:%dpx;background:%s\">%s</div>\n", b.Text, b.Top, b.Height, b.Colour, b.Text)
	}
	for _, b := range t.Ticks() {
		m.add("<div class=\"tick\" style=\"top:%dpx\">%s</div>\n", b.Top, b.Text)
	}
	m.add(`<div class="head">`)
	for _, c := range t.Columns {
		m.add(`<span style="left:%dpx">%s</span>`, c.Left, c.Name)
	}
	m.add("</div>\n")
	for _, b := range t.Boxes {
		m.add("<div class=\"%s\" title=\"%s\" style=\"left:%dpx;top:%dpx;height:%dpx\">%s</div>\n", b.Class, b.Tip, b.Left, b.Top, b.Height, b.Text)
	}
	m.add("</div>")
	m.foot()
	return m.String()
}
