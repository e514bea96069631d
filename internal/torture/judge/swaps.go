package judge

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"paxos/internal/linearizable"
	"paxos/internal/torture/history"
)

const forever = linearizable.Forever

// mostSearched is how many operations on one register porcupine is given: its memory grows
// with the square of their number.
const mostSearched = 20_000

// registerModel is a register for porcupine. Free values are those of operations that were made
// weak: they may be there at any time. Where an operation with an unknown outcome is
// put last, it has no effect on anything, and so it must always be possible.
func registerModel(free map[content]bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return content{nothing: true} },
		Step: func(state, input, _ any) (bool, any) {
			now, a := state.(content), input.(*access)
			switch saw := a.saw(); {
			case a.kind == writes:
				return true, a.leaves()
			case a.kind == reads:
				return now == saw || free[saw], saw
			case now == saw || free[saw]:
				return true, a.leaves()
			}
			return a.outcome == history.Info, now
		},
		DescribeOperation: func(input, _ any) string {
			p := input.(*access).pair
			return Question(p) + ": " + Answer(p)
		},
		DescribeState: func(state any) string {
			if s := state.(content); !s.nothing {
				return fmt.Sprint(s.value)
			}
			return "nothing"
		},
	}
}

// search is a register's operations for porcupine. Without a needed value, a write of which nobody knows
// if it was done is left out: it can be put last. Each of them doubles the work.
func search(all []access) []porcupine.Operation {
	needed := make(map[content]bool)
	for i := range all {
		if a := &all[i]; a.kind != writes {
			needed[a.saw()] = true
		}
	}
	var ops []porcupine.Operation
	for i := range all {
		a := &all[i]
		if a.ret == forever && !needed[a.leaves()] {
			continue
		}
		ops = append(ops, porcupine.Operation{ClientId: a.pair.Invoke.Process, Input: a, Call: a.call, Return: a.ret})
	}
	return ops
}

func (c *checking) registerBySearch(s subject, all []access) {
	ops := search(all)
	r := Result{Name: linearizability}
	if len(ops) > mostSearched {
		r.Detail = fmt.Sprintf("%d operations%s are too many for a search, and there is no other way: a value was written twice, or compared and set", len(ops), s.of())
		c.verdict.add(r)
		return
	}
	began := time.Now()
	switch porcupine.CheckOperationsTimeout(registerModel(nil), ops, c.patience) {
	case porcupine.Ok:
		r.Valid = Valid
		c.drawHardest(all, time.Since(began))
	case porcupine.Unknown:
		r.Detail = linearizable.ErrUndecided.Error()
	default:
		some := c.shrinkRegister(all, func(strong []bool) bool { return c.stillBad(all, strong) })
		c.verdict.Witness = witnessOf(some)
		r.Valid, r.Detail = Invalid, s.explain("")
		c.drawSearch(around20(all, some))
	}
	c.verdict.add(r)
}

// drawHardest draws the register whose search took longest of those so far.
func (c *checking) drawHardest(all []access, took time.Duration) {
	if took > c.hardest {
		c.hardest = took
		c.drawSearch(lastOf(all))
	}
}

// stillBad says if some operations are not linearizable while all others are weak. Where the
// search takes too long it says no, and the witness stays longer.
func (c *checking) stillBad(all []access, strong []bool) bool {
	free := make(map[content]bool)
	var some []access
	for i := range all {
		if strong[i] {
			some = append(some, all[i])
		} else if all[i].kind != reads {
			free[all[i].leaves()] = true
		}
	}
	return porcupine.CheckOperationsTimeout(registerModel(free), search(some), max(c.patience/20, time.Millisecond)) == porcupine.Illegal
}

// lastOf are the last operations, so many as can be drawn.
func lastOf(all []access) []access { return all[max(0, len(all)-10*mostDrawn):] }

// around20 are a witness and what was done shortly before and after.
func around20(all []access, witness []*action) []access {
	const near = 20
	var some []access
	for i := range all {
		if slices.ContainsFunc(all[max(0, i-near):min(len(all), i+near)], func(a access) bool { return slices.Contains(witness, a.action) }) {
			some = append(some, all[i])
		}
	}
	return some[:min(len(some), 10*mostDrawn)]
}

// drawSearch draws some operations. Values from before them are free.
func (c *checking) drawSearch(some []access) {
	c.verdict.view = func(w io.Writer) error {
		free, written := make(map[content]bool), make(map[content]bool)
		for i := range some {
			if some[i].kind != reads {
				written[some[i].leaves()] = true
			}
		}
		for i := range some {
			if saw := some[i].saw(); some[i].kind != writes && !written[saw] {
				free[saw] = true
			}
		}
		m := registerModel(free)
		_, info := porcupine.CheckOperationsVerbose(m, search(some), 10*time.Second)
		if err := porcupine.Visualize(m, info, w); err != nil {
			return fmt.Errorf("draw the operations with porcupine: %w", err)
		}
		return nil
	}
}
