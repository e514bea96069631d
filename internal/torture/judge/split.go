package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"paxos/internal/torture/history"
	"paxos/internal/torture/history/edn"
)

// subject is one list or register, and what was done with it.
type subject struct {
	key     string // empty if there is only one
	actions []action
}

// of says which one it is.
func (s subject) of() string {
	if s.key == "" {
		return ""
	}
	return " on key " + s.key
}

// explain is what is said above a witness. The reason may be empty.
func (s subject) explain(reason string) string {
	if reason != "" {
		reason = ": " + reason
	}
	return fmt.Sprintf("The history is not linearizable%s. These operations%s contradict each other, whatever else happened:", reason, s.of())
}

// split tells the keys apart. A history without keys is one subject.
func split(all []action) ([]subject, error) {
	take := func(*action) (string, error) { return "", nil }
	switch {
	case slices.ContainsFunc(all, func(a action) bool { return a.f == history.Txn }):
		take = takeTransaction
	case keyed(all):
		take = takePair
	}
	byKey := map[string]*subject{}
	for _, a := range all {
		key, err := take(&a)
		if err != nil {
			return nil, err
		}
		if byKey[key] == nil {
			byKey[key] = &subject{key: key}
		}
		byKey[key].actions = append(byKey[key].actions, a)
	}
	if len(byKey) == 0 {
		return []subject{{}}, nil
	}
	subjects := make([]subject, 0, len(byKey))
	for _, s := range slices.SortedFunc(maps.Values(byKey), func(s, t *subject) int { return cmp.Compare(s.key, t.key) }) {
		subjects = append(subjects, *s)
	}
	return subjects, nil
}

// keyed says if all operations of a register are of [key value].
func keyed(all []action) bool {
	for i := range all {
		a := &all[i]
		if a.f == history.Append {
			return false
		}
		if _, _, ok := pairOf(a.asked); !ok {
			return false
		}
	}
	return len(all) > 0
}

func pairOf(v any) (key, value any, ok bool) {
	switch v := v.(type) {
	case history.List:
		if len(v) == 2 {
			return v[0], v[1], true
		}
	case edn.Vector:
		if len(v) == 2 {
			return v[0], v[1], true
		}
	}
	return nil, nil, false
}

// takePair takes the key from [key value], of the question and of the answer.
func takePair(a *action) (string, error) {
	key, asked, _ := pairOf(a.asked)
	a.asked = asked
	if a.f == history.CAS {
		a.asked = swapOf(asked)
	}
	if a.outcome != history.OK {
		return Brief(key), nil
	}
	answeredKey, answered, ok := pairOf(a.answered)
	if !ok || Brief(answeredKey) != Brief(key) {
		return "", a.misunderstood("its answer is not of its key:", a.answered)
	}
	a.answered = answered
	return Brief(key), nil
}

// swapOf gives [old new] the type that it has in histories without keys.
func swapOf(v any) any {
	switch v := v.(type) {
	case edn.Ints:
		if len(v) == 2 {
			return history.Swap{Old: v[0], New: v[1]}
		}
	case history.List:
		if len(v) == 2 {
			return history.Swap{Old: v[0], New: v[1]}
		}
	}
	return v
}

// takeTransaction makes an append or a read of a transaction of Elle's.
func takeTransaction(a *action) (string, error) {
	steps, err := a.steps(a.asked)
	if err != nil {
		return "", err
	}
	first := steps[0]
	if len(steps) > 2 || len(steps) == 2 && !(first.append && !steps[1].append && first.key == steps[1].key) {
		return "", a.misunderstood("only transactions of one append, of one read, or of an append and the read after it can be judged here (Elle judges all), not", a.asked)
	}
	answers := steps
	if a.outcome == history.OK {
		if answers, err = a.steps(a.answered); err != nil || len(answers) != len(steps) || answers[0].key != first.key || answers[0].append != first.append {
			return "", a.misunderstood("its answer is to another transaction:", a.answered)
		}
	}
	last := answers[len(answers)-1]
	a.f, a.asked, a.answered = history.Read, nil, last.value
	if first.append {
		a.f, a.asked = history.Append, first.value
	}
	if a.outcome == history.OK && !last.append && last.value == nil {
		a.answered = history.List{} // Elle's users write nil for a list that is not there
	}
	return first.key, nil
}

// step is a micro-operation: [:append k v] or [:r k v].
type step struct {
	append bool
	key    string
	value  any
}

func (a *action) steps(v any) ([]step, error) {
	var steps []step
	all, _ := v.(edn.Vector)
	for _, one := range all {
		m, _ := one.(edn.Vector)
		if len(m) != 3 || m[0] != edn.Keyword("append") && m[0] != edn.Keyword("r") {
			return nil, a.misunderstood("this is no transaction of appends and reads:", v)
		}
		s := step{append: m[0] == edn.Keyword("append"), key: Brief(m[1]), value: m[2]}
		switch list := m[2].(type) {
		case edn.Ints:
			s.value = history.List(list)
		case edn.Vector:
			if len(list) == 0 {
				s.value = history.List{}
			}
		}
		steps = append(steps, s)
	}
	if len(steps) == 0 {
		return nil, a.misunderstood("this is no transaction of appends and reads:", v)
	}
	return steps, nil
}
