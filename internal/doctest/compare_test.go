package doctest

import "testing"

func TestOutputIsComparedWithWhatThePageShows(t *testing.T) {
	for _, c := range []struct {
		kind, got, want string
		same            bool
	}{
		{"text", "a\nb\n", "a\nb\n", true},
		{"text", "a\nb", "a\nb\n", true},
		{"text", "a\nc\n", "a\nb\n", false},
		{"text", "a\nb\nc\n", "a\nb\n", false},
		{"text", "a\n", "a\nb\n", false},
		{"text", "(a.b)\n", "(a.b)\n", true},
		{"text", "(acb)\n", "(a.b)\n", false},
		{"text", "id 7 leads\n", "id ... leads\n", true},
		{"text", "id 7 follows\n", "id ... leads\n", false},
		{"text", "id\n7 leads\n", "id ... leads\n", false},
		{"text", "a\nb\nc\nd\n", "a\n...\nd\n", true},
		{"text", "a\nd\n", "a\n...\nd\n", true},
		{"text", "a\nb\nc\n", "a\n...\nd\n", false},
		{"text", "", "...\n", true},
		{"text", "ID   NAME\n1    x\n", "ID NAME\n1  x\n", true},
		{"text", "ab\n", "a b\n", false},
		{"text", "   1 a\n  22 b\n", "1 a\n22 b\n", true},
		{"text", "1 a\n", "  1 a\n", true},
		{"console", "a\n", "", false},
		{"console", "", "", true},
		{"json", `{"a": 1, "b": [1, 2]}`, `{"b":[1,2],"a":1}`, true},
		{"json", `{"a": 1}`, `{"a": 1.0}`, false},
		{"json", `{"a": 1}`, `{"a": 1, "b": 2}`, false},
		{"json", `no`, `{}`, false},
		{"json except b", `{"a": 1, "x": [{"b": 7}]}`, `{"a": 1, "x": [{"b": 8}]}`, true},
		{"json except b", `{"a": 1, "b": "7"}`, `{"a": 1, "b": 8}`, false},
		{"json except b", `{"a": 1, "b": 7}`, `{"a": 2, "b": 7}`, false},
		{"json except b", `{"a": 1}`, `{"a": 1, "b": 7}`, false},
		{"json shape", `{"a": 1, "b": ["x"]}`, `{"a": 2, "b": ["y"]}`, true},
		{"json shape", `{"a": 1}`, `{"a": "x"}`, false},
	} {
		if d := Differs(c.kind, c.got, c.want); (d == "") != c.same {
			t.Errorf("%s: %q and %q: same is %t, want %t: %s", c.kind, c.got, c.want, d == "", c.same, d)
		}
	}
}
