package sim

import "maps"

// tally counts what happens too often to be counted by name.
type tally struct {
	sent, lost, cut, duplicated, reordered, delayed, overflowed int
	unconnected, refused, shed, reset, broken                   int
	applied, installed, checkpoints, elections                  int
	starts, stopped, crashes, kills, cleanStops                 int

	steps map[string]int
}

func newTally() tally { return tally{steps: map[string]int{}} }

// all are the counts for the Result.
func (w *world) all() map[string]int {
	t := &w.tally
	all := maps.Clone(w.counts)
	for name, n := range map[string]int{
		"sent": t.sent, "lost": t.lost, "cut off": t.cut, "duplicated": t.duplicated, "reordered": t.reordered,
		"delayed": t.delayed, "overflowed": t.overflowed,
		"not connected": t.unconnected, "refused connections": t.refused, "shed": t.shed, "connections reset": t.reset,
		"connections given up": t.broken,
		"applied":              t.applied, "decided": int(w.decided), "snapshots installed": t.installed, "checkpoints": t.checkpoints,
		"elections": t.elections, "starts": t.starts, "stopped by errors": t.stopped, "crashes": t.crashes,
		"kills": t.kills, "clean stops": t.cleanStops,
		"turns": t.steps["turn"], "commits": t.steps["commit"], "works": t.steps["work"], "answers": t.steps["serve"],
	} {
		all[name] += n
	}
	return all
}
