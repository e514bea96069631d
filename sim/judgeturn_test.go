package sim

import (
	"errors"
	"fmt"
	"testing"

	"paxos/acceptor"
	"paxos/list"
	"paxos/node"
	"paxos/protocol"
)

func TestWhatAProcessHoldsIsJudged(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("a", nonceA)
	c.apply(1, openA)
	c.apply(2, run(1, 1, a.payload(c.begins(a, 8))))
	voter, learner := c.judge.of(c.acceptors[0]), c.judge.of(c.learner)
	c.stands(learner, 2, 1)
	c.names(checkOrder, "stands at instance 1", func() { c.stands(learner, 1, 0) })
	c.names(checkReplicas, "2 entries at instance 2, and there are 1", func() { c.stands(learner, 2, 2) })
	c.looksBack(voter, ballot1, 0)
	c.names(checkPromise, "rule 2", func() { c.looksBack(voter, protocol.Ballot{}, 0) })
	c.names(checkTrim, "rule 7", func() { c.looksBack(voter, ballot1, 1) })
	c.bounded(learner, []node.Bound{{Name: "votes", Size: 5, Limit: 5}})
	c.names(checkBounds, "rule 8", func() { c.bounded(learner, []node.Bound{{Name: "votes", Size: 6, Limit: 5}}) })
}

func TestOnlyAStrangerIsStoppedAsOne(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	stranger := fmt.Errorf("acceptor 1: %w", acceptor.ErrStranger)
	c.names(checkStopped, "its first store", func() { c.stopped(c.acceptors[0], stranger) })
	c.acceptors[0].store++
	c.stopped(c.acceptors[0], stranger)
	c.stopped(c.acceptors[1], errors.New("the disk is broken"))
}

func TestEntriesHandedOutAreJudged(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("a", nonceA)
	c.apply(1, openA)
	one, two := a.payload(c.begins(a, 8)), a.payload(c.begins(a, 9))
	c.apply(2, run(1, 1, one, two))
	block := protocol.AppendPayload(protocol.AppendPayload(nil, one), two)
	c.handed(c.learner, 0, 2, block)
	c.names(checkReplicas, "another entry 1", func() { c.handed(c.learner, 1, 2, block) })
	c.names(checkReplicas, "says that it is 3", func() { c.handed(c.learner, 0, 3, block) })
}

// replica is a list that was fed the same values as the book, or others.
func replica(values ...protocol.Value) *list.State {
	l := list.New(list.Options{Members: list.FirstMembers(members(1, 2, 3))})
	for n, v := range values {
		l.Apply(protocol.Instance(n+1), v, &protocol.Effects{})
	}
	return l
}

func TestReplicasAreCompared(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a, b := c.author("a", nonceA), c.author("b", protocol.Nonce{2})
	openB := protocol.Value(nil).AppendOpen(protocol.Nonce{2})
	first, other := run(1, 1, a.payload(c.begins(a, 8))), run(1, 1, b.payload(c.begins(b, 8)))
	c.apply(1, openA)
	c.apply(2, first)
	s := c.judge.of(c.learner)
	same := replica(openA, first)
	c.sameSessions("now", s, same)
	c.sameEntries("now", s, same.View(), nil, 0)
	c.sameMembers("now", s, same.Members())
	c.names(checkReplicas, "another session 1", func() { c.sameSessions("now", s, replica(openB, first)) })
	c.names(checkReplicas, "another session 1", func() { c.sameSessions("now", s, replica(openA, noOp)) })
	c.names(checkReplicas, "at instance 1", func() { c.sameSessions("now", s, replica(openA)) })
	c.names(checkReplicas, "another entry 0", func() { c.sameEntries("now", s, replica(openA, other).View(), nil, 0) })
	c.names(checkReplicas, "has 0 entries", func() { c.sameEntries("now", s, replica(openA).View(), nil, 0) })
	c.names(checkReplicas, "of epoch 0", func() { c.sameMembers("now", s, list.FirstMembers(members(1, 2))) })
}
