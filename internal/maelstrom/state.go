package maelstrom

import (
	"encoding/json"
	"fmt"
)

// The micro-operations. The request "cas" is one of them, a transaction a few.
const (
	doRead   = "r"
	doWrite  = "w"
	doCAS    = "cas"
	doAppend = "append"
)

// op is one micro-operation. Its JSON values are canonical.
type op struct {
	Do    string          `json:"do"`
	Key   json.RawMessage `json:"key"`
	From  json.RawMessage `json:"from,omitempty"`  // what a cas expects
	Value json.RawMessage `json:"value,omitempty"` // what is written or appended
}

// command is an entry of the replicated list: operations that happen together or
// not at all, and the tag by which the node that asked knows its own.
type command struct {
	Life string `json:"life"` // of one start of one node; drawn at random
	Seq  uint64 `json:"seq"`  // of the command within it
	Ops  []op   `json:"ops"`
}

func decodeCommand(entry []byte) (c command, err error) {
	if err := json.Unmarshal(entry, &c); err != nil {
		return c, err
	}
	for i, o := range c.Ops {
		if !o.valid() {
			return c, fmt.Errorf("operation %d is %q with a key of %d bytes", i, o.Do, len(o.Key))
		}
	}
	return c, nil
}

func (o *op) valid() bool {
	if len(o.Key) == 0 {
		return false
	}
	switch o.Do {
	case doRead:
		return true
	case doWrite, doAppend:
		return len(o.Value) > 0
	case doCAS:
		return len(o.Value) > 0 && len(o.From) > 0
	}
	return false
}

// state is a key-value store: canonical keys and values. It is deterministic: what
// apply does depends on nothing but the state and the operations.
type state map[string]string

// answer is what operations came to.
type answer struct {
	results []result // of each operation
	failure *failure // if not nil, none of them happened
}

// result is what a read found.
type result struct {
	value string
	found bool
}

// apply does all operations, each on what those before it left, or none.
func (s state) apply(ops []op) answer {
	changed := make(state)
	a := answer{results: make([]result, len(ops))}
	for i := range ops {
		if a.results[i], a.failure = s.step(changed, &ops[i]); a.failure != nil {
			return a
		}
	}
	for key, value := range changed {
		s[key] = value
	}
	return a
}

// step does one operation: it reads s under what was changed so far.
func (s state) step(changed state, o *op) (result, *failure) {
	key := string(o.Key)
	old, found := changed[key]
	if !found {
		old, found = s[key]
	}
	switch o.Do {
	case doRead:
		return result{old, found}, nil
	case doWrite:
		changed[key] = string(o.Value)
	case doCAS:
		if !found {
			return result{}, failed(codeNoKey, "there is no key %s", key)
		}
		if old != string(o.From) {
			return result{}, failed(codePrecondition, "key %s is %s, not %s", key, old, o.From)
		}
		changed[key] = string(o.Value)
	case doAppend:
		longer, ok := appendTo(old, found, string(o.Value))
		if !ok {
			return result{}, failed(codePrecondition, "key %s is %s, which is no list", key, old)
		}
		changed[key] = longer
	}
	return result{}, nil
}

// appendTo adds an element to a canonical JSON array.
func appendTo(array string, found bool, element string) (string, bool) {
	switch {
	case !found || array == "[]":
		return "[" + element + "]", true
	case array[0] != '[':
		return "", false
	}
	return array[:len(array)-1] + "," + element + "]", true
}
