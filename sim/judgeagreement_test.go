package sim

import (
	"testing"

	"paxos/protocol"
	"paxos/storage"
)

func TestAgreementIsJudged(t *testing.T) {
	other := protocol.Value(nil).AppendOpen(protocol.Nonce{2})
	for name, test := range map[string]struct {
		check, says string
		do          func(c *court) (violation func())
	}{
		"two values are chosen for an instance": {checkAgreement, "rule 5", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.lead(c.rival, ballot2)
			c.propose(c.rival, ballot2, 1, other)
			c.durable(c.acceptors[2], []protocol.Record{&protocol.Voted{Vote: protocol.Vote{Ballot: ballot1, Instance: 1, Value: openA}}})
			c.tell(c.acceptors[2], accepted(ballot1, 1))
			// what acceptor 1 voted before it promised ballot 2 comes to light
			c.judge.of(c.acceptors[0]).told = ballot1
			c.log.at(1).first.durable |= voter(1)
			return func() { c.tell(c.acceptors[0], accepted(ballot1, 1)) }
		}},
		"another value is proposed where one is chosen": {checkAgreement, "rule 5", func(c *court) func() {
			c.decide(1, openA)
			c.stand(c.rival, ballot2)
			vote := protocol.Vote{Ballot: ballot1, Instance: 1, Value: openA}
			c.promise(1, ballot2, vote)
			c.promise(2, ballot2, vote)
			return func() { c.propose(c.rival, ballot2, 1, noOp) }
		}},
		"a value is applied that nobody voted for": {checkAgreement, "no majority", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			return func() { c.applied(c.learner, 1, openA) }
		}},
		"one acceptor's votes are no majority, however often they are told": {checkAgreement, "no majority", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.vote(1, ballot1, 1, openA)
			c.tell(c.acceptors[0], accepted(ballot1, 1))
			return func() { c.applied(c.learner, 1, openA) }
		}},
		"votes in two ballots are no majority": {checkAgreement, "no majority", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.vote(1, ballot1, 1, openA)
			c.stand(c.rival, ballot2)
			c.promise(2, ballot2)
			c.promise(3, ballot2)
			c.propose(c.rival, ballot2, 1, openA)
			c.vote(2, ballot2, 1, openA)
			return func() { c.applied(c.learner, 1, openA) }
		}},
		"the vote of a disk that was wiped is none": {checkAgreement, "no majority", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.vote(1, ballot1, 1, openA)
			c.acceptors[1].store++
			c.again(c.acceptors[1], storage.Restored{})
			c.vote(2, ballot1, 1, openA)
			return func() { c.applied(c.learner, 1, openA) }
		}},
		"another value than the chosen one is applied": {checkAgreement, "another one", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.applied(c.learner, 1, other) }
		}},
		"a no-op is applied where a value is chosen": {checkAgreement, "another one", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.applied(c.learner, 1, noOp) }
		}},
		"an instance is left out": {checkOrder, "instance 2 after instance 0", func(c *court) func() {
			c.decide(1, openA)
			c.decide(2, noOp)
			return func() { c.applied(c.learner, 2, noOp) }
		}},
		"an instance is applied twice in a life": {checkOrder, "instance 1 after instance 1", func(c *court) func() {
			c.apply(1, openA)
			return func() { c.applied(c.learner, 1, openA) }
		}},
		"a snapshot takes a list back": {checkOrder, "snapshot", func(c *court) func() {
			c.apply(1, openA)
			return func() { c.installed(c.learner, 1) }
		}},
		"a snapshot comes from the future": {checkOrder, "snapshot", func(c *court) func() {
			c.apply(1, openA)
			return func() { c.installed(c.acceptors[2], 2) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourt(t, ShapeRoles)
			c.author("client", nonceA)
			c.author("other client", protocol.Nonce{2})
			c.names(test.check, test.says, test.do(c))
		})
	}
}

