package judge

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"paxos/internal/linearizable"
)

// arranged is a history in which the list is known.
type arranged struct {
	ops     []linearizable.Op
	final   []int64 // the longest list that anybody saw, and after it what nobody saw
	absurd  string  // why there is no such list
	unknown string  // why it is not known
}

// arrange finds the list that a history must be about, if it is linearizable, and the places of the
// appends of which nobody said where they stand.
//
// The list is what the longest answer says. Where there is none, the indexes say it.
// An entry that nobody told (nobody read it, its append was told no index) is one
// of the appends whose place is not known. What was acknowledged and stood in nobody's
// list comes after all that was seen.
func arrange(all []seen) arranged {
	a := arranging{longest: longest(all)}
	if appends := countAppends(all); a.longest > appends {
		a.absurd = fmt.Sprintf("%d entries were seen, but at most %d values were appended", a.longest, appends)
		return a.arranged
	}
	a.learn(all)
	a.take(all)
	if a.absurd == "" && a.unknown == "" {
		a.fill()
		a.extend()
	}
	return a.finish()
}

// longest is the greatest length that anybody saw.
func longest(all []seen) (most int64) {
	for i := range all {
		if s := &all[i]; !s.refused {
			most = max(most, s.op.Length)
		}
	}
	return most
}

func countAppends(all []seen) (count int64) {
	for i := range all {
		if all[i].appends() && !all[i].refused {
			count++
		}
	}
	return count
}

type arranging struct {
	arranged
	longest int64
	known   []bool    // which entries of final are
	taking  []*placed // part: all but what was refused
	loose   []*placed // appends whose place is not known
}

// placed is an operation that gets a place, if it has none.
type placed struct {
	op    linearizable.Op
	acked bool
	below int64 // its index must be less
}

// learn takes the list from those who saw it.
func (a *arranging) learn(all []seen) {
	a.final, a.known = make([]int64, a.longest), make([]bool, a.longest)
	var base []int64
	for i := range all {
		if len(all[i].state) > len(base) {
			base = all[i].state
		}
	}
	for i, v := range base {
		a.told(int64(i), v)
	}
	for i := range all {
		switch s := &all[i]; {
		case s.refused || s.absurd != "":
		case s.appends() && s.op.Length > 0:
			a.told(s.op.Length-1, s.op.Value)
		case s.op.Kind == linearizable.ReadEntry && s.op.Found:
			a.told(s.op.Index, s.op.Value)
		}
	}
}

// told takes one entry. The first to tell counts; who says something else will not fit.
func (a *arranging) told(index, value int64) {
	if index < a.longest && !a.known[index] {
		a.final[index], a.known[index] = value, true
	}
}

// take sorts the operations: which take part, and which have no place yet.
func (a *arranging) take(all []seen) {
	place := make(map[int64]int64, len(a.final))
	for i, v := range a.final {
		if a.known[i] {
			place[v] = int64(i) + 1
		}
	}
	firstHole := int64(slices.Index(a.known, false))
	for i := range all {
		s := &all[i]
		if s.absurd != "" {
			a.absurd = s.absurd
		}
		if s.hashed && s.state == nil && firstHole >= 0 && s.op.Length > firstHole {
			a.unknown = fmt.Sprintf("operation %d was answered with a list of which only the hash was kept, and nobody read so long a list", s.pair.Invoke.Index)
		}
		if s.refused {
			continue // if its value is seen, nobody has appended it
		}
		p := &placed{op: s.op, acked: s.acked(), below: math.MaxInt64}
		a.taking = append(a.taking, p)
		if !s.appends() || p.op.Length > 0 {
			continue
		}
		if at := place[p.op.Value]; at == 0 {
			a.loose = append(a.loose, p)
		} else if p.acked {
			p.op.Length = at
		}
	}
}

