package sim

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// failing is a run that fails where it is told to.
func failing(seeds ...uint64) func(Options) *Result {
	return func(o Options) *Result {
		r := &Result{Seed: o.Seed, Events: 10, Simulated: time.Second}
		if slices.Contains(seeds, o.Seed) {
			r.Failure = &Failure{Check: "agreement"}
		}
		return r
	}
}

func seedsOf(results []*Result) (seeds []uint64) {
	for _, r := range results {
		seeds = append(seeds, r.Seed)
	}
	return seeds
}

func TestManyRunsEverySeedOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 3, 100} {
		var ran []uint64
		m := RunMany(t.Context(), ManyOptions{
			From: 5, To: 24, Workers: workers, run: failing(),
			Each: func(r *Result) { ran = append(ran, r.Seed) },
		})
		slices.Sort(ran)
		if len(ran) != 20 || ran[0] != 5 || ran[19] != 24 || len(slices.Compact(ran)) != 20 {
			t.Errorf("%d workers ran %v", workers, ran)
		}
		if m.Seeds != 20 || m.Events != 200 || m.Simulated != 20*time.Second || !m.Complete || m.First() != nil {
			t.Errorf("%d workers: %+v", workers, m)
		}
	}
}

func TestManyEndsAtTheLowestSeedThatFails(t *testing.T) {
	for _, workers := range []int{1, 4} {
		m := RunMany(t.Context(), ManyOptions{From: 1, To: 1000, Workers: workers, run: failing(33, 31, 700)})
		if m.First() == nil || m.First().Seed != 31 || m.Complete || m.Seeds > 31+4 {
			t.Errorf("%d workers: first %v after %d seeds", workers, m.First(), m.Seeds)
		}
	}
}

// A worker is slow with the lower of two seeds that fail: it counts all the same.
func TestManyWaitsForWhatWasBegun(t *testing.T) {
	fast := make(chan struct{})
	var once sync.Once
	run := func(o Options) *Result {
		switch o.Seed {
		case 1:
			<-fast
		case 2:
			defer once.Do(func() { close(fast) })
		}
		return failing(1, 2)(o)
	}
	m := RunMany(t.Context(), ManyOptions{From: 1, To: 10, Workers: 2, run: run})
	if m.First() == nil || m.First().Seed != 1 {
		t.Errorf("first %v", m.First())
	}
}

func TestManyKeepsGoingIfItIsTold(t *testing.T) {
	m := RunMany(t.Context(), ManyOptions{From: 1, To: 50, Workers: 3, KeepGoing: true, run: failing(20, 7, 49)})
	if got := seedsOf(m.Failures); !slices.Equal(got, []uint64{7, 20, 49}) || m.Seeds != 50 || !m.Complete {
		t.Errorf("failures %v of %d seeds", got, m.Seeds)
	}
}

func TestManyOfNoSeedsIsNothing(t *testing.T) {
	if m := RunMany(t.Context(), ManyOptions{From: 2, To: 1, run: failing(1, 2)}); m.Seeds != 0 || !m.Complete {
		t.Errorf("%+v", m)
	}
	last := ^uint64(0)
	if m := RunMany(t.Context(), ManyOptions{From: last, To: last, run: failing()}); m.Seeds != 1 || !m.Complete {
		t.Errorf("the last seed there is: %+v", m)
	}
}

func TestManyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := RunMany(ctx, ManyOptions{From: 1, To: 1 << 40, run: failing(), Each: func(r *Result) {
		if r.Seed == 3 {
			cancel()
		}
	}})
	if m.Seeds != 3 || m.Complete {
		t.Errorf("%+v", m)
	}
}
