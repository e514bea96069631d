package node

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"paxos/protocol"
)

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for ctx := patient(t); !holds(); time.Sleep(5 * time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func voters(s *Server) (ids []protocol.NodeID) {
	for _, m := range s.Status().Members {
		if m.Voter {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// appendSome appends n values through a server.
func appendSome(t *testing.T, s *Server, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Append(patient(t), texts(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAServerJoinsAsALearnerAndGetsItsVoteWhenItIsInStep(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) { o.CheckpointBytes = 8 << 10 }
	servers := c.startServers()
	appendSome(t, servers[0], 500) // the log's front is gone: the new one needs a snapshot
	if err := servers[1].AddMember(patient(t), "four"); err != nil {
		t.Fatal(err)
	}
	if err := servers[2].AddMember(patient(t), "four"); err != nil {
		t.Fatal(err, "the second time")
	}
	if got := voters(servers[1]); !slices.Equal(got, []protocol.NodeID{1, 2, 3}) {
		t.Fatalf("voters are %v before the new server runs", got)
	}
	four := c.startServer(4)
	until(t, "the new server votes", func() bool { return slices.Equal(voters(servers[0]), []protocol.NodeID{1, 2, 3, 4}) })
	until(t, "the change is settled", func() bool { return !servers[0].Status().Changing })
	if err := servers[0].Stop(); err != nil {
		t.Fatal(err)
	}
	// Three of four are a majority only with the new one.
	if _, err := four.Append(patient(t), texts("after")); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, four); len(got) != 501 {
		t.Errorf("the new server has %d entries", len(got))
	}
}

func TestALostServerIsReplacedForGood(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 10)
	if err := servers[2].Stop(); err != nil { // lost, with its disk
		t.Fatal(err)
	}
	if err := servers[0].AddMember(patient(t), "four"); err != nil {
		t.Fatal(err)
	}
	four := c.startServer(4)
	if err := servers[0].ReplaceMember(patient(t), 3, "four"); err != nil {
		t.Fatal(err)
	}
	until(t, "all know the voters", func() bool { return slices.Equal(voters(servers[1]), []protocol.NodeID{1, 2, 4}) })
	if err := servers[1].Stop(); err != nil {
		t.Fatal(err)
	}
	appendSome(t, servers[0], 10) // a majority of the new three, not of the old
	if err := four.Barrier(patient(t)); err != nil {
		t.Fatal(err)
	}
}

func TestARemovedServerTakesNoPart(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 10)
	leader := leaderOf(t, servers[0])
	gone := servers[leader-1]
	rest := slices.DeleteFunc(slices.Clone(servers), func(s *Server) bool { return s == gone })
	if err := rest[0].RemoveMember(patient(t), leader); err != nil { // the leader itself
		t.Fatal(err)
	}
	appendSome(t, rest[1], 10)
	until(t, "the removed one knows", func() bool { return gone.Status().Removed })
	if _, err := gone.Append(patient(t), texts("x")); !errors.Is(err, ErrRemoved) {
		t.Errorf("append at the removed one: %v", err)
	}
	if gone.Status().Leads {
		t.Error("the removed one leads")
	}
	if err := rest[0].RemoveMember(patient(t), leader); err != nil {
		t.Errorf("removed again: %v", err)
	}
	for _, id := range []protocol.NodeID{0, 77} {
		if err := rest[0].RemoveMember(patient(t), id); !errors.Is(err, ErrConflict) {
			t.Errorf("remove server %d: %v", id, err)
		}
	}
}

func TestAServerIsToldThatItWasRemoved(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 1)
	servers[1].Dismiss()
	until(t, "it refuses", func() bool {
		_, err := servers[1].Append(patient(t), texts("x"))
		return errors.Is(err, ErrRemoved)
	})
	if !servers[1].Status().Removed || !errors.Is(servers[1].Barrier(patient(t)), ErrRemoved) {
		t.Error("it does not say so")
	}
	appendSome(t, servers[0], 1)
}

func TestTheLastVoterCannotBeRemoved(t *testing.T) {
	c := newTestCluster(t, 1)
	s := c.startServer(1)
	if err := s.RemoveMember(patient(t), 1); !errors.Is(err, ErrConflict) {
		t.Errorf("%v", err)
	}
}

// Restarted servers go by what their list says of the members, whatever they
// are told.
func TestMembersSurviveARestart(t *testing.T) {
	c := newTestCluster(t, 3)
	servers := c.startServers()
	appendSome(t, servers[0], 5)
	if err := servers[0].RemoveMember(patient(t), 3); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	one, two := c.startServer(1), c.startServer(2)
	appendSome(t, one, 5)
	for _, s := range []*Server{one, two} {
		until(t, "the voters are 1 and 2", func() bool { return slices.Equal(voters(s), []protocol.NodeID{1, 2}) })
	}
	if err := two.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := one.AddMember(shortly(t), "x"); err == nil {
		t.Error("one of two changed the members")
	}
}

// A lost acceptor of the multicast roles is replaced for good, with the same tools.
func TestALostAcceptorIsReplacedForGood(t *testing.T) {
	c := newTestCluster(t, 3)
	var acceptors []*role
	for id := protocol.NodeID(1); id <= 3; id++ {
		acceptors = append(acceptors, c.start(protocol.RoleAcceptor, id))
	}
	learner := c.start(protocol.RoleLearner, 1)
	c.start(protocol.RoleProposer, 1)
	c.submit(1, []string{"a", "b"})
	acceptors[0].stop() // with its disk

	o := c.options(protocol.RoleLearner, 99)
	o.Transport = c.net.Join(joins[protocol.RoleLearner]...)
	observer, err := StartObserver(o)
	if err != nil {
		t.Fatal(err)
	}
	defer observer.Stop()
	if err := observer.AddAcceptor(patient(t), 1); err != nil {
		t.Errorf("added again: %v", err) // it is a member still
	}
	if err := observer.AddAcceptor(patient(t), 4); err != nil {
		t.Fatal(err)
	}
	c.start(protocol.RoleAcceptor, 4)
	votes := func(want ...protocol.NodeID) func() bool {
		return func() bool {
			members, changing, err := observer.Acceptors(patient(t))
			if err != nil {
				t.Fatal(err)
			}
			var ids []protocol.NodeID
			for _, m := range members {
				if m.Voter {
					ids = append(ids, m.ID)
				}
			}
			return !changing && slices.Equal(ids, want)
		}
	}
	until(t, "the new acceptor votes", votes(1, 2, 3, 4))
	if err := observer.RemoveAcceptor(patient(t), 1); err != nil {
		t.Fatal(err)
	}
	until(t, "the lost one is out", votes(2, 3, 4))
	if err := observer.AddAcceptor(patient(t), 1); !errors.Is(err, ErrConflict) {
		t.Errorf("a removed id is used again: %v", err)
	}
	acceptors[1].stop()
	c.submit(2, []string{"c"}) // 3 and 4 are a majority of the new three only
	learner.output.wait(t, 3)
}
