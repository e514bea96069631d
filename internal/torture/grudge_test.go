package torture

import (
	"fmt"
	"slices"
	"testing"
)

// hears says if a hears b.
func (g grudge) hears(a, b int) bool { return !slices.Contains(g[a], b) }

// everyShape draws partitions of clusters of all sizes and both shapes.
func everyShape(t *testing.T, s shape, least int, check func(name string, all []member, g grudge)) {
	t.Helper()
	for seed := range uint64(50) {
		for n := least; n <= 7; n++ {
			for _, all := range [][]member{serverMembers(n), roleMembers(n)} {
				leader := int(seed)%len(all) - 1
				g, what := s(all, leader, seeded(seed))
				name := fmt.Sprintf("seed %d, %d members, leader %d: %s %v", seed, len(all), leader, what, g)
				for i := range all {
					if !g.hears(i, i) {
						t.Errorf("%s: %d does not hear itself", name, i)
					}
				}
				check(name, all, g)
			}
		}
	}
}

func TestHalvesAreTwoGroupsOfEvenSizeThatDoNotHearEachOther(t *testing.T) {
	everyShape(t, randomHalves, 2, func(name string, all []member, g grudge) {
		mates := 0
		for i := range all {
			if g.hears(0, i) {
				mates++
			}
			for j := range all {
				if g.hears(i, j) != (g.hears(0, i) == g.hears(0, j)) {
					t.Fatalf("%s: %d and %d", name, i, j)
				}
			}
		}
		if mates != len(all)/2 && mates != (len(all)+1)/2 {
			t.Fatalf("%s: a half of %d", name, mates)
		}
	})
}

func TestInAPartitionOneWaySomeAreDeafAndHeard(t *testing.T) {
	everyShape(t, oneWay, 2, func(name string, all []member, g grudge) {
		var deaf []int
		for i := range all {
			if len(g[i]) > 0 {
				deaf = append(deaf, i)
			}
		}
		if len(deaf) == 0 || len(deaf) == len(all) {
			t.Fatalf("%s: %d are deaf", name, len(deaf))
		}
		for i := range all {
			for j := range all {
				if want := !slices.Contains(deaf, i) || slices.Contains(deaf, j); g.hears(i, j) != want {
					t.Fatalf("%s: %d and %d", name, i, j)
				}
			}
		}
	})
}

func TestAnIsolatedLeaderHearsAndIsHeardByNobody(t *testing.T) {
	everyShape(t, isolatedLeader, 2, func(name string, all []member, g grudge) {
		alone := slices.IndexFunc(g, func(to []int) bool { return len(to) == len(all)-1 })
		if alone < 0 {
			t.Fatalf("%s: nobody is alone", name)
		}
		for i := range all {
			for j := range all {
				if g.hears(i, j) != (i == j || i != alone && j != alone) {
					t.Fatalf("%s: %d and %d", name, i, j)
				}
			}
		}
	})
	if _, what := isolatedLeader(roleMembers(3), 4, seeded(1)); what != "proposer-2 | acceptor-1 acceptor-2 acceptor-3 proposer-1 learner-1 learner-2" {
		t.Error(what)
	}
}

func TestInARingEveryVoterHearsAMajorityAndNotAllTheSame(t *testing.T) {
	everyShape(t, majorityRing, 3, func(name string, all []member, g grudge) {
		v := voters(all)
		views := make(map[string]bool)
		for i := range all {
			var heard []int
			for _, j := range v {
				if g.hears(i, j) {
					heard = append(heard, j)
				}
			}
			if len(heard) < len(v)/2+1 {
				t.Fatalf("%s: %d hears %v", name, i, heard)
			}
			views[fmt.Sprint(heard)] = true
			for j := range all {
				if g.hears(i, j) != g.hears(j, i) {
					t.Fatalf("%s: %d and %d do not agree", name, i, j)
				}
			}
		}
		if len(views) < 2 {
			t.Fatalf("%s: all hear the same", name)
		}
	})
}

func TestSeveralPartitionsAtOnceAddUp(t *testing.T) {
	all := map[string]grudge{"a": {{1}, nil, nil}, "b": {{2, 1}, {0}, nil}, "over": nil}
	for i, want := range [][]int{{2, 3}, {1}, nil} { // in the network's numbers
		if got := deafTo(all, i); !slices.Equal(got, want) {
			t.Errorf("member %d is deaf to %v, want %v", i, got, want)
		}
	}
}
