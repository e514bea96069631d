package maelstrom

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// ops reads operations as they stand in commands.
func ops(t *testing.T, text string) (all []op) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// show writes an answer down: what reads found, or the failure's code.
func (a answer) show() string {
	if a.failure != nil {
		return fmt.Sprint("error ", a.failure.code)
	}
	var all []string
	for _, r := range a.results {
		switch {
		case r.found:
			all = append(all, r.value)
		default:
			all = append(all, "-")
		}
	}
	return strings.Join(all, " ")
}

func TestStateMachine(t *testing.T) {
	s := make(state)
	for _, c := range []struct{ ops, want string }{
		{`[{"do":"r","key":1}]`, `-`},
		{`[{"do":"cas","key":1,"from":1,"value":2}]`, `error 20`},
		{`[{"do":"w","key":1,"value":5}]`, `-`},
		{`[{"do":"r","key":1},{"do":"r","key":"1"}]`, `5 -`},
		{`[{"do":"cas","key":1,"from":6,"value":7}]`, `error 22`},
		{`[{"do":"cas","key":1,"from":5,"value":7}]`, `-`},
		{`[{"do":"r","key":1}]`, `7`},
		{`[{"do":"append","key":2,"value":1},{"do":"r","key":2},{"do":"append","key":2,"value":"x"},{"do":"r","key":2}]`, `- [1] - [1,"x"]`},
		{`[{"do":"append","key":2,"value":2},{"do":"append","key":1,"value":2}]`, `error 22`}, // 1 is no list
		{`[{"do":"r","key":2},{"do":"r","key":1}]`, `[1,"x"] 7`},                              // and so 2 is as it was
		{`[{"do":"w","key":3,"value":[]},{"do":"append","key":3,"value":[]},{"do":"r","key":3}]`, `- - [[]]`},
		{`[{"do":"w","key":4,"value":null},{"do":"r","key":4},{"do":"cas","key":4,"from":null,"value":{}}]`, `- null -`},
		{`[]`, ``},
	} {
		if got := s.apply(ops(t, c.ops)).show(); got != c.want {
			t.Errorf("%s: %s, want %s", c.ops, got, c.want)
		}
	}
	if want := (state{`1`: `7`, `2`: `[1,"x"]`, `3`: `[[]]`, `4`: `{}`}); !maps.Equal(s, want) {
		t.Errorf("the state is %v", s)
	}
}

func TestEntriesThatAreNoCommandsAreRefused(t *testing.T) {
	for _, entry := range []string{
		``, `7`, `{"ops":[{}]}`, `{"ops":[{"do":"r"}]}`, `{"ops":[{"do":"x","key":1}]}`, `{"ops":[{"do":"w","key":1}]}`,
		`{"ops":[{"do":"append","key":1}]}`, `{"ops":[{"do":"cas","key":1,"value":2}]}`, `{"ops":[{"do":"cas","key":1,"from":2}]}`,
	} {
		if c, err := decodeCommand([]byte(entry)); err == nil {
			t.Errorf("%s: %+v", entry, c)
		}
	}
}
