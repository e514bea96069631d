package torture

import (
	"slices"
	"sync"

	"paxos/internal/torture/history"
	"paxos/internal/torture/report"
)

// deeds keep what the nemeses do, in the history and as bands.
type deeds struct {
	recorder *history.Recorder

	mu    sync.Mutex
	bands []report.Band
	open  map[string]int // the band of each nemesis that is at it
}

func newDeeds(r *history.Recorder) *deeds {
	return &deeds{recorder: r, open: make(map[string]int)}
}

// begins says that a nemesis is about to do harm, began that it did, and what.
func (d *deeds) begins(kind string) {
	d.recorder.Nemesis(history.F("start-"+kind), nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[kind] = len(d.bands)
	d.bands = append(d.bands, report.Band{Kind: kind, From: d.recorder.Now()})
}

func (d *deeds) began(kind, what string) {
	d.recorder.Nemesis(history.F("start-"+kind), what)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bands[d.open[kind]].Text = what
}

// ends says that a nemesis is about to undo what it did, ended that it has.
func (d *deeds) ends(kind string) { d.recorder.Nemesis(history.F("stop-"+kind), nil) }

func (d *deeds) ended(kind string) {
	d.recorder.Nemesis(history.F("stop-"+kind), nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bands[d.open[kind]].To = d.recorder.Now()
	delete(d.open, kind)
}

// active are the nemeses that do harm now.
func (d *deeds) active() (kinds []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for kind := range d.open {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// all are the bands so far; those that are open end now.
func (d *deeds) all() []report.Band {
	d.mu.Lock()
	defer d.mu.Unlock()
	bands := slices.Clone(d.bands)
	for _, i := range d.open {
		bands[i].To = d.recorder.Now()
	}
	return bands
}