// fill gives the entries that nobody told to appends without a place. For each entry in
// turn it takes, of the appends that were called before anybody returned who saw so long
// a list, the one that must come soonest. If any choice fits, this one does: of
// two appends, the one that returned first may stand wherever the other one may stand
// before it. If none fits, it comes too late, and the judges will see that.
func (a *arranging) fill() {
	if !slices.Contains(a.known, false) {
		return
	}
	deadlines := a.deadlines()
	a.limits()
	slices.SortFunc(a.loose, func(p, q *placed) int { return cmp.Compare(p.op.Call, q.op.Call) })
	var ready soonest
	next := 0
	for i := range a.final {
		if a.known[i] {
			continue
		}
		for next < len(a.loose) && a.loose[next].op.Call < deadlines[i] {
			heap.Push(&ready, a.loose[next])
			next++
		}
		if len(ready) == 0 {
			a.absurd = fmt.Sprintf("there is no append that entry %d can be of", i)
			return
		}
		p := heap.Pop(&ready).(*placed)
		a.final[i], a.known[i], p.op.Length = p.op.Value, true, int64(i)+1
	}
}

// deadlines says for each index when the first operation returned that saw such an entry.
func (a *arranging) deadlines() []int64 {
	first := make([]int64, a.longest)
	for i := range first {
		first[i] = linearizable.Forever
	}
	for _, p := range a.taking {
		if n := p.op.Length; n > 0 {
			first[n-1] = min(first[n-1], p.op.Return)
		}
	}
	for i := len(first) - 2; i >= 0; i-- {
		first[i] = min(first[i], first[i+1])
	}
	return first
}

// limits says where appends must stand that have returned: at an index below each length that
// was seen by somebody who was called later.
func (a *arranging) limits() {
	byCall := slices.Clone(a.taking)
	byCall = slices.DeleteFunc(byCall, func(p *placed) bool { return p.op.Length == 0 && (p.op.Kind == linearizable.Append) })
	slices.SortFunc(byCall, func(p, q *placed) int { return cmp.Compare(q.op.Call, p.op.Call) })
	byReturn := slices.Clone(a.loose)
	slices.SortFunc(byReturn, func(p, q *placed) int { return cmp.Compare(q.op.Return, p.op.Return) })
	shortest, next := int64(math.MaxInt64), 0
	for _, p := range byReturn {
		for next < len(byCall) && byCall[next].op.Call > p.op.Return {
			shortest = min(shortest, byCall[next].op.Length)
			next++
		}
		p.below = shortest
	}
}

// extend puts what was acknowledged and nobody saw behind the list, in the order of
// the answers.
func (a *arranging) extend() {
	slices.SortFunc(a.loose, func(p, q *placed) int { return cmp.Compare(p.op.Return, q.op.Return) })
	for _, p := range a.loose {
		if p.acked && p.op.Length == 0 {
			a.final = append(a.final, p.op.Value)
			p.op.Length = int64(len(a.final))
		}
	}
}

func (a *arranging) finish() arranged {
	for _, p := range a.taking {
		if p.op.Length > 0 && p.op.Return == linearizable.Forever && p.op.Kind == linearizable.Append {
			p.op.Length = 0 // its value is in the list now, and package linearizable finds it there
		}
		a.ops = append(a.ops, p.op)
	}
	return a.arranged
}

// soonest is a heap of appends by where they must stand, and then by when they returned.
type soonest []*placed

func (h soonest) Len() int { return len(h) }
func (h soonest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].below, h[j].below), cmp.Compare(h[i].op.Return, h[j].op.Return)) < 0
}
func (h soonest) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *soonest) Push(x any)   { *h = append(*h, x.(*placed)) }
func (h *soonest) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// opinion says what the judge without a search thinks of what was arranged.
func (a *arranged) opinion() Validity {
	switch {
	case a.absurd != "":
		return Invalid
	case a.unknown != "":
		return Unknown
	case linearizable.Order(a.ops, a.final) != nil:
		return Invalid
	}
	return Valid
}