func TestPromisesAndDurabilityAreJudged(t *testing.T) {
	vote1 := protocol.Vote{Ballot: ballot1, Instance: 1, Value: openA}
	for name, test := range map[string]struct {
		check, says string
		do          func(c *court) (violation func())
	}{
		"a vote is told before it is durable": {checkDurability, "rule 1", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			return func() { c.tell(c.acceptors[0], accepted(ballot1, 1)) }
		}},
		"a promise is told before it is durable": {checkDurability, "rule 1", func(c *court) func() {
			c.stand(c.leader, ballot1)
			return func() { c.tell(c.acceptors[0], &protocol.Promise{Ballot: ballot1, From: 1}) }
		}},
		"a vote is forgotten in a crash": {checkDurability, "does not remember its vote", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.again(c.acceptors[0], storage.Restored{Promised: ballot1}) }
		}},
		"a vote comes back from nowhere": {checkDurability, "did not store", func(c *court) func() {
			c.decide(1, openA)
			c.stand(c.rival, ballot2)
			return func() { c.promise(3, ballot2, vote1) }
		}},
		"a forgotten vote is told again": {checkDurability, "not durable", func(c *court) func() {
			c.decide(1, openA)
			c.log.at(1).first.told = 0 // it was durable, and never told
			c.log.at(1).first.durable = 0
			return func() { c.tell(c.acceptors[0], accepted(ballot1, 1)) }
		}},
		"a value is voted for that was not proposed": {checkValidity, "not proposed", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			return func() { c.vote(1, ballot1, 1, noOp) }
		}},
		"a promise is forgotten while another disk is in its place": {checkPromise, "remembers its promise", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.acceptors[0].store++
			c.again(c.acceptors[0], storage.Restored{})
			c.acceptors[0].store--
			return func() { c.again(c.acceptors[0], storage.Restored{}) }
		}},
		"a promise is forgotten in a crash": {checkPromise, "remembers its promise", func(c *court) func() {
			c.lead(c.leader, ballot1)
			return func() { c.again(c.acceptors[0], storage.Restored{}) }
		}},
		"a vote is cast below a promise": {checkPromise, "rule 2", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.lead(c.rival, ballot2)
			return func() { c.vote(1, ballot1, 1, openA) }
		}},
		"a lower ballot is promised": {checkPromise, "rule 2", func(c *court) func() {
			c.stand(c.leader, ballot1)
			c.lead(c.rival, ballot2)
			return func() { c.tell(c.acceptors[0], &protocol.Promise{Ballot: ballot1, From: 1}) }
		}},
		"a lower ballot is followed": {checkPromise, "rule 12", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.lead(c.rival, ballot2)
			return func() { c.tell(c.acceptors[0], &protocol.HeartbeatAck{Ballot: ballot1}) }
		}},
		"a promise leaves a vote out": {checkPromise, "without its vote", func(c *court) func() {
			c.decide(1, openA)
			c.stand(c.rival, ballot2)
			return func() { c.promise(1, ballot2) }
		}},
		"a promise tells an older vote": {checkPromise, "without its vote", func(c *court) func() {
			c.decide(1, openA)
			c.stand(c.rival, ballot2)
			c.promise(1, ballot2, vote1)
			c.promise(2, ballot2, vote1)
			c.propose(c.rival, ballot2, 1, openA)
			c.vote(1, ballot2, 1, openA)
			c.stand(c.leader, ballot3)
			return func() { c.promise(1, ballot3, vote1) }
		}},
		"a vote is forgotten that no checkpoint has": {checkTrim, "rule 7", func(c *court) func() {
			c.decide(1, openA)
			c.stand(c.rival, ballot2)
			c.durable(c.acceptors[0], []protocol.Record{&protocol.Promised{Ballot: ballot2}})
			return func() { c.tell(c.acceptors[0], &protocol.Promise{Ballot: ballot2, From: 1, Trim: 1}) }
		}},
		"a checkpoint is told that is not there": {checkTrim, "for good", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.tell(c.acceptors[0], &protocol.HeartbeatAck{Ballot: ballot1, Trim: 1}) }
		}},
		"a checkpoint is ahead of what is applied": {checkTrim, "has applied 0", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.checkpointed(c.acceptors[0], 1) }
		}},
		"a checkpoint is lost": {checkTrim, "remembers its checkpoint", func(c *court) func() {
			c.decide(1, openA)
			c.applied(c.acceptors[0], 1, openA)
			c.checkpointed(c.acceptors[0], 1)
			return func() {
				c.again(c.acceptors[0], storage.Restored{Promised: ballot1, Votes: []protocol.Vote{vote1}})
			}
		}},
		"something is said to be trimmed that was not applied": {checkTrim, "has forgotten", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.tell(c.acceptors[0], &protocol.Trimmed{Trim: 1, Applied: 1}) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourt(t, ShapeRoles)
			c.author("client", nonceA)
			c.names(test.check, test.says, test.do(c))
		})
	}
}

