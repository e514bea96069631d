package bench

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// Options say what is measured.
type Options struct {
	Dir      string        // where the clusters' folders go; empty: see folder
	Binary   string        // see cluster.Options
	InFlight []int         // commands on their way at once
	Sizes    []int         // bytes of a value
	Duration time.Duration // of each cell
	Rounds   int           // of all cells; the median counts
	Clients  int           // separate client processes; 0: load inside the leader's process
	// Progress, if not nil, is told what is measured now.
	Progress func(round, inFlight, size int)
}

// Report is what was measured.
type Report struct {
	Started time.Time `json:"started"`
	Clients int       `json:"clients"` // 0: the load was made inside the leader's process
	Seconds float64   `json:"seconds"` // of each cell
	Rounds  int       `json:"rounds"`
	Machine Machine   `json:"machine"`
	Cells   []Cell    `json:"cells"`
}

// Run measures everything.
func Run(ctx context.Context, o Options) (r Report, err error) {
	r = Report{Started: time.Now(), Clients: o.Clients, Seconds: o.Duration.Seconds(), Rounds: o.Rounds}
	if o.Dir, err = folder(o.Dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if r.Machine, err = probe(o.Dir); err != nil {
		return r, err
	}
	rounds := make([][]Cell, len(o.Sizes)*len(o.InFlight))
	for round := range o.Rounds {
		if err := o.round(ctx, round, rounds); err != nil {
			return r, err
		}
	}
	for _, cells := range rounds {
		r.Cells = append(r.Cells, median(cells))
	}
	return r, nil
}

// round measures each cell once, so that a bad minute of the machine does not
// hit all rounds of one cell.
func (o *Options) round(ctx context.Context, round int, rounds [][]Cell) error {
	at := 0
	for _, size := range o.Sizes {
		for _, inFlight := range o.InFlight {
			if o.Progress != nil {
				o.Progress(round+1, inFlight, size)
			}
			cell, err := o.measure(ctx, inFlight, size)
			if err != nil {
				return err
			}
			rounds[at] = append(rounds[at], cell)
			at++
		}
	}
	return nil
}

// median is the cell of the middle round, by its rate; of two middle ones the worse.
func median(cells []Cell) Cell {
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Compare(a.ValuesPerSecond, b.ValuesPerSecond) })
	return cells[(len(cells)-1)/2]
}
