package histogram

import (
	"slices"
	"sync"
	"testing"
)

func TestANumberIsInTheFirstBucketThatHoldsIt(t *testing.T) {
	h := NewFixed([]uint64{10, 20, 50})
	for _, n := range []uint64{0, 10, 11, 20, 50, 51, 1000} {
		h.Add(n)
	}
	c := h.Counts()
	if want := []uint64{2, 4, 5}; !slices.Equal(c.AtMost, want) || c.Count != 7 || c.Sum != 1142 {
		t.Errorf("counted %+v, want at most %d of 7, sum 1142", c, want)
	}
}

func TestStepsGoByOneTwoAndFive(t *testing.T) {
	if got, want := Steps(10, 1000), []uint64{10, 20, 50, 100, 200, 500, 1000}; !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
	if got, want := Steps(1, 7), []uint64{1, 2, 5}; !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
}

func TestBoundsMustAscend(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("bounds that fall were taken")
		}
	}()
	NewFixed([]uint64{1, 1})
}

// Nothing that is added at the same time gets lost.
func TestManyMayAddAtOnce(t *testing.T) {
	h := NewFixed(Steps(1, 100))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range uint64(1000) {
				h.Add(n)
			}
		})
	}
	all.Wait()
	if c := h.Counts(); c.Count != 4000 || c.Sum != 4*999*500 || c.AtMost[len(c.AtMost)-1] != 4*101 {
		t.Errorf("counted %+v", c)
	}
}

func TestAddingAllocatesNothing(t *testing.T) {
	h := NewFixed(Steps(10_000, 10_000_000_000))
	if n := testing.AllocsPerRun(100, func() { h.Add(71_000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFixed(b *testing.B) {
	h := NewFixed(Steps(10_000, 10_000_000_000))
	for b.Loop() {
		h.Add(200_000)
	}
}