func TestBallotsQuorumsAndMarksAreJudged(t *testing.T) {
	marks := func(first, last protocol.Instance) protocol.Mark {
		return protocol.Mark{Ballot: ballot1, Span: protocol.Span{First: first, Last: last}}
	}
	for name, test := range map[string]struct {
		check, says string
		do          func(c *court) (violation func())
	}{
		"a ballot is used before its round is durable": {checkBallot, "durable is only its round 0", func(c *court) func() {
			return func() { c.tell(c.leader, &protocol.Prepare{Ballot: ballot1, From: 1}) }
		}},
		"a ballot is used in two lives": {checkBallot, "in its life 2, that", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.again(c.leader, storage.Restored{Round: 1})
			return func() { c.propose(c.leader, ballot1, 1, openA) }
		}},
		"two lives have one incarnation": {checkBallot, "of an earlier one", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.again(c.leader, storage.Restored{Round: 1})
			return func() { c.stand(c.leader, ballot3) }
		}},
		"a round is forgotten in a crash": {checkBallot, "remembers its round 0", func(c *court) func() {
			c.lead(c.leader, ballot1)
			return func() { c.again(c.leader, storage.Restored{}) }
		}},
		"a round is used twice": {checkBallot, "after its round 1", func(c *court) func() {
			c.stand(c.leader, ballot1)
			return func() { c.stand(c.leader, ballot1) }
		}},
		"somebody else's ballot is used": {checkBallot, "of another", func(c *court) func() {
			return func() { c.stand(c.rival, ballot1) }
		}},
		"a ballot gives an instance two values": {checkBallot, "another value", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			return func() { c.propose(c.leader, ballot1, 1, noOp) }
		}},
		"a value is proposed without a majority's promises": {checkQuorum, "the promises of {1}", func(c *court) func() {
			c.stand(c.leader, ballot1)
			c.promise(1, ballot1)
			return func() { c.propose(c.leader, ballot1, 1, openA) }
		}},
		"a value is proposed before all pages of the promises are told": {checkQuorum, "the promises of {1}", func(c *court) func() {
			c.stand(c.leader, ballot1)
			c.promise(1, ballot1)
			c.durable(c.acceptors[1], []protocol.Record{&protocol.Promised{Ballot: ballot1}})
			c.tell(c.acceptors[1], &protocol.Promise{Ballot: ballot1, From: 1, Next: 5})
			c.tell(c.acceptors[1], &protocol.Promise{Ballot: ballot1, From: 9})
			return func() { c.propose(c.leader, ballot1, 1, openA) }
		}},
		"an instance beyond the pipeline is proposed": {checkMembers, "rule 13", func(c *court) func() {
			c.lead(c.leader, ballot1)
			return func() { c.propose(c.leader, ballot1, protocol.Alpha+1, openA) }
		}},
		"something is marked that is not decided": {checkMarks, "is not", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.tell(c.leader, &protocol.Heartbeat{Ballot: ballot1, Mark: marks(1, 2)}) }
		}},
		"something is marked that another ballot decided otherwise": {checkMarks, "is not", func(c *court) func() {
			c.stand(c.leader, ballot1)
			c.promise(2, ballot1)
			c.promise(3, ballot1)
			c.propose(c.leader, ballot1, 1, openA)
			c.stand(c.rival, ballot2)
			c.promise(1, ballot2)
			c.promise(2, ballot2)
			c.propose(c.rival, ballot2, 1, noOp)
			c.vote(1, ballot2, 1, noOp)
			c.vote(2, ballot2, 1, noOp)
			return func() { c.tell(c.leader, &protocol.Heartbeat{Ballot: ballot1, Mark: marks(1, 1)}) }
		}},
		"a watermark is ahead of what is decided": {checkMarks, "decided up to 2", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.tell(c.leader, &protocol.Heartbeat{Ballot: ballot1, Decided: 2}) }
		}},
		"a watermark covers a hole": {checkMarks, "it is up to 0", func(c *court) func() {
			c.lead(c.leader, ballot1)
			c.decide(2, openA)
			return func() { c.tell(c.leader, &protocol.Heartbeat{Ballot: ballot1, Decided: 2}) }
		}},
		"a decided list has another value": {checkMarks, "tells a value", func(c *court) func() {
			c.apply(1, openA)
			return func() {
				c.tell(c.learner, &protocol.Decided{Decisions: []protocol.Decision{{Instance: 1, Value: noOp}}})
			}
		}},
		"an acceptor says that it has applied more than it has": {checkMarks, "has applied 0", func(c *court) func() {
			c.decide(1, openA)
			return func() { c.tell(c.acceptors[0], &protocol.HeartbeatAck{Ballot: ballot1, Applied: 1}) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourt(t, ShapeRoles)
			c.author("client", nonceA)
			c.names(test.check, test.says, test.do(c))
		})
	}
}

// A page may come twice and out of order; what counts is that the pages join.
func TestPagesOfAPromiseJoin(t *testing.T) {
	for name, test := range map[string]struct {
		pages []protocol.Span
		want  bool
	}{
		"one":                {[]protocol.Span{{First: 1}}, true},
		"two":                {[]protocol.Span{{First: 1, Last: 5}, {First: 5}}, true},
		"out of order":       {[]protocol.Span{{First: 5}, {First: 1, Last: 5}}, true},
		"a hole":             {[]protocol.Span{{First: 1, Last: 5}, {First: 6}}, false},
		"the end is missing": {[]protocol.Span{{First: 1, Last: 5}, {First: 5, Last: 9}}, false},
		"the beginning is":   {[]protocol.Span{{First: 2}}, false},
	} {
		if p := (pages{from: test.pages}); p.complete() != test.want {
			t.Errorf("%s: complete is %t", name, !test.want)
		}
	}
}
