package protocol

import (
	"testing"

	"pgregory.net/rapid"
)

// someQuorum draws a configuration of members 1 to 7.
func someQuorum(t *rapid.T, name string) Quorum {
	q, err := NewQuorum(rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) NodeID {
		return NodeID(rapid.IntRange(1, 7).Draw(t, "id"))
	}), 1, 5, rapid.ID).Draw(t, name)...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// isMajority counts as slowly as can be.
func isMajority(q Quorum, votes map[NodeID]bool) bool {
	n := 0
	for _, id := range q.Members() {
		if votes[id] {
			n++
		}
	}
	return 2*n > q.Size()
}

// A membership counts, for each instance, the members that vote on it, and no
// others.
func TestAMembershipCountsWhoGoverns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, latest := Configuration{5, someQuorum(t, "old")}, Configuration{9, someQuorum(t, "latest")}
		stable, err1 := NewMembership(1, latest)
		changing, err2 := NewMembership(1, old, latest)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		votes := make(map[NodeID]bool)
		var inStable, inChanging Tally
		for _, id := range rapid.SliceOf(rapid.Uint32Range(1, 8)).Draw(t, "votes") {
			votes[NodeID(id)] = true
			inStable, inChanging = stable.Add(inStable, NodeID(id)), changing.Add(inChanging, NodeID(id))
		}
		byOld, byLatest := isMajority(old.Quorum, votes), isMajority(latest.Quorum, votes)
		for i := Instance(1); i < 14; i++ {
			check(t, "stable decides", i, stable.Decides(inStable, i), i >= 9 && byLatest)
			check(t, "changing decides", i, changing.Decides(inChanging, i), i >= 9 && byLatest || i >= 5 && i < 9 && byOld)
			check(t, "stable covers above", i, stable.Covers(inStable, i), i+1 >= 9 && byLatest)
			check(t, "changing covers above", i, changing.Covers(inChanging, i), i+1 >= 9 && byLatest || i+1 >= 5 && i+1 < 9 && byOld && byLatest)
		}
		check(t, "settles", 0, changing.Settles(inChanging), byLatest)
		carried := stable.Carry(inChanging, &changing)
		check(t, "carried decides", 9, stable.Decides(carried, 9), byLatest)
		check(t, "carried adds nobody", 9, carried&^inStable == 0, true)
		back := changing.Carry(carried, &stable)
		check(t, "carried back", 9, changing.Decides(back, 9), byLatest)
		check(t, "carried back, who is not there any more is out", 9, back&^inChanging == 0, true)
	})
}

func check(t rapid.TB, what string, i Instance, got, want bool) {
	if got != want {
		t.Fatalf("instance %d, %s: %t, want %t", i, what, got, want)
	}
}

func TestOnlyWhoGovernsIsTold(t *testing.T) {
	three, _ := QuorumOf(3)
	five, _ := QuorumOf(5)
	m, err := NewMembership(7, Configuration{5, three}, Configuration{9, five})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[Instance]int{4: 0, 5: 3, 8: 3, 9: 5, 1 << 60: 5} {
		q, ok := m.At(i)
		if ok != (want > 0) || ok && q.Size() != want {
			t.Errorf("instance %d: %d voters, %t; want %d", i, q.Size(), ok, want)
		}
	}
	if !m.Changing() || m.Latest().From != 9 || m.Epoch() != 7 || m.All().Size() != 5 {
		t.Errorf("membership %s", m.String())
	}
	if m := Unchanging(three); m.Changing() || !m.Covers(m.Add(m.Add(0, 1), 3), 0) {
		t.Errorf("membership %s", m.String())
	}
}

func TestImpossiblePairsOfConfigurationsAreRefused(t *testing.T) {
	three, _ := QuorumOf(3)
	most, _ := QuorumOf(MaxAcceptors)
	other, _ := NewQuorum(MaxAcceptors + 1)
	for name, configs := range map[string][]Configuration{
		"none":          {},
		"three":         {{1, three}, {2, three}, {3, three}},
		"no instance":   {{0, three}},
		"no voters":     {{1, Quorum{}}},
		"wrong order":   {{5, three}, {5, three}},
		"too many both": {{1, most}, {9, other}},
	} {
		if _, err := NewMembership(0, configs...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestImpossibleChangesAreRefused(t *testing.T) {
	many := make([]Member, MaxAcceptors+1)
	for i := range many {
		many[i].ID = NodeID(i + 1)
	}
	long := Member{ID: 1, Address: string(make([]byte, MaxAddress+1))}
	one, two := Member{ID: 1}, Member{ID: 2}
	for name, c := range map[string]Change{
		"nobody votes":           {Next: 3, Learners: []Member{one}},
		"too many vote":          {Next: 99, Voters: many},
		"too many learn":         {Next: 99, Voters: many[:1], Learners: many},
		"out of order":           {Next: 3, Voters: []Member{two, one}},
		"twice":                  {Next: 3, Voters: []Member{one, one}},
		"voter and learner":      {Next: 3, Voters: []Member{one, two}, Learners: []Member{two}},
		"an id that is not used": {Next: 2, Voters: []Member{one, two}},
		"no id":                  {Next: 2, Voters: []Member{{}}},
		"a long address":         {Next: 2, Voters: []Member{long}},
		"settles with members":   {Settle: true, Voters: []Member{one}},
	} {
		if c.Check() == nil {
			t.Errorf("%s: no error", name)
		}
		if v := (Value{}).AppendChange(&c); !c.Settle && v.Check() == nil {
			t.Errorf("%s: a value with it passes", name)
		}
	}
}

func TestPinsOfStrangersAreDropped(t *testing.T) {
	p := NewPins([]Pin{{1, 11}, {2, 22}, {4, 44}, {9, 99}})
	before := p.List()
	three, _ := QuorumOf(3)
	p.Drop(func(id NodeID) bool { return id != 9 && !three.Contains(id) })
	if p.Store(1) != 11 || p.Store(2) != 22 || p.Store(9) != 99 || p.Store(4) != 0 || len(p.List()) != 3 {
		t.Errorf("pins %v", p.List())
	}
	if len(before) != 4 || before[2] != (Pin{4, 44}) {
		t.Errorf("a list that was handed out changed to %v", before)
	}
}
