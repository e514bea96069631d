package history

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// graph has the transactions that took place as nodes, and what must have come
// before what as edges. Behind the transactions there is a node for each moment at
// which one of them returned: real time is a chain of moments, which needs far
// fewer edges than all pairs of transactions.
type graph struct {
	txns  []Txn
	took  []bool // which transactions took place for sure
	edges [][]edge
}

// edge leads to what comes later, and says why it does.
type edge struct {
	to  int
	why string
}

func newGraph(txns []Txn, w map[element]int, o orders) *graph {
	g := &graph{txns: txns, took: make([]bool, len(txns)), edges: make([][]edge, len(txns))}
	for i := range txns {
		g.took[i] = txns[i].Outcome == Done
	}
	for key, order := range o {
		for _, elem := range order {
			g.took[w[element{key, elem}]] = true
		}
	}
	g.addVersions(w, o)
	g.addReads(w, o)
	g.addTime()
	return g
}

func (g *graph) add(from, to int, why string) {
	if from != to {
		g.edges[from] = append(g.edges[from], edge{to, why})
	}
}

// addVersions adds that appends to a key follow one another (ww). What took place
// and nobody has read comes after all that was read.
func (g *graph) addVersions(w map[element]int, o orders) {
	for key, order := range o {
		for i := 1; i < len(order); i++ {
			g.add(w[element{key, order[i-1]}], w[element{key, order[i]}], fmt.Sprintf("ww on %d", key))
		}
	}
	for e, t := range w {
		order := o[e.key]
		if g.took[t] && len(order) > 0 && !slices.Contains(order, e.elem) {
			g.add(w[element{e.key, order[len(order)-1]}], t, fmt.Sprintf("ww on %d", e.key))
		}
	}
}

// addReads adds that a read follows the append that it saw last (wr), and that
// what it did not see follows the read (rw).
func (g *graph) addReads(w map[element]int, o orders) {
	unread := g.unread(w, o)
	for r := range eachRead(g.txns) {
		key, n, order := r.micro.Key, len(r.micro.List), o[r.micro.Key]
		if n > 0 {
			g.add(w[element{key, order[n-1]}], r.txn, fmt.Sprintf("wr on %d", key))
		}
		if n < len(order) {
			g.add(r.txn, w[element{key, order[n]}], fmt.Sprintf("rw on %d", key))
			continue
		}
		for _, t := range unread[key] {
			g.add(r.txn, t, fmt.Sprintf("rw on %d", key))
		}
	}
}

// unread are the transactions that appended to a key what nobody has read.
func (g *graph) unread(w map[element]int, o orders) map[int][]int {
	unread := make(map[int][]int)
	for e, t := range w {
		if g.took[t] && !slices.Contains(o[e.key], e.elem) {
			unread[e.key] = append(unread[e.key], t)
		}
	}
	return unread
}

// addTime adds that who returned before another was called comes before it.
func (g *graph) addTime() {
	var ended []int // by the time of their return
	for i := range g.txns {
		if g.took[i] && g.returned(i) < math.MaxInt64 {
			ended = append(ended, i)
		}
	}
	slices.SortFunc(ended, func(a, b int) int { return int(min(max(g.returned(a)-g.returned(b), -1), 1)) })
	first := len(g.edges)
	for n, t := range ended {
		g.edges = append(g.edges, nil)
		g.add(t, first+n, "real time")
		if n > 0 {
			g.add(first+n-1, first+n, "real time")
		}
	}
	for i := range g.txns {
		before, _ := slices.BinarySearchFunc(ended, g.txns[i].Call, func(t int, call int64) int {
			if g.returned(t) < call {
				return -1
			}
			return 1
		})
		if g.took[i] && before > 0 {
			g.add(first+before-1, i, "real time")
		}
	}
}

// returned is when a transaction had taken place for sure.
func (g *graph) returned(i int) int64 {
	if g.txns[i].Outcome != Done {
		return math.MaxInt64
	}
	return g.txns[i].Return
}

// check looks for a cycle, and tells the shortest through some transaction of it.
func (g *graph) check() error {
	in := g.cyclic()
	if in < 0 {
		return nil
	}
	return errors.New("a cycle, so not strict serializable:" + g.tell(g.cycle(in)))
}

// cyclic returns a node that is on a cycle, -1 if there is none: what is left when
// nodes without predecessors are taken away, again and again, and then those
// without successors.
func (g *graph) cyclic() int {
	left := make([]bool, len(g.edges))
	for i := range left {
		left[i] = true
	}
	g.peel(left, g.edges)
	g.peel(left, g.reversed())
	return slices.Index(left, true)
}

// peel takes nodes away to which no edge from a node that is left leads.
func (g *graph) peel(left []bool, edges [][]edge) {
	count := make([]int, len(edges))
	for from, all := range edges {
		for _, e := range all {
			if left[from] {
				count[e.to]++
			}
		}
	}
	var free []int
	for i := range edges {
		if left[i] && count[i] == 0 {
			free = append(free, i)
		}
	}
	for len(free) > 0 {
		from := free[len(free)-1]
		free = free[:len(free)-1]
		left[from] = false
		for _, e := range edges[from] {
			if count[e.to]--; count[e.to] == 0 && left[e.to] {
				free = append(free, e.to)
			}
		}
	}
}

func (g *graph) reversed() [][]edge {
	back := make([][]edge, len(g.edges))
	for from, all := range g.edges {
		for _, e := range all {
			back[e.to] = append(back[e.to], edge{from, e.why})
		}
	}
	return back
}

// cycle is a shortest cycle near a node: the node itself may only lie between two
// cycles, so those that can be reached from it are tried in turn.
func (g *graph) cycle(start int) []edge {
	for _, node := range g.reach(start) {
		if path := g.path(node); path != nil {
			return path
		}
	}
	panic("history: what is left after peeling leads to a cycle")
}

// reach are the nodes that can be reached from one, itself first.
func (g *graph) reach(start int) []int {
	seen := map[int]bool{start: true}
	queue := []int{start}
	for i := 0; i < len(queue); i++ {
		for _, e := range g.edges[queue[i]] {
			if !seen[e.to] {
				seen[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
	return queue
}

// path is a shortest way from a node back to itself, nil if there is none.
func (g *graph) path(start int) []edge {
	type step struct {
		from int
		edge edge
	}
	came := make(map[int]step)
	queue := []int{start}
	for i := 0; i < len(queue); i++ {
		for _, e := range g.edges[queue[i]] {
			if _, seen := came[e.to]; seen {
				continue
			}
			came[e.to] = step{queue[i], e}
			if e.to != start {
				queue = append(queue, e.to)
				continue
			}
			var path []edge
			for at := start; len(path) == 0 || at != start; at = came[at].from {
				path = append(path, came[at].edge)
			}
			slices.Reverse(path)
			return path
		}
	}
	return nil
}

// tell writes a cycle down, a transaction a line; moments are left out.
func (g *graph) tell(path []edge) string {
	var b strings.Builder
	for _, e := range path {
		if e.to < len(g.txns) {
			fmt.Fprintf(&b, "\n  before, by %s: %v", e.why, &g.txns[e.to])
		}
	}
	return b.String()
}
