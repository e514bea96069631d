package list

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// membersOf makes members whose addresses tell their ids.
func membersOf(ids ...protocol.NodeID) (list []protocol.Member) {
	for _, id := range ids {
		list = append(list, protocol.Member{ID: id, Address: fmt.Sprintf("host%d:5000", id)})
	}
	return list
}

func ids(list []protocol.Member) string { return fmt.Sprint(protocol.IDs(list)) }

func TestOtherVotersGovernFromAlphaOn(t *testing.T) {
	s := New(Options{Members: FirstMembers(membersOf(1, 2, 3))})
	apply(s)
	e := apply(s, &protocol.Change{Voters: membersOf(1, 2, 4), Learners: membersOf(5), Next: 6})
	m := s.Members()
	if !e.Members || !m.Changing() || m.Epoch != 1 || m.From != 2+protocol.Alpha || m.OldFrom != 1 || m.Next != 6 {
		t.Fatalf("members %+v", m)
	}
	if ids(m.Voters) != "[1 2 4]" || ids(m.Old) != "[1 2 3]" || ids(m.Learners) != "[5]" || ids(m.All()) != "[1 2 4 5 3]" {
		t.Fatalf("members %+v", m)
	}
	told, err := m.Membership()
	if err != nil {
		t.Fatal(err)
	}
	before, _ := told.At(m.From - 1)
	after, _ := told.At(m.From)
	if !before.Contains(3) || before.Contains(4) || after.Contains(3) || !after.Contains(4) {
		t.Fatalf("membership %s", told.String())
	}
}

func TestWhatChangesNothing(t *testing.T) {
	good := protocol.Change{Epoch: 1, Voters: membersOf(1, 2, 4), Next: 5}
	many := make([]protocol.Member, protocol.MaxAcceptors-2)
	for i := range many {
		many[i].ID = protocol.NodeID(10 + i)
	}
	for name, spoil := range map[string]func(c *protocol.Change){
		"the last epoch":             func(c *protocol.Change) { c.Epoch = 0 },
		"a coming epoch":             func(c *protocol.Change) { c.Epoch = 2 },
		"an id that was removed":     func(c *protocol.Change) { c.Voters = membersOf(1, 2, 3) },
		"a learner that was removed": func(c *protocol.Change) { c.Learners = membersOf(3) },
		"ids that go back":           func(c *protocol.Change) { c.Voters, c.Next = membersOf(1, 2), 4 },
		"too many to count":          func(c *protocol.Change) { c.Voters, c.Next = many, 99 },
		"a settling of nothing":      func(c *protocol.Change) { *c = protocol.Change{Epoch: 1, Settle: true} },
	} {
		s := New(Options{Members: FirstMembers(membersOf(1, 2, 3, 4))})
		apply(s, &protocol.Change{Voters: membersOf(1, 2, 4), Next: 5})
		pass(s, protocol.Alpha)
		apply(s, &protocol.Change{Epoch: 1, Settle: true})
		before := s.AppendHead(nil)
		c := good
		spoil(&c)
		if e := apply(s, &c); e.Members || !sameMembers(s, before) {
			t.Errorf("%s: members %+v", name, s.Members())
		}
		if c = good; !apply(s, &c).Members {
			t.Errorf("%s: the good one is skipped, too", name)
		}
	}
}

func sameMembers(s *State, head []byte) bool {
	r, err := RestoreState(head, Options{})
	return err == nil && fmt.Sprint(r.Members()) == fmt.Sprint(s.Members())
}

// pass lets n instances pass.
func pass(s *State, n int) {
	for range n {
		apply(s)
	}
}

func TestOneChangeAtATime(t *testing.T) {
	s := New(Options{Members: FirstMembers(membersOf(1, 2, 3))})
	apply(s, &protocol.Change{Voters: membersOf(1, 2), Next: 4})
	if apply(s, &protocol.Change{Epoch: 1, Voters: membersOf(1), Next: 4}).Members {
		t.Error("a second change was applied while one was under way")
	}
	pass(s, protocol.Alpha-3)
	settle := &protocol.Change{Epoch: 1, Settle: true}
	if apply(s, settle).Members {
		t.Errorf("settled at instance %d, before the change governs", s.Applied())
	}
	pass(s, 1)
	if m := s.Members(); m.From != s.Applied() {
		t.Fatalf("instance %d, members %+v", s.Applied(), m)
	}
	if apply(s, &protocol.Change{Epoch: 0, Settle: true}).Members || !apply(s, settle).Members || apply(s, settle).Members {
		t.Error("settled by another epoch, not by its own, or twice")
	}
	if m := s.Members(); m.Changing() || m.OldFrom != 0 || m.Epoch != 1 || ids(m.Voters) != "[1 2]" {
		t.Errorf("members %+v", m)
	}
}

