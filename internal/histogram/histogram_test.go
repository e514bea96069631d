package histogram

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEveryValueLiesInItsBucket(t *testing.T) {
	for shift := 0; shift < 62; shift++ {
		for _, delta := range []uint64{0, 1, 2} {
			n := uint64(1)<<shift + delta
			i := bucket(n)
			if up := uint64(upper(i)); up < n || up-n > n/sub {
				t.Fatalf("%d is in bucket %d, which ends at %d", n, i, up)
			}
			if i > 0 && uint64(upper(i-1)) >= n {
				t.Fatalf("%d is in bucket %d, but fits the one before", n, i)
			}
		}
	}
}

func TestQuantilesAreCloseToTheSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(rng.ExpFloat64() * 1e6)
		all = append(all, d)
		h.Add(d, 1)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.99, 0.999, 1} {
		want := all[min(max(int(q*float64(len(all))+0.5), 1), len(all))-1]
		if got := h.Quantile(q); got < want || got-want > want/sub+1 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestAnEmptyHistogramHasNoQuantiles(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 || h.Count() != 0 {
		t.Error("an empty histogram says something")
	}
}

func TestMergedHistogramsCountAsOne(t *testing.T) {
	var a, b, both Histogram
	for i := range 1000 {
		d := time.Duration(i * i)
		both.Add(d, 2)
		if i%3 == 0 {
			a.Add(d, 2)
		} else {
			b.Add(d, 2)
		}
	}
	if a.Merge(&b); a != both {
		t.Error("two halves merged are not the whole")
	}
}
