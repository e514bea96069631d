package sim

// cut is a partition of the network: what crosses it does not arrive.
type cut struct {
	oneWay bool // only from side 0 to side 1; the other way is open
	side   func(e *endpoint) int
	sides  []int8 // by endpoint, 1 more than the side; 0: not asked yet
}

func (c *cut) sideOf(e *endpoint) int {
	for len(c.sides) <= e.number {
		c.sides = append(c.sides, 0)
	}
	if c.sides[e.number] == 0 {
		c.sides[e.number] = int8(c.side(e)) + 1
	}
	return int(c.sides[e.number]) - 1
}

// isCut reports whether a partition is between two endpoints, in this direction.
func (n *network) isCut(from, to *endpoint) bool {
	for _, c := range n.cuts {
		a, b := c.sideOf(from), c.sideOf(to)
		if a != b && (!c.oneWay || a == 0) {
			return true
		}
	}
	return false
}

// cutOff begins a partition and returns what ends it.
func (n *network) cutOff(c *cut) (heal func()) {
	n.cuts = append(n.cuts, c)
	return func() {
		for i, x := range n.cuts {
			if x == c {
				n.cuts = append(n.cuts[:i:i], n.cuts[i+1:]...)
				break
			}
		}
		n.mended()
	}
}
