package sim

import (
	"testing"

	"paxos/protocol"
)

func members(ids ...protocol.NodeID) (list []protocol.Member) {
	for _, id := range ids {
		list = append(list, protocol.Member{ID: id})
	}
	return list
}

// changed lets the members become 1, 2, 4 and 5, as decided at instance 1.
func changed(c *court) {
	v := protocol.Value(nil).AppendChange(&protocol.Change{Voters: members(1, 2, 4, 5), Next: 6})
	c.apply(1, v)
	c.acceptors = append(c.acceptors, c.host(protocol.RoleAcceptor, 4), c.host(protocol.RoleAcceptor, 5))
}

func TestTheVotersOfAnInstanceAreJudged(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	changed(c)
	last, first := protocol.Instance(protocol.Alpha), protocol.Instance(protocol.Alpha+1)
	if got := c.members.at(last).voters.String(); got != "{1 2 3}" {
		t.Errorf("instance %s is voted on by %s", last, got)
	}
	if got := c.members.at(first).voters.String(); got != "{1 2 4 5}" {
		t.Errorf("instance %s is voted on by %s", first, got)
	}
	c.judge.of(c.leader).applied = 1
	c.names(checkQuorum, "of the voters {1 2 4 5}", func() { c.propose(c.leader, ballot1, first, noOp) })
}

// Two of the four that vote now are no majority, though they were one before.
func TestVotesAreCountedAmongTheVotersOfTheirInstance(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	changed(c)
	c.judge.of(c.leader).applied = 1
	c.judge.of(c.learner).applied = protocol.Alpha
	c.promise(4, ballot1)
	i := protocol.Instance(protocol.Alpha + 1)
	c.propose(c.leader, ballot1, i, noOp)
	c.vote(1, ballot1, i, noOp)
	c.vote(2, ballot1, i, noOp)
	c.names(checkAgreement, "no majority", func() { c.applied(c.learner, i, noOp) })
}

func TestChangesThatMayNotApplyAreSkipped(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	changed(c)
	e := &c.members
	for name, change := range map[string]protocol.Change{
		"of an old epoch":           {Epoch: 0, Voters: members(1), Next: 6},
		"while another is on":       {Epoch: 1, Voters: members(1), Next: 6},
		"settled before it governs": {Epoch: 1, Settle: true},
	} {
		e.apply(2, &change)
		if e.epoch != 1 || !e.changing || len(e.voters) != 4 {
			t.Errorf("a change %s was applied", name)
		}
	}
	e.apply(protocol.Alpha+1, &protocol.Change{Epoch: 1, Settle: true})
	e.apply(protocol.Alpha+2, &protocol.Change{Epoch: 1, Voters: members(1, 2, 3), Next: 6})
	if e.changing || len(e.configs) != 2 {
		t.Error("a member that had left came back")
	}
}
