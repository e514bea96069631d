package report

import (
	"fmt"
	"strings"
)

// The cell that the target of throughput is about, and its figure.
const (
	targetPayload  = 64
	targetInFlight = 1024
	targetRatio    = 5
)

// Verdict is whether a target holds for one of our systems.
type Verdict struct {
	System string
	Target string
	Holds  bool
	Figure string
}

// Verdicts are those on all targets that the measured cells allow.
func (r Report) Verdicts() (all []Verdict) {
	for _, s := range r.Systems {
		if !s.Ours {
			continue
		}
		all = append(all, r.throughput(s.Name)...)
		all = append(all, r.each(s.Name, "1 in flight: p50 below every peer's", func(c Cell) bool { return c.InFlight == 1 }, func(c Cell) float64 { return c.P50.Seconds() })...)
		all = append(all, r.each(s.Name, "less CPU time for an operation than every peer", anyCell, func(c Cell) float64 { return c.CPU })...)
		all = append(all, r.each(s.Name, "less memory than every peer", anyCell, func(c Cell) float64 { return c.RSS })...)
	}
	return all
}

func anyCell(Cell) bool { return true }

// throughput is the verdict on the ratio to the best peer.
func (r Report) throughput(system string) []Verdict {
	for _, c := range r.Cells {
		if c.System == system && c.Payload == targetPayload && c.InFlight == targetInFlight && c.Ratio > 0 {
			return []Verdict{{system, fmt.Sprintf("%d in flight, %d bytes: at least %d times the best peer", targetInFlight, targetPayload, targetRatio),
				c.Ratio >= targetRatio, fmt.Sprintf("%.1f times", c.Ratio)}}
		}
	}
	return nil
}

// each is the verdict on a figure that must be less than every peer's in each of
// the cells that count.
func (r Report) each(system, target string, counts func(Cell) bool, figure func(Cell) float64) []Verdict {
	var missed []string
	held, worst := 0, 0.0
	for _, c := range r.Cells {
		least := r.leastOfPeers(c, figure)
		if c.System != system || !counts(c) || least == 0 {
			continue
		}
		share := figure(c) / least
		worst = max(worst, share)
		if share < 1 {
			held++
		} else {
			missed = append(missed, fmt.Sprintf("%d x %d B (%.2f)", c.InFlight, c.Payload, share))
		}
	}
	if held+len(missed) == 0 {
		return nil
	}
	text := fmt.Sprintf("in %d of %d cells; at worst %.2f of the least peer's", held, held+len(missed), worst)
	if len(missed) > 0 {
		text += "; not with " + strings.Join(missed, ", ")
	}
	return []Verdict{{system, target, len(missed) == 0, text}}
}

// leastOfPeers is the least figure of a peer in the same cell; 0 without peers.
func (r Report) leastOfPeers(as Cell, figure func(Cell) float64) float64 {
	least := 0.0
	for _, c := range r.Cells {
		if c.Ours || c.Payload != as.Payload || c.InFlight != as.InFlight {
			continue
		}
		if f := figure(c); least == 0 || f < least {
			least = f
		}
	}
	return least
}
