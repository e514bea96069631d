package history

import (
	"fmt"

	"paxos/internal/torture/history/edn"
)

// valueOf gives a value the type that values.go has for it, or leaves it.
func valueOf(f F, v any) any {
	switch v := v.(type) {
	case edn.Ints:
		if f == CAS && len(v) == 2 {
			return Swap{v[0], v[1]}
		}
		return List(v)
	case edn.Vector:
		if len(v) == 0 {
			return List{}
		}
	case edn.List:
		return listOf(v)
	case edn.Map, edn.Tagged:
		if m, ok := asMap(v); ok {
			return answerOf(&m, v)
		}
	}
	return v
}

// listOf takes a Clojure list for a vector.
func listOf(v edn.List) any {
	ints := make(List, len(v))
	for i, one := range v {
		n, ok := one.(int64)
		if !ok {
			return edn.Vector(v)
		}
		ints[i] = n
	}
	return ints
}

// answerOf understands the maps of values.go, and returns others as they are.
func answerOf(m *edn.Map, asIs any) any {
	var answer any
	ok := false
	switch {
	case has(m, "appended-value"):
		answer, ok = appendedOf(m)
	case has(m, "length") && has(m, "index"):
		answer, ok = entryOf(m)
	case has(m, "length"):
		answer, ok = lengthOf(m)
	}
	if !ok {
		return asIs
	}
	return answer
}

func has(m *edn.Map, key string) bool {
	_, ok := m.Get(key)
	return ok
}

// number is a key's integer; ok stays true if it is one, or missing may stand for it.
func number(m *edn.Map, key string, missing int64, ok *bool) int64 {
	v, there := m.Get(key)
	if !there || v == nil {
		return missing
	}
	i, isInt := v.(int64)
	*ok = *ok && isInt
	return i
}

func hashOfText(m *edn.Map, ok *bool) (hash uint64) {
	v, there := m.Get("hash")
	if !there || v == nil {
		return 0
	}
	text, _ := v.(string)
	_, err := fmt.Sscanf(text, "%016x", &hash)
	*ok = *ok && err == nil && hash != 0 && hashText(hash) == text
	return hash
}

func appendedOf(m *edn.Map) (any, bool) {
	value, _ := m.Get("appended-value")
	_, ok := value.(int64)
	a := Appended{Value: number(m, "appended-value", 0, &ok), Index: number(m, "index", Unknown, &ok), Hash: hashOfText(m, &ok)}
	if state, there := m.Get("new-state"); there && state != nil {
		list, isList := valueOf(Read, state).(List)
		a.State, ok = list, ok && isList
	}
	return a, ok && a.Index >= Unknown
}

func entryOf(m *edn.Map) (any, bool) {
	ok := true
	e := Entry{Index: number(m, "index", 0, &ok), Value: number(m, "value", 0, &ok), Length: number(m, "length", 0, &ok)}
	v, there := m.Get("value")
	e.Found = there && v != nil
	return e, ok && e.Index >= 0 && e.Length >= 0
}

func lengthOf(m *edn.Map) (any, bool) {
	ok := true
	l := Length{Length: number(m, "length", 0, &ok), Hash: hashOfText(m, &ok)}
	return l, ok && l.Length >= 0
}
