package sealed

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// dumbWindow is what a window shall be: all numbers heard, and the highest.
type dumbWindow struct {
	heard   map[uint32]bool
	highest uint32
}

func (d *dumbWindow) admit(n uint32) bool {
	if d.heard[n] || d.highest/64 >= windowWords+n/64 {
		return false
	}
	d.heard[n], d.highest = true, max(d.highest, n)
	return true
}

func TestAWindowIsWhatItsDumbTwinIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		twin := dumbWindow{heard: make(map[uint32]bool)}
		at := rapid.Uint32().Draw(t, "start")
		for _, step := range rapid.SliceOfN(rapid.OneOf(
			rapid.Int64Range(-100, 100), rapid.Int64Range(-5000, 5000), rapid.Int64Range(-1<<33, 1<<33),
		), 1, 300).Draw(t, "steps") {
			n := uint32(min(max(int64(at)+step, 0), math.MaxUint32))
			if got, want := w.admit(n), twin.admit(n); got != want {
				t.Fatalf("number %d after %d: admitted %v, want %v", n, twin.highest, got, want)
			}
			at = n
		}
	})
}

func TestAnOvertakenDatagramIsHeardAsLongAsItIsKnownNotToHaveBeen(t *testing.T) {
	const span = (windowWords - 1) * 64 // at least
	for _, highest := range []uint32{span, span + 1, 100_000, math.MaxUint32} {
		var w window
		if !w.admit(highest) || !w.admit(highest-span) || w.admit(highest-span) || w.admit(highest) {
			t.Errorf("after %d: wrong about it or the %dth before", highest, span)
		}
	}
	var w window
	if w.admit(100_000); w.admit(100_000 - span - 64) {
		t.Error("a number too old to know was admitted")
	}
}
