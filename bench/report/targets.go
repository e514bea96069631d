package report

import (
	"fmt"
	"slices"
)

// target is what is wanted of each of our systems: a ratio to the best peer in the
// same cell.
type target struct {
	name   string
	counts func(Cell) bool // which cells it is about
	figure func(Cell) float64
	// least is how large the ratio to the greatest figure of a peer must be at least;
	// 0: the figure must be less than every peer's.
	least float64
}

var targets = []target{
	{"operations per second: at least 5 times every peer's, 1024 in flight, 64 bytes", func(c Cell) bool { return c.InFlight == 1024 && c.Payload == 64 }, func(c Cell) float64 { return c.PerSecond }, 5},
	{"p50 less than every peer's, 1 in flight", func(c Cell) bool { return c.InFlight == 1 }, func(c Cell) float64 { return c.P50.Seconds() }, 0},
	{"CPU time for an operation less than every peer's", anyCell, func(c Cell) float64 { return c.CPU }, 0},
	{"peak memory less than every peer's", anyCell, func(c Cell) float64 { return c.RSS }, 0},
}

func anyCell(Cell) bool { return true }

// holds says if a ratio is good enough.
func (t target) holds(ratio float64) bool {
	if t.least > 0 {
		return ratio >= t.least
	}
	return ratio < 1
}

// Verdict is whether a target holds for one of our systems.
type Verdict struct {
	System string
	Target string
	Cells  int      // that it is about
	Worst  float64  // of the ratios to the best peer in them
	Missed []string // the cells where it does not hold, with the ratio
}

// Holds says if the target holds in all cells.
func (v Verdict) Holds() bool { return len(v.Missed) == 0 }

// Verdicts are those on all targets that the measured cells allow, target by target.
func (r Report) Verdicts() (all []Verdict) {
	for _, t := range targets {
		for _, s := range r.Systems {
			if v := r.verdict(t, s.Name); s.Ours && v.Cells > 0 {
				all = append(all, v)
			}
		}
	}
	return all
}

func (r Report) verdict(t target, system string) Verdict {
	v := Verdict{System: system, Target: t.name}
	for _, c := range r.Cells {
		peer := r.bestPeer(t, c)
		if c.System != system || !t.counts(c) || peer == 0 {
			continue
		}
		ratio := t.figure(c) / peer
		if worse := ratio > v.Worst != (t.least > 0); v.Cells == 0 || worse {
			v.Worst = ratio
		}
		v.Cells++
		if !t.holds(ratio) {
			v.Missed = append(v.Missed, fmt.Sprintf("%d x %d B (%.2f)", c.InFlight, c.Payload, ratio))
		}
	}
	return v
}

// bestPeer is the best figure of a peer in the same cell; 0 without peers.
func (r Report) bestPeer(t target, as Cell) float64 {
	var figures []float64
	for _, c := range r.Cells {
		if !c.Ours && c.Payload == as.Payload && c.InFlight == as.InFlight {
			figures = append(figures, t.figure(c))
		}
	}
	switch {
	case len(figures) == 0:
		return 0
	case t.least > 0:
		return slices.Max(figures)
	}
	return slices.Min(figures)
}
