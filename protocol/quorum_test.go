package protocol

import (
	"math/bits"
	"slices"
	"testing"
)

// memberships are a usual and an unusual one of n members.
func memberships(t *testing.T, n int) []Quorum {
	t.Helper()
	ids := make([]NodeID, n)
	for i := range ids {
		ids[n-1-i] = NodeID(3 + 7*i*i)
	}
	usual, err1 := QuorumOf(n)
	unusual, err2 := NewQuorum(ids...)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return []Quorum{usual, unusual}
}

// tally adds the members that are in set, a bit for each.
func tally(q Quorum, set uint) (t Tally) {
	for i, id := range q.Members() {
		if set&(1<<i) != 0 {
			t = q.Add(t, id)
		}
	}
	return t
}

func TestAMajorityIsMoreThanHalfOfTheMembers(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for _, q := range memberships(t, n) {
			for set := range uint(1) << n {
				got, votes := tally(q, set), bits.OnesCount(set)
				if got.Count() != votes || q.Reached(got) != (2*votes > n) {
					t.Fatalf("%d of %d members: counted %d, majority %v", votes, n, got.Count(), q.Reached(got))
				}
			}
		}
	}
}

func TestAnyTwoMajoritiesIntersect(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for _, q := range memberships(t, n) {
			for a := range uint(1) << n {
				for b := range uint(1) << n {
					x, y := tally(q, a), tally(q, b)
					if q.Reached(x) && q.Reached(y) && x&y == 0 {
						t.Fatalf("of %d members %b and %b are majorities, and have nobody in common", n, a, b)
					}
				}
			}
		}
	}
}

// Rule 4: distinct members are counted, not messages.
func TestRepeatsAndStrangersDoNotCount(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for _, q := range memberships(t, n) {
			for id := range NodeID(600) {
				var votes Tally
				for range 5 {
					votes = q.Add(votes, id)
				}
				member := slices.Contains(q.Members(), id)
				if q.Contains(id) != member || q.Has(votes, id) != member || (votes.Count() == 1) != member {
					t.Fatalf("%d votes of %d, a member: %v", votes.Count(), id, member)
				}
			}
			for _, id := range []NodeID{0, 1 << 31, 1<<32 - 1} {
				if q.Contains(id) || q.Add(0, id) != 0 || q.Has(^Tally(0), id) {
					t.Fatalf("the stranger %d counts", id)
				}
			}
		}
	}
}

func TestTheLargestMembership(t *testing.T) {
	for _, q := range memberships(t, MaxAcceptors) {
		var votes Tally
		for i, id := range q.Members() {
			if votes = q.Add(votes, id); q.Reached(votes) != (i+1 >= q.Majority()) || votes.Count() != i+1 {
				t.Fatalf("%d votes of %d: counted %d", i+1, q.Size(), votes.Count())
			}
		}
	}
}

func TestImpossibleMembershipsAreRefused(t *testing.T) {
	for _, ids := range [][]NodeID{{}, {0}, {1, 0}, {1, 2, 1}, make([]NodeID, MaxAcceptors+1)} {
		for i := range ids {
			if len(ids) > MaxAcceptors {
				ids[i] = NodeID(i + 1)
			}
		}
		if q, err := NewQuorum(ids...); err == nil {
			t.Errorf("membership %v was taken as %v", ids, q.Members())
		}
	}
	for _, n := range []int{-1, 0, MaxAcceptors + 1} {
		if _, err := QuorumOf(n); err == nil {
			t.Errorf("membership of %d was taken", n)
		}
	}
}

func TestAMembershipDoesNotChangeWithItsMakersSlice(t *testing.T) {
	ids := []NodeID{3, 1, 2}
	q, err := NewQuorum(ids...)
	ids[0] = 9
	if err != nil || !slices.Equal(q.Members(), []NodeID{1, 2, 3}) {
		t.Errorf("members %v (%v), want 1, 2, 3", q.Members(), err)
	}
}
