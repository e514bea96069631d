package judge

import (
	"errors"
	"fmt"
	"io"
	"time"

	"paxos/internal/linearizable"
	"paxos/internal/torture/history"
)

// The models that a history can be checked for.
const (
	Auto     = "auto"     // whichever the operations fit
	Append   = "append"   // one list: append and read
	Register = "register" // one register: write (or append), read the value, cas
	Roles    = "roles"    // the list of the multicast roles, and what they promise besides
)

// Models are the names of all models.
var Models = []string{Auto, Append, Register, Roles}

// DefaultPatience is how long the search of a judge may take, and that of a witness, too.
const DefaultPatience = time.Minute

// Check judges a history. The error says that it is not understood (ErrHistory, or
// that it is none): nothing is known. A patience of zero is DefaultPatience.
//
// In a history of transactions with keys (Elle's), each of which must be of one append, one
// read, or an append and the read after it, each key is a list of its own; where
// all values of a register's operations are [key value], as of Jepsen's independent
// generator, each key is a register of its own.
func Check(ops []history.Op, model string, patience time.Duration) (*Verdict, error) {
	began := time.Now()
	pairs, err := history.Pairs(ops)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHistory, err)
	}
	if patience <= 0 {
		patience = DefaultPatience
	}
	all := actions(ops, pairs)
	if model == Auto || model == "" {
		model = modelOf(all)
	}
	c := checking{verdict: &Verdict{Model: model, Counts: count(pairs)}, patience: patience, names: names{}}
	if err := c.check(all, model); err != nil {
		return nil, err
	}
	c.verdict.Seconds = time.Since(began).Seconds()
	return c.verdict, nil
}

// modelOf is the model that operations fit.
func modelOf(all []action) string {
	for i := range all {
		a := &all[i]
		switch a.f {
		case history.Write, history.CAS:
			return Register
		case history.Read:
			if _, value := (names{}).number(a.answered); value {
				return Register
			}
		}
	}
	return Append
}

type checking struct {
	verdict  *Verdict
	patience time.Duration
	names    names
	hardest  time.Duration // search through one key of a history
}

func (c *checking) check(all []action, model string) error {
	subjects, err := split(all)
	if err != nil {
		return err
	}
	for _, s := range subjects {
		switch model {
		case Append:
			err = c.list(s)
		case Roles:
			err = c.roles(s)
		case Register:
			err = c.register(s)
		default:
			err = fmt.Errorf("%w: there is no model %q; there are %v", ErrHistory, model, Models)
		}
		if err != nil || c.verdict.Valid == Invalid {
			return err
		}
	}
	return nil
}

// list judges the operations on one list.
func (c *checking) list(s subject) error {
	all, err := observe(s.actions, c.names)
	if err != nil {
		return err
	}
	a := arrange(all)
	result := c.judge(&a)
	if result.Valid == Invalid {
		some := c.contradiction(all)
		c.verdict.Witness = witnessOf(actionsOf(some))
		result.Detail = s.explain(reasonOf(some))
	}
	c.verdict.add(result)
	c.drawList(&a, all)
	return nil
}

const linearizability = "linearizable"

// judge asks both judges about a list that was arranged. The first is quick, and names
// a fault that it finds; only what it finds right is left to porcupine.
func (c *checking) judge(a *arranged) Result {
	r := Result{Name: linearizability, Valid: a.opinion(), Detail: a.unknown}
	if r.Valid != Valid || len(a.ops) == 0 {
		return r
	}
	err := linearizable.Check(a.ops, a.final, c.patience)
	switch {
	case errors.Is(err, linearizable.ErrUndecided):
		r.Valid, r.Detail = Unknown, err.Error()
	case err != nil:
		r.Valid, r.Detail = Invalid, err.Error()
	}
	return r
}

// contradiction is a witness among operations on a list that are not linearizable.
func (c *checking) contradiction(all []seen) (some []seen) {
	shrink := shrinking{count: len(all), until: time.Now().Add(c.patience), bad: func(strong []bool) bool {
		a := arrange(weaken(all, strong))
		return a.opinion() == Invalid
	}}
	for _, i := range shrink.shrink(byEnd(len(all), func(i int) *action { return all[i].action })) {
		some = append(some, all[i])
	}
	return some
}

func actionsOf(some []seen) []*action {
	all := make([]*action, len(some))
	for i := range some {
		all[i] = some[i].action
	}
	return all
}

// reasonOf says what is wrong with a witness, where that can be said in one sentence.
func reasonOf(witness []seen) string {
	if a := arrange(witness); len(witness) == 1 && a.absurd != "" {
		return a.absurd
	}
	if len(witness) != 2 {
		return ""
	}
	first, then := &witness[0], &witness[1]
	if then.ret < first.call {
		first, then = then, first
	}
	stale := then.op.Length < first.op.Length || then.appends() && then.op.Length == first.op.Length
	told := then.outcome == history.OK && (then.op.Length > 0 || !then.appends())
	if first.ret < then.call && first.op.Length > 0 && told && stale {
		return fmt.Sprintf("operation %d began after operation %d had ended, and saw an earlier state", then.pair.Invoke.Index, first.pair.Invoke.Index)
	}
	return ""
}

// weaken keeps some operations as they are.
func weaken(all []seen, strong []bool) []seen {
	some := make([]seen, 0, len(all))
	for i := range all {
		if strong[i] {
			some = append(some, all[i])
		} else if w, ok := all[i].weak(); ok {
			some = append(some, w)
		}
	}
	return some
}

// mostDrawn is how many of the list's states are drawn before and after a witness, or
// before the end.
const mostDrawn = 100

func (c *checking) drawList(a *arranged, all []seen) {
	middle := int64(len(a.final))
	if pairs, err := history.Pairs(c.verdict.Witness); err == nil && len(pairs) > 0 {
		middle = shortestOf(all, pairs[0].Invoke.Index, middle)
	}
	ops, final := a.ops, a.final
	c.verdict.view = func(w io.Writer) error {
		return linearizable.View(w, ops, final, middle-mostDrawn, middle+mostDrawn)
	}
}

// shortestOf is the length that an operation saw, given its index in the history.
func shortestOf(all []seen, index int, otherwise int64) int64 {
	for i := range all {
		if all[i].pair.Invoke.Index == index && all[i].op.Length > 0 {
			return all[i].op.Length
		}
	}
	return otherwise
}