func TestLearnersAndAddressesChangeAtOnce(t *testing.T) {
	s := New(Options{Members: FirstMembers(membersOf(1, 2, 3))})
	moved := membersOf(1, 2, 3)
	moved[1].Address = "elsewhere"
	apply(s, &protocol.Change{Voters: moved, Learners: membersOf(4), Next: 5})
	if m := s.Members(); m.Changing() || m.From != 1 || m.Epoch != 1 || m.Voters[1].Address != "elsewhere" || ids(m.Learners) != "[4]" {
		t.Errorf("members %+v", m)
	}
}

func TestAListThatDoesNotKnowItsMembersHasNone(t *testing.T) {
	without := New(Options{})
	if apply(without, &protocol.Change{Voters: membersOf(1), Next: 2}).Members {
		t.Error("a list without members has some now")
	}
	s, err := RestoreState(without.AppendHead(nil), Options{Members: FirstMembers(membersOf(1, 2, 3))})
	if err != nil || len(s.members.Voters) != 0 || s.Applied() != 1 {
		t.Errorf("%v, members %+v: a head says all", err, s.members)
	}
}

func TestImpossibleMembersAreFound(t *testing.T) {
	for name, change := range map[string]func(m *Members){
		"nobody votes":               func(m *Members) { m.Voters = nil },
		"the old ones out of order":  func(m *Members) { m.Old = membersOf(3, 1) },
		"an id that is yet to come":  func(m *Members) { m.Next = 5 },
		"no instance to govern from": func(m *Members) { m.From = 0 },
		"old ones that are later":    func(m *Members) { m.OldFrom = m.From },
		"old ones from nowhere":      func(m *Members) { m.OldFrom = 0 },
		"no old ones from somewhere": func(m *Members) { m.Old = nil },
		"an address too long":        func(m *Members) { m.Learners = []protocol.Member{{ID: 3, Address: string(make([]byte, 256))}} },
	} {
		s := sample(Options{})
		change(&s.members)
		if _, err := RestoreState(s.AppendHead(nil), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want %v", name, err, ErrCorrupt)
		}
	}
}

// Whatever is decided, replicas agree, no id is given twice, and between two
// sets of voters there are Alpha instances at least, and never more than two.
func TestMembersUnderAnyChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Members: FirstMembers(membersOf(1, 2, 3))}
		s, gone := New(o), map[protocol.NodeID]bool{}
		for range rapid.IntRange(1, 30).Draw(t, "values") {
			before := s.Members()
			c := drawChange(t, before)
			e := apply(s, c)
			after := s.Members()
			for _, x := range after.All() {
				if gone[x.ID] {
					t.Fatalf("id %d was given twice: %+v", x.ID, after)
				}
			}
			for _, x := range before.All() {
				if !protocol.HasMember(after.All(), x.ID) {
					gone[x.ID] = true
				}
			}
			switch moved := after.From != before.From; {
			case moved && (after.From != s.Applied()+protocol.Alpha || ids(after.Old) != ids(before.Voters) || before.Changing()):
				t.Fatalf("instance %d: members %+v after %+v", s.Applied(), after, before)
			case e.Members != (fmt.Sprint(before) != fmt.Sprint(after)):
				t.Fatalf("told %t: members %+v after %+v", e.Members, after, before)
			}
			r, err := RestoreState(s.AppendHead(nil), o)
			if err != nil || !bytes.Equal(r.AppendHead(nil), s.AppendHead(nil)) {
				t.Fatalf("restored otherwise: %v", err)
			}
			if rapid.IntRange(0, 3).Draw(t, "long") == 0 {
				pass(s, protocol.Alpha)
			}
		}
	})
}

// drawChange draws one that often could be applied.
func drawChange(t *rapid.T, m Members) *protocol.Change {
	c := &protocol.Change{Epoch: m.Epoch - uint64(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "late"))}
	if rapid.Bool().Draw(t, "settle") {
		c.Settle = true
		return c
	}
	c.Next = m.Next + protocol.NodeID(rapid.IntRange(0, 2).Draw(t, "new"))
	for id := protocol.NodeID(1); id < c.Next; id++ {
		switch rapid.IntRange(0, 4).Draw(t, "as") {
		case 0, 1, 2:
			c.Voters = append(c.Voters, membersOf(id)...)
		case 3:
			c.Learners = append(c.Learners, membersOf(id)...)
		}
	}
	if len(c.Voters) == 0 {
		c.Voters = membersOf(c.Next)
		c.Next++
	}
	return c
}
