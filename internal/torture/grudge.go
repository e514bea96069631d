package torture

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// grudge says of each member whom it does not hear, as Jepsen calls it.
type grudge [][]int

// componentsGrudge parts all into groups, which do not hear each other.
func componentsGrudge(count int, groups ...[]int) grudge {
	g := make(grudge, count)
	for _, group := range groups {
		for _, i := range group {
			for j := range count {
				if !slices.Contains(group, j) {
					g[i] = append(g[i], j)
				}
			}
		}
	}
	return g
}

// shape draws a partition, and says what it is.
type shape func(all []member, leader int, r *rand.Rand) (grudge, string)

// randomHalves parts all in two halves, the smaller one first.
func randomHalves(all []member, _ int, r *rand.Rand) (grudge, string) {
	order := r.Perm(len(all))
	a, b := order[:len(all)/2], order[len(all)/2:]
	return componentsGrudge(len(all), a, b), list(all, a) + " | " + list(all, b)
}

// oneWay makes some deaf to all others, who still hear them.
func oneWay(all []member, _ int, r *rand.Rand) (grudge, string) {
	order := r.Perm(len(all))
	cut := 1 + r.IntN(len(all)-1)
	g := make(grudge, len(all))
	for _, i := range order[:cut] {
		g[i] = slices.Sorted(slices.Values(order[cut:]))
	}
	return g, list(all, order[:cut]) + " do not hear " + list(all, order[cut:])
}

// isolatedLeader cuts the leader off from all others; where none is known, one that may lead.
func isolatedLeader(all []member, leader int, r *rand.Rand) (grudge, string) {
	if leader == unknownLeader {
		var may []int
		for i, m := range all {
			if m.leads {
				may = append(may, i)
			}
		}
		leader = may[r.IntN(len(may))]
	}
	var others []int
	for i := range all {
		if i != leader {
			others = append(others, i)
		}
	}
	return componentsGrudge(len(all), []int{leader}, others), list(all, []int{leader}) + " | " + list(all, others)
}

// majorityRing lets every voter hear a majority of the voters, each another one: they
// stand in a ring, and hear their nearest neighbours. Everybody else stands beside a voter, and
// hears whom that one hears, and those beside them.
func majorityRing(all []member, _ int, r *rand.Rand) (grudge, string) {
	ring := voters(all)
	r.Shuffle(len(ring), func(i, j int) { ring[i], ring[j] = ring[j], ring[i] })
	place := make([]int, len(all)) // in the ring
	for i := range all {
		if place[i] = slices.Index(ring, i); place[i] < 0 {
			place[i] = r.IntN(len(ring))
		}
	}
	g := make(grudge, len(all))
	for i := range all {
		for j := range all {
			if !near(place[i], place[j], len(ring)) {
				g[i] = append(g[i], j)
			}
		}
	}
	return g, "ring " + list(all, ring)
}

// near says if two places of a ring hear each other. Each hears enough neighbours on either
// side for a majority, itself included. Three would all hear each other: they
// stand in a line, of which the one in the middle hears both.
func near(a, b, places int) bool {
	reach, apart := (places/2+1)/2, max(a, b)-min(a, b)
	if 2*reach+1 >= places {
		return apart <= reach
	}
	return min(apart, places-apart) <= reach
}

func voters(all []member) (some []int) {
	for i, m := range all {
		if m.voter {
			some = append(some, i)
		}
	}
	return some
}

func list(all []member, some []int) string { return strings.Join(names(all, some), " ") }
