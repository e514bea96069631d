package history

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"paxos/internal/torture/history/edn"
)

// ReadEDN reads a history from anywhere: a map a line, or vectors of maps, also as
// records (#jepsen.history.Op{...}). Keys may stand in any order; unknown ones are
// ignored. What is no history gives an error with line and column (*edn.Error).
//
// The order of the text counts. An operation without an :index gets its place in it, one
// without a :time the time of the one before.
func ReadEDN(r io.Reader) ([]Op, error) {
	var h reading
	in := edn.NewReader(r)
	for {
		v, err := in.Next()
		if errors.Is(err, io.EOF) {
			return h.ops, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read a history: %w", err)
		}
		if err := h.add(v, in.Began()); err != nil {
			return nil, fmt.Errorf("read a history: %w", err)
		}
	}
}

type reading struct{ ops []Op }

// add takes an operation, or a collection of them.
func (h *reading) add(v any, at edn.Position) error {
	if m, ok := asMap(v); ok {
		return h.op(&m)
	}
	all, ok := asVector(v)
	if _, ints := v.(edn.Ints); !ok || ints {
		return wrong(at, "this is no operation: %s", brief(v))
	}
	for i, one := range all {
		m, ok := asMap(one)
		if !ok {
			return wrong(at, "element %d of what begins here is no operation: %s", i, brief(one))
		}
		if err := h.op(&m); err != nil {
			return err
		}
	}
	return nil
}

func wrong(at edn.Position, format string, args ...any) error {
	return &edn.Error{At: at, Text: fmt.Sprintf(format, args...)}
}

// brief is a value in an error.
func brief(v any) string {
	const most = 60
	text := edn.String(v)
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// asMap takes a map, or a record: a tag in front of one.
func asMap(v any) (edn.Map, bool) {
	if t, ok := v.(edn.Tagged); ok {
		v = t.Value
	}
	m, ok := v.(edn.Map)
	return m, ok
}

// asVector takes any sequence as one of values.
func asVector(v any) (edn.Vector, bool) {
	switch v := v.(type) {
	case edn.Vector:
		return v, true
	case edn.List:
		return edn.Vector(v), true
	case edn.Ints:
		all := make(edn.Vector, len(v))
		for i, n := range v {
			all[i] = n
		}
		return all, true
	}
	return nil, false
}

func (h *reading) op(m *edn.Map) error {
	o := Op{Index: len(h.ops)}
	if len(h.ops) > 0 {
		o.Time = h.ops[len(h.ops)-1].Time
	}
	for _, p := range m.Pairs {
		if err := o.set(p); err != nil {
			return wrong(m.At, "in this operation: %v", err)
		}
	}
	for _, key := range []string{"type", "f", "process"} {
		if _, ok := m.Get(key); !ok {
			return wrong(m.At, "this operation has no :%s", key)
		}
	}
	v, _ := m.Get("value")
	o.Value = valueOf(o.F, v)
	h.ops = append(h.ops, o)
	return nil
}

// set takes one key of an operation, but for the value, whose meaning the others tell.
func (o *Op) set(p edn.Pair) (err error) {
	key, _ := nameOf(p.Key)
	switch key {
	case "type":
		o.Type, err = typeOf(p.Value)
	case "f":
		o.F, err = fOf(p.Value)
	case "process":
		o.Process, err = processOf(p.Value)
	case "index":
		var i int64
		i, err = intOf(key, p.Value, int64(o.Index))
		o.Index = int(i)
	case "time":
		o.Time, err = intOf(key, p.Value, o.Time)
	case "error":
		o.Error = textOf(p.Value)
	case "client":
		o.Client = textOf(p.Value)
	case "node":
		o.Node = textOf(p.Value)
	}
	return err
}

// nameOf is a keyword, a string or a symbol as a string.
func nameOf(v any) (string, bool) {
	switch v := v.(type) {
	case edn.Keyword:
		return string(v), true
	case edn.Symbol:
		return string(v), true
	case string:
		return v, true
	}
	return "", false
}

func typeOf(v any) (Type, error) {
	name, _ := nameOf(v)
	for i, n := range typeNames {
		if n == name {
			return Type(i), nil
		}
	}
	return 0, fmt.Errorf(":type %s; want :invoke, :ok, :fail or :info", brief(v))
}

func fOf(v any) (F, error) {
	if name, ok := nameOf(v); ok {
		return F(name), nil
	}
	if v == nil {
		return "", nil
	}
	return "", fmt.Errorf(":f %s; want a keyword", brief(v))
}

// processOf is a client's number; whoever has a name is the nemesis.
func processOf(v any) (int, error) {
	if i, ok := v.(int64); ok && i >= 0 && i <= math.MaxInt32 {
		return int(i), nil
	}
	if _, ok := nameOf(v); ok {
		return Nemesis, nil
	}
	return 0, fmt.Errorf(":process %s; want a number from 0 on, or :nemesis", brief(v))
}

func intOf(key string, v any, missing int64) (int64, error) {
	if v == nil {
		return missing, nil
	}
	i, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf(":%s %s; want an integer", key, brief(v))
	}
	return i, nil
}

// textOf is a string as it is, and any other value as EDN.
func textOf(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	return edn.String(v)
}
