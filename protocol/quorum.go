package protocol

import (
	"fmt"
	"math/bits"
	"slices"
)

// Quorum is the known membership of acceptors; a majority of it decides.
type Quorum struct {
	members []NodeID // ascending, distinct, valid
}

// NewQuorum makes a membership of 1 to MaxAcceptors distinct valid ids.
func NewQuorum(ids ...NodeID) (Quorum, error) {
	members := slices.Clone(ids)
	slices.Sort(members)
	if len(members) < 1 || len(members) > MaxAcceptors {
		return Quorum{}, fmt.Errorf("membership of %d acceptors: want 1 to %d", len(members), MaxAcceptors)
	}
	for i, id := range members {
		if !id.Valid() {
			return Quorum{}, fmt.Errorf("membership has the invalid acceptor id %d", id)
		}
		if i > 0 && members[i-1] == id {
			return Quorum{}, fmt.Errorf("membership names acceptor %d twice", id)
		}
	}
	return Quorum{members: members}, nil
}

// QuorumOf makes the membership 1 to n, n from 1 to MaxAcceptors.
func QuorumOf(n int) (Quorum, error) {
	if n < 1 || n > MaxAcceptors {
		return Quorum{}, fmt.Errorf("membership of %d acceptors: want 1 to %d", n, MaxAcceptors)
	}
	ids := make([]NodeID, n)
	for i := range ids {
		ids[i] = NodeID(i + 1)
	}
	return Quorum{members: ids}, nil
}

// Members returns the ids in ascending order; the caller must not change them.
func (q Quorum) Members() []NodeID { return q.members }

// Size is the number of members.
func (q Quorum) Size() int { return len(q.members) }

// Majority is the least number of members of which any two sets intersect.
func (q Quorum) Majority() int { return len(q.members)/2 + 1 }

// Contains reports whether id is a member.
func (q Quorum) Contains(id NodeID) bool { return q.index(id) >= 0 }

func (q Quorum) index(id NodeID) int {
	if n := int(id) - 1; n >= 0 && n < len(q.members) && q.members[n] == id {
		return n // the usual membership is 1..n
	}
	if n, found := slices.BinarySearch(q.members, id); found {
		return n
	}
	return -1
}

// Tally is a set of members. It counts distinct acceptors, never messages (rule 4).
type Tally uint64

// Add returns t with id in it; strangers to the membership change nothing.
func (q Quorum) Add(t Tally, id NodeID) Tally {
	if n := q.index(id); n >= 0 {
		t |= 1 << n
	}
	return t
}

// Has reports whether id is in t.
func (q Quorum) Has(t Tally, id NodeID) bool {
	n := q.index(id)
	return n >= 0 && t&(1<<n) != 0
}

// Reached reports whether t is a majority.
func (q Quorum) Reached(t Tally) bool { return t.Count() >= q.Majority() }

// Count is the number of distinct members in t.
func (t Tally) Count() int { return bits.OnesCount64(uint64(t)) }
