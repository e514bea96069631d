package node

import (
	"testing"

	"paxos/protocol"
)

func TestAMemberIsFoundInAnotherOnesPlace(t *testing.T) {
	members := []Member{
		{ID: 1, Address: "n1:5000"}, {ID: 2, Address: "127.0.0.1:5002"}, {ID: 4, Address: "[::1]:5002"}, {ID: 5},
	}
	for _, c := range []struct {
		self    protocol.NodeID
		address string
		own     string
		other   protocol.NodeID
		why     string
	}{
		{1, "n1:5000", "", 0, "its own place"},
		{1, "127.0.0.1:5002", "n1:5000", 2, "a copy, or swapped"},
		{1, "localhost:5002", "n1:5000", 4, "the same by another name"},
		{2, "n1:5000", "127.0.0.1:5002", 1, "swapped the other way"},
		{1, "n1.example.org:5000", "n1:5000", 0, "nobody's: perhaps its own by another name"},
		{1, "n1:5001", "n1:5000", 0, "another port of nobody's"},
		{2, "localhost:5002", "", 0, "its own by another name, though also that of another"},
		{2, "[::ffff:127.0.0.1]:5002", "", 0, "its own in another form"},
		{4, "localhost:5002", "", 0, "its own by another name"},
		{3, "n1:5000", "", 0, "a newcomer whose list is old, in the place of a former member"},
		{5, "n1:5000", "", 0, "its address is not known"},
	} {
		own, other := placeAmong(members, c.self, c.address)
		if own != c.own || other.ID != c.other {
			t.Errorf("member %d at %s (%s): known at %q, place of %d; want %q, %d", c.self, c.address, c.why, own, other.ID, c.own, c.other)
		}
	}
}
