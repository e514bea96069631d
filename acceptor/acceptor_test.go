package acceptor

import (
	"strings"
	"testing"

	"paxos/protocol"
)

// An acceptor that comes back knows what it knew: that a trimmed vote, too, was a promise.
func TestARestoredVoteIsAPromise(t *testing.T) {
	a := start(t, Restored{Promised: ballot("1.1"), Trim: 5,
		Votes: []protocol.Vote{{Ballot: ballot("3.1"), Instance: 2}, {Ballot: ballot("2.1"), Instance: 6}}})
	if a.Promised() != ballot("3.1") {
		t.Errorf("promised %s, want 3.1", a.Promised())
	}
	if n := len(a.VotesAbove(0)); n != 1 {
		t.Errorf("%d votes, want 1", n)
	}
}

func TestAStoreThatCannotBeRightIsNotOpened(t *testing.T) {
	vote := func(i protocol.Instance, v string) protocol.Vote {
		return protocol.Vote{Ballot: ballot("1.1"), Instance: i, Value: protocol.Value(v)}
	}
	nobody, storeless := self, self
	nobody.ID, storeless.Store = 0, 0
	for _, c := range []struct {
		name string
		cfg  Config
		r    Restored
		want string
	}{
		{"two values in one ballot", Config{Self: self}, Restored{Votes: []protocol.Vote{vote(1, "v"), vote(1, "w")}}, "two values for instance 1"},
		{"vote out of reach", Config{Self: self, MaxOpen: 10}, Restored{Votes: []protocol.Vote{vote(11, "v")}}, "more than 10 above"},
		{"no store", Config{Self: storeless}, Restored{}, "no store"},
		{"no id", Config{Self: nobody}, Restored{}, "invalid id"},
		{"no acceptor", Config{Self: leader}, Restored{}, "does not vote"},
		{"negative limit", Config{Self: self, MaxOpen: -1}, Restored{}, "negative limit"},
	} {
		if _, err := New(c.cfg, c.r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want ...%s...", c.name, err, c.want)
		}
	}
}

func TestATwoFacedProposerIsCountedAndNamed(t *testing.T) {
	a := start(t, Restored{Promised: ballot("1.1")})
	var out protocol.Output
	a.Step(0, leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Pins: ownPins}, &out)
	for _, v := range []string{"v", "w", "x"} {
		a.Step(0, leader, &protocol.Accept{Ballot: ballot("1.1"), Instance: 1, Value: protocol.Value(v)}, &out)
	}
	s := a.Stats()
	if s.Conflicts != 2 || s.Conflict == nil || !strings.Contains(s.Conflict.Error(), "rule 3") {
		t.Errorf("stats %+v", s)
	}
}

func TestTheTableRefusesWhatCannotHappen(t *testing.T) {
	for name, put := range map[string]func(*voteTable){
		"rule 2": func(table *voteTable) {
			table.put(&protocol.Voted{Vote: protocol.Vote{Ballot: ballot("2.1"), Instance: 11}})
			table.put(&protocol.Voted{Vote: protocol.Vote{Ballot: ballot("1.1"), Instance: 11}})
		},
		"rule 6": func(table *voteTable) {
			table.put(&protocol.Voted{Vote: protocol.Vote{Ballot: ballot("1.1"), Instance: 10}})
		},
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, name) {
					t.Errorf("%s: panic %q", name, p)
				}
			}()
			table := newVoteTable(10)
			put(&table)
		}()
	}
}

// The other parts' messages pass through.
func TestMessagesForOthersChangeNothing(t *testing.T) {
	a := start(t, Restored{})
	for _, m := range []protocol.Message{&protocol.Submit{}, &protocol.Ask{}, &protocol.Accepted{}, &protocol.Promise{}, &protocol.Decided{}} {
		var out protocol.Output
		if a.Step(0, leader, m, &out); render(&out) != "nothing" {
			t.Errorf("%s: %s", m.Type(), render(&out))
		}
	}
}

// What one vote costs, answer and trim included; 64 votes make one group commit.
func BenchmarkAcceptToVote(b *testing.B) {
	a := start(b, Restored{Promised: ballot("1.1")})
	value := make(protocol.Value, 1200)
	var out protocol.Output
	b.ReportAllocs()
	m := &protocol.Accept{Ballot: ballot("1.1"), Value: value}
	for n := 1; b.Loop(); n++ {
		m.Instance++
		a.Step(0, leader, m, &out)
		if n%64 == 0 {
			out.TakeHeld()
			out = protocol.Output{Records: out.Records[:0]}
		}
		if n%4096 == 0 {
			a.Trim(m.Instance - 512)
		}
	}
}
