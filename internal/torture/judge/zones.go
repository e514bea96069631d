package judge

import (
	"cmp"
	"slices"

	"paxos/internal/linearizable"
)

// access is what an operation on a register did.
type access struct {
	*action
	kind  accessKind
	value int64 // written or read, or set to
	old   int64 // of a compare and set: what must be there
	// A read of nothing, a write of nothing, and a compare and set from nothing.
	nothing bool
}

// content is what a register holds.
type content struct {
	value   int64
	nothing bool
}

// saw is what must be there for a read, or for a compare and set.
func (a *access) saw() content {
	if a.kind == swaps {
		return content{a.old, a.nothing}.plain()
	}
	return content{a.value, a.nothing}.plain()
}

// leaves is what is there after a write, or after a compare and set that was done.
func (a *access) leaves() content {
	return content{a.value, a.nothing && a.kind == writes}.plain()
}

// plain makes all that hold nothing the same.
func (c content) plain() content {
	if c.nothing {
		c.value = 0
	}
	return c
}

type accessKind uint8

const (
	writes accessKind = iota
	reads
	swaps
)

// cluster is a value of a register whose values were all written once: its write and
// its reads. All of them have to come together, before or after those of another value.
type cluster struct {
	write *access // nil for what was there in the beginning, nothing
	reads []*access

	first int64 // when the first of its operations returned
	last  int64 // when the last of them was called
}

// forward says if the value was there for certain for some time: from first to last.
// Otherwise it was there at some time from last to first.
func (c *cluster) forward() bool { return c.first < c.last }

// clusters sorts operations by value. A write of which nobody knows if it was done, and whose value
// nobody read, has no effect. It returns false if a value was read that was not written.
func clusters(all []access) ([]*cluster, bool) {
	byValue := make(map[int64]*cluster, len(all))
	nothing := &cluster{}
	for i := range all {
		if a := &all[i]; a.kind == writes {
			byValue[a.value] = &cluster{write: a, first: a.ret, last: a.call}
		}
	}
	for i := range all {
		a := &all[i]
		if a.kind != reads {
			continue
		}
		c := byValue[a.value]
		if a.nothing {
			c = nothing
		}
		if c == nil || c.write != nil && a.ret < c.write.call {
			return nil, false
		}
		c.reads = append(c.reads, a)
		c.first, c.last = min(c.first, a.ret), max(c.last, a.call)
	}
	list := []*cluster{nothing}
	for i := range all {
		c := byValue[all[i].value]
		if all[i].kind == writes && (c.first != linearizable.Forever) {
			list = append(list, c)
		}
	}
	return list, true
}

// orderZones sorts the values by time, if there is an order: no two are there for certain at
// the same time, and none must come and go while another one is there for certain. This
// is the theorem of Gibbons and Korach (1997, section 4.1). The zones' ends are all different times.
func orderZones(list []*cluster) bool {
	var certain []*cluster
	for _, c := range list {
		if c.forward() {
			certain = append(certain, c)
		}
	}
	slices.SortFunc(certain, func(c, d *cluster) int { return cmp.Compare(c.first, d.first) })
	for i := 1; i < len(certain); i++ {
		if certain[i].first < certain[i-1].last {
			return false
		}
	}
	at := make(map[*cluster]int64, len(list)) // when the value is there
	for _, c := range list {
		if at[c] = c.first; c.forward() {
			continue
		}
		at[c] = c.last
		if d := around(certain, c.last); d != nil {
			if c.first < d.last {
				return false
			}
			at[c] = d.last
		}
	}
	slices.SortStableFunc(list, func(c, d *cluster) int { return cmp.Compare(at[c], at[d]) })
	return true
}

// around finds the value that is there for certain at a time.
func around(certain []*cluster, time int64) *cluster {
	i, _ := slices.BinarySearchFunc(certain, time, func(c *cluster, t int64) int { return cmp.Compare(c.first, t) })
	if i > 0 && certain[i-1].last > time {
		return certain[i-1]
	}
	return nil
}

// zones judges a register whose values were all written once, without compare and set. If it
// is linearizable, the values in their order are a list that
// writes append to and reads see the length of, and that is returned.
func zones(all []access) (a arranged, ok bool) {
	list, ok := clusters(all)
	if !ok || !orderZones(list) {
		return arranged{}, false
	}
	for _, c := range list {
		if c.write != nil {
			a.final = append(a.final, c.write.value)
			a.ops = append(a.ops, c.write.op(linearizable.Append, len(a.final)))
		}
		for _, r := range c.reads {
			a.ops = append(a.ops, r.op(linearizable.ReadLength, len(a.final)))
		}
	}
	return a, true
}

// op is an access as an operation on the list of all values.
func (a *access) op(kind linearizable.Kind, length int) linearizable.Op {
	o := linearizable.Op{Client: a.pair.Invoke.Process, Server: serverOf(a.pair.Invoke.Node), Kind: kind, Call: a.call, Return: a.ret, Value: a.value}
	if o.Length = int64(length); a.ret == linearizable.Forever {
		o.Length = 0 // its value is in the list, and there package linearizable finds it
	}
	return o
}
