package history

import (
	"testing"
	"time"
)

func TestRegisterHistories(t *testing.T) {
	w := func(v int, o Outcome, call, ret int64) RegisterOp {
		return RegisterOp{Kind: Write, Value: v, Outcome: o, Call: call, Return: ret}
	}
	r := func(v int, call, ret int64) RegisterOp {
		return RegisterOp{Kind: Read, Value: v, Outcome: Done, Call: call, Return: ret}
	}
	cas := func(from, to int, o Outcome, call, ret int64) RegisterOp {
		return RegisterOp{Kind: CAS, From: from, Value: to, Outcome: o, Call: call, Return: ret}
	}
	none := RegisterOp{Kind: Read, Outcome: Missing, Call: 5, Return: 6}
	elsewhere := r(9, 5, 6)
	elsewhere.Key = 1
	cases := []struct {
		name string
		ops  []RegisterOp
		good bool
	}{
		{"a read of what was written", []RegisterOp{w(1, Done, 1, 2), r(1, 3, 4)}, true},
		{"a stale read", []RegisterOp{w(1, Done, 1, 2), w(2, Done, 3, 4), r(1, 5, 6)}, false},
		{"concurrent writes in either order", []RegisterOp{w(1, Done, 1, 9), w(2, Done, 1, 9), r(2, 10, 11)}, true},
		{"a key that vanished", []RegisterOp{w(1, Done, 1, 2), none}, false},
		{"a key that is not there yet", []RegisterOp{w(1, Done, 5, 7), none}, true},
		{"a value from another key", []RegisterOp{w(9, Done, 1, 2), elsewhere}, false},
		{"an unknown write that happens late", []RegisterOp{w(1, Done, 1, 2), w(2, Unknown, 3, 4), r(1, 5, 6), r(2, 7, 8)}, true},
		{"an unknown write that happens and is undone", []RegisterOp{w(1, Done, 1, 2), w(2, Unknown, 3, 4), r(2, 5, 6), r(1, 7, 8)}, false},
		{"a definite failure that happens", []RegisterOp{w(1, NotDone, 1, 2), r(1, 3, 4)}, false},
		{"a cas", []RegisterOp{w(1, Done, 1, 2), cas(1, 2, Done, 3, 4), r(2, 5, 6)}, true},
		{"a cas of what is not there", []RegisterOp{w(1, Done, 1, 2), cas(3, 2, Done, 3, 4)}, false},
		{"a cas that should have matched", []RegisterOp{w(1, Done, 1, 2), cas(1, 2, Mismatch, 3, 4)}, false},
		{"a cas that rightly fails", []RegisterOp{w(1, Done, 1, 2), cas(3, 2, Mismatch, 3, 4), r(1, 5, 6)}, true},
		{"a cas of no key", []RegisterOp{cas(3, 2, Missing, 3, 4), w(1, Done, 5, 6)}, true},
		{"a cas that finds no key that is there", []RegisterOp{w(1, Done, 1, 2), cas(3, 2, Missing, 3, 4)}, false},
		{"an unknown cas that happens", []RegisterOp{w(1, Done, 1, 2), cas(1, 2, Unknown, 3, 4), r(2, 5, 6)}, true},
		{"an unknown cas that does not", []RegisterOp{w(1, Done, 1, 2), cas(7, 2, Unknown, 3, 4), r(1, 5, 6)}, true},
	}
	for _, c := range cases {
		if err := CheckRegisters(c.ops, 10*time.Second); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
