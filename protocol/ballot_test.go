package protocol

import (
	"cmp"
	"testing"
)

// manyBallots are all that can be made of a few numbers, the largest included,
// in the order they should have.
func manyBallots() (all []Ballot) {
	for _, round := range []uint64{0, 1, 2, 1<<64 - 1} {
		for _, proposer := range []NodeID{0, 1, 2, 1<<32 - 1} {
			for _, incarnation := range []uint64{0, 1, 1<<64 - 1} {
				all = append(all, Ballot{round, proposer, incarnation})
			}
		}
	}
	return all
}

func TestBallotsHaveOneOrder(t *testing.T) {
	all := manyBallots()
	for i, a := range all {
		for j, b := range all {
			// Round before proposer before incarnation, and exactly one of <, =, >.
			if a.Less(b) != (cmp.Compare(i, j) < 0) || (a == b) != (i == j) {
				t.Fatalf("%v less than %v: %v", a, b, a.Less(b))
			}
		}
	}
}

func TestTheZeroBallotIsBelowAllThatCanBeHeld(t *testing.T) {
	for _, b := range manyBallots() {
		if b.Valid() != (b.Round > 0 && b.Proposer > 0) || b.IsZero() != (b == Ballot{}) {
			t.Errorf("%+v: valid %v, zero %v", b, b.Valid(), b.IsZero())
		}
		if b.Valid() && !(Ballot{}).Less(b) {
			t.Errorf("%v is not above the zero ballot", b)
		}
	}
}

func TestHowThingsAreWritten(t *testing.T) {
	b := Ballot{7, 2, 0x1abcd}
	for want, got := range map[string]string{
		"none":                             Ballot{}.String() + Mark{}.String()[4:],
		"7.2.abcd":                         b.String(),
		"3":                                Span{3, 3}.String(),
		"3-9":                              Span{3, 9}.String(),
		"3-9@7.2.abcd":                     Mark{b, Span{3, 9}}.String(),
		"00000000000000ff":                 StoreID(255).String(),
		"00000000000000fe":                 ClusterID(254).String(),
		"01000000000000000000000000000000": Nonce{1}.String(),
		"client":                           RoleClient.String(),
		"server":                           RoleServer.String(),
		"role(9)":                          Role(9).String(),
		"learners":                         GroupLearners.String(),
		"group(9)":                         Group(9).String(),
		"heartbeat-ack":                    TypeHeartbeatAck.String(),
		"unknown":                          messageTypes.String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSpansAndMarks(t *testing.T) {
	for _, s := range []Span{{0, 0}, {0, 1}, {2, 1}} {
		if s.Valid() || (Mark{Ballot{1, 1, 1}, s}).Valid() {
			t.Errorf("span %v is valid", s)
		}
	}
	s := Span{3, 5}
	if !s.Valid() || s.Len() != 3 || s.Contains(2) || !s.Contains(3) || !s.Contains(5) || s.Contains(6) {
		t.Errorf("span %v: length %d", s, s.Len())
	}
	if (Mark{Span: s}).Valid() || !(Mark{}).Valid() || (Mark{Span: s}).IsZero() {
		t.Error("a mark is nothing at all, or a valid ballot with a valid span")
	}
}

func TestEveryRoleListensToOneGroup(t *testing.T) {
	want := map[Role]Group{
		RoleClient: GroupClients, RoleProposer: GroupProposers, RoleAcceptor: GroupAcceptors, RoleLearner: GroupLearners, RoleServer: GroupLearners,
	}
	for role := range Role(255) {
		if group, ok := want[role]; ok != role.Valid() || ok && GroupOf(role) != group {
			t.Errorf("%v listens to %v, want %v", role, GroupOf(role), group)
		}
	}
}
