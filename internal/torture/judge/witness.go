package judge

import (
	"cmp"
	"slices"
	"time"

	"paxos/internal/torture/history"
)

// shrinking makes a history short. Its operations are numbered from 0 on.
type shrinking struct {
	count int
	bad   func(strong []bool) bool // if it is not linearizable, the others being weak
	until time.Time                // when it stops trying
}

// shrink finds a smallest set of operations, out of count, that are not linearizable even if
// all others are weak: in the set there is none that could be weak, too. All of them
// together must not be linearizable. Where time is over, the set may be larger.
//
// ended says in which order the operations ended. Of many faults the one that was to be seen
// first is taken.
func (s *shrinking) shrink(ended []int) []int {
	set := s.earliest(ended)
	for parts := 2; len(set) > 1; {
		smaller, found := s.without(set, parts)
		switch {
		case found:
			set, parts = smaller, max(parts-1, 2)
		case parts >= len(set) || s.over():
			slices.Sort(set)
			return set
		default:
			parts = min(2*parts, len(set))
		}
	}
	return set
}

func (s *shrinking) over() bool { return time.Now().After(s.until) }

func (s *shrinking) badSet(set []int) bool {
	strong := make([]bool, s.count)
	for _, i := range set {
		strong[i] = true
	}
	return s.bad(strong)
}

// earliest is the shortest beginning of the history, by how operations ended, that is not
// linearizable. A beginning of a linearizable history is linearizable.
func (s *shrinking) earliest(ended []int) []int {
	low, high := 0, len(ended) // the first low are fine, the first high are not
	for high-low > 1 {
		middle := low + (high-low)/2
		if s.badSet(ended[:middle]) {
			high = middle
		} else {
			low = middle
		}
	}
	return slices.Clone(ended[:high])
}

// without leaves out one of so many parts of the set, if what remains is not linearizable. The
// parts with the latest operations stay longest: they tell what was wrong first.
func (s *shrinking) without(set []int, parts int) ([]int, bool) {
	for part := range parts {
		from, to := part*len(set)/parts, (part+1)*len(set)/parts
		if from == to || s.over() {
			continue
		}
		rest := slices.Concat(set[:from], set[to:])
		if s.badSet(rest) {
			return rest, true
		}
	}
	return nil, false
}

// byEnd are the numbers of operations in the order in which they ended; those without
// an end come last.
func byEnd(count int, action func(int) *action) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = i
	}
	slices.SortFunc(all, func(i, j int) int {
		a, b := action(i), action(j)
		return cmp.Or(cmp.Compare(a.ret, b.ret), cmp.Compare(a.call, b.call))
	})
	return all
}

// witnessOf are the lines of the history of some operations.
func witnessOf(some []*action) Witness {
	var w Witness
	for _, a := range some {
		w = append(w, *a.pair.Invoke)
		if a.pair.End != nil {
			w = append(w, *a.pair.End)
		}
	}
	slices.SortStableFunc(w, func(a, b history.Op) int { return cmp.Compare(a.Index, b.Index) })
	return w
}
