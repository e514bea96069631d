package list

import (
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

func TestResultsAreTheLastWindowOfCommands(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), nonceOf(2))
	apply(s, runOf(2, 1, 3))
	apply(s, runOf(1, 1, 1500))
	apply(s, runOf(2, 4, 1))
	apply(s, runOf(1, 1501, 10))
	for seq, want := range map[protocol.Seq]uint64{1510: 1513, 1501: 1504, 1500: 1502, 1510 - 1023: 1510 - 1023 + 2} {
		if got, ok := s.Result(1, seq); !ok || got != want {
			t.Errorf("command %d is at %d (%v), want %d", seq, got, ok, want)
		}
	}
	for _, seq := range []protocol.Seq{0, 1, 1510 - 1024, 1511} {
		if got, ok := s.Result(1, seq); ok {
			t.Errorf("command %d is at %d, want it out of the window", seq, got)
		}
	}
	if _, ok := s.Result(3, 1); ok {
		t.Error("an unknown session has a result")
	}
}

// The spans of results, against a slice of all places.
func TestResultsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r results
		var all []uint64
		var length uint64
		for range rapid.IntRange(1, 300).Draw(t, "runs") {
			length += rapid.SampledFrom([]uint64{0, 0, 1, 9, 1 << 30}).Draw(t, "others")
			count := rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(1, 3000)).Draw(t, "count")
			for range count {
				all = append(all, length)
				length++
			}
			r.add(length, count)
			checkResults(t, &r, all)
		}
	})
}

func checkResults(t *rapid.T, r *results, all []uint64) {
	known := min(len(all), protocol.SessionWindow)
	if r.covered != known || len(r.ring) > protocol.SessionWindow {
		t.Fatalf("%d results in a ring of %d spans, want %d", r.covered, len(r.ring), known)
	}
	for _, back := range []int{0, 1, known / 2, known - 1} {
		if back >= known {
			continue
		}
		if got, ok := r.find(uint64(back)); !ok || got != all[len(all)-1-back] {
			t.Fatalf("%d back: %d (%v), want %d", back, got, ok, all[len(all)-1-back])
		}
	}
	if _, ok := r.find(uint64(known)); ok {
		t.Fatalf("a result beyond the last %d", known)
	}
}

func TestCommandsSideBySideShareASpan(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1))
	for n := range 100 {
		apply(s, runOf(1, protocol.Seq(n*100+1), 100))
	}
	if r := s.sessions.byID[1].results; r.n != 1 {
		t.Errorf("%d spans, want 1", r.n)
	}
}
