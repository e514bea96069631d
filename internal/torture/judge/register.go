package judge

import (
	"time"

	"paxos/internal/torture/history"
)

// register judges the operations on one register: write (or append), read, cas.
func (c *checking) register(s subject) error {
	all, err := c.names.accesses(s.actions)
	if err != nil {
		return err
	}
	if unique(all) {
		c.registerByZones(s, all)
	} else {
		c.registerBySearch(s, all)
	}
	return nil
}

// accesses understands the operations on a register. What failed, and reads that were
// not answered, did nothing.
func (n names) accesses(all []action) ([]access, error) {
	var list []access
	for i := range all {
		a := &access{action: &all[i]}
		if a.outcome == history.Fail || a.f == history.Read && a.outcome != history.OK {
			continue
		}
		if err := n.access(a); err != nil {
			return nil, err
		}
		list = append(list, *a)
	}
	return list, nil
}

func (n names) access(a *access) error {
	switch a.f {
	case history.Write, history.Append:
		return n.write(a)
	case history.Read:
		return n.read(a)
	case history.CAS:
		return n.swap(a)
	}
	return a.misunderstood("a register is written, read, and compared and set, but", a.f)
}

// write understands a write. A write of nothing deletes.
func (n names) write(a *access) (err error) {
	var ok bool
	a.nothing = a.asked == nil
	if a.value, ok = n.number(a.asked); !ok && !a.nothing {
		err = a.misunderstood("it writes", a.asked)
	}
	return err
}

func (n names) read(a *access) (err error) {
	var ok bool
	a.kind, a.nothing = reads, a.answered == nil
	if a.value, ok = n.number(a.answered); !ok && !a.nothing {
		err = a.misunderstood("it reads a register and is answered", a.answered)
	}
	return err
}

func (n names) swap(a *access) error {
	var ok bool
	a.kind = swaps
	if s, ok := a.asked.(history.Swap); ok {
		a.asked = history.List{s.Old, s.New}
	}
	from, to, isPair := pairOf(a.asked)
	a.value, ok = n.number(to)
	a.nothing = from == nil
	var known bool
	a.old, known = n.number(from)
	if !isPair || !ok || !known && !a.nothing {
		return a.misunderstood("it compares and sets", a.asked)
	}
	return nil
}

// unique says if no value was written twice, none by a compare and set, and none deleted.
func unique(all []access) bool {
	written := make(map[int64]bool, len(all))
	for i := range all {
		a := &all[i]
		if a.kind == swaps || a.kind == writes && (a.nothing || written[a.value]) {
			return false
		}
		if a.kind == writes {
			written[a.value] = true
		}
	}
	return true
}

func (c *checking) registerByZones(s subject, all []access) {
	a, ok := zones(all)
	if ok {
		c.verdict.add(c.judge(&a))
		if c.hardest == 0 {
			c.drawList(&a, nil)
		}
		return
	}
	some := c.shrinkRegister(all, func(strong []bool) bool {
		_, ok := zones(weakenWrites(all, strong))
		return !ok
	})
	c.verdict.Witness = witnessOf(some)
	c.verdict.add(Result{Name: linearizability, Valid: Invalid, Detail: s.explain("")})
	c.drawSearch(around20(all, some))
}

// weakenWrites keeps some operations as they are. Of the other writes it is only known that they
// may take effect at any time, and the other reads go.
func weakenWrites(all []access, strong []bool) []access {
	var some []access
	for i := range all {
		switch a := all[i]; {
		case strong[i]:
			some = append(some, a)
		case a.kind == writes:
			weak := *a.action
			weak.call, weak.ret, weak.outcome = 0, forever, history.Info
			a.action = &weak
			some = append(some, a)
		}
	}
	return some
}

func (c *checking) shrinkRegister(all []access, bad func([]bool) bool) (some []*action) {
	shrink := shrinking{count: len(all), until: time.Now().Add(c.patience), bad: bad}
	for _, i := range shrink.shrink(byEnd(len(all), func(i int) *action { return all[i].action })) {
		some = append(some, all[i].action)
	}
	return some
}
