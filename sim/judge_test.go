package sim

import (
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage"
)

// court is a judge with three acceptors, two proposers and a learner that do what
// a test says, right or wrong.
type court struct {
	t *testing.T
	*judge
	acceptors []*host
	leader    *host
	rival     *host
	learner   *host
}

func newCourt(t *testing.T, shape string) *court {
	w := &world{plan: plan{shape: shape, acceptors: 3}, counts: map[string]int{}}
	w.judge = newJudge(w)
	w.work = newWorkload(w)
	c := &court{t: t, judge: w.judge}
	for id := protocol.NodeID(1); id <= 3; id++ {
		c.acceptors = append(c.acceptors, c.host(protocol.RoleAcceptor, id))
	}
	c.leader, c.rival = c.host(protocol.RoleProposer, 1), c.host(protocol.RoleProposer, 2)
	c.learner = c.host(protocol.RoleLearner, 1)
	return c
}

func (c *court) host(r protocol.Role, id protocol.NodeID) *host {
	h := &host{w: c.w, number: len(c.w.hosts), peer: protocol.Peer{Role: r, ID: id}, life: 1}
	c.w.hosts = append(c.w.hosts, h)
	c.restored(h, storage.Restored{})
	return h
}

// again starts a host again with what it remembers.
func (c *court) again(h *host, r storage.Restored) {
	h.life++
	c.restored(h, r)
}

var (
	ballot1 = protocol.Ballot{Round: 1, Proposer: 1, Incarnation: 0xa}
	ballot2 = protocol.Ballot{Round: 2, Proposer: 2, Incarnation: 0xb}
	ballot3 = protocol.Ballot{Round: 3, Proposer: 1, Incarnation: 0xa}
)

func (c *court) tell(h *host, m protocol.Message) { c.sent(h, protocol.Send{Msg: m}) }

// stand is phase 1 as far as the proposer is concerned.
func (c *court) stand(h *host, b protocol.Ballot) {
	c.durable(h, []protocol.Record{&protocol.Round{Round: b.Round}})
	c.tell(h, &protocol.Prepare{Ballot: b, From: 1})
}

// promise is phase 1 of acceptor n, with its votes.
func (c *court) promise(n int, b protocol.Ballot, votes ...protocol.Vote) {
	h := c.acceptors[n-1]
	c.durable(h, []protocol.Record{&protocol.Promised{Ballot: b}})
	c.tell(h, &protocol.Promise{Ballot: b, From: 1, Votes: votes})
}

// lead is phase 1 of a ballot, with the promises of acceptors 1 and 2.
func (c *court) lead(h *host, b protocol.Ballot) {
	c.stand(h, b)
	c.promise(1, b)
	c.promise(2, b)
}

func (c *court) propose(h *host, b protocol.Ballot, i protocol.Instance, v protocol.Value) {
	c.tell(h, &protocol.Accept{Ballot: b, Instance: i, Value: v})
}

// vote is phase 2 of acceptor n.
func (c *court) vote(n int, b protocol.Ballot, i protocol.Instance, v protocol.Value) {
	h := c.acceptors[n-1]
	c.durable(h, []protocol.Record{&protocol.Voted{Vote: protocol.Vote{Ballot: b, Instance: i, Value: v}}})
	c.tell(h, accepted(b, i))
}

func accepted(b protocol.Ballot, i protocol.Instance) *protocol.Accepted {
	return &protocol.Accepted{Ballot: b, Spans: []protocol.Span{{First: i, Last: i}}}
}

// decide lets ballot 1 choose a value, with the votes of acceptors 1 and 2.
func (c *court) decide(i protocol.Instance, v protocol.Value) {
	if i == 1 {
		c.lead(c.leader, ballot1)
	}
	c.propose(c.leader, ballot1, i, v)
	c.vote(1, ballot1, i, v)
	c.vote(2, ballot1, i, v)
}

// apply decides a value and lets the learner apply it.
func (c *court) apply(i protocol.Instance, v protocol.Value) {
	c.decide(i, v)
	c.applied(c.learner, i, v)
}

// names checks that the judge finds a violation, by the name of the check and a
// part of what it says.
func (c *court) names(check, says string, violation func()) {
	c.t.Helper()
	f := caught(violation)
	if f == nil {
		c.t.Fatalf("the judge saw no violation of %s", check)
	}
	if f.Check != check || !strings.Contains(f.Message, says) {
		c.t.Fatalf("the judge says %q, want %s: ...%s...", f.Error(), check, says)
	}
}

// caught runs f and returns the failure that it ended with, nil if with none.
func caught(f func()) (found *Failure) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case failed:
			found = x.Failure
		default:
			panic(x)
		}
	}()
	f()
	return nil
}

var (
	noOp   = protocol.Value(nil)
	nonceA = protocol.Nonce{1}
	openA  = protocol.Value(nil).AppendOpen(nonceA)
)

// run is a value with consecutive commands of a session.
func run(session protocol.SessionID, first protocol.Seq, payloads ...[]byte) protocol.Value {
	r := protocol.Run{Session: session, First: first, Count: len(payloads)}
	for _, p := range payloads {
		r.Block = protocol.AppendPayload(r.Block, p)
	}
	return protocol.Value(nil).AppendRun(r)
}

func TestTheJudgeAgreesWithWhatIsRight(t *testing.T) {
	c := newCourt(t, ShapeRoles)
	a := c.author("client", nonceA)
	c.apply(1, openA)
	n := c.begins(a, 20)
	c.apply(2, run(1, 1, a.payload(n)))
	c.acknowledgedUnplaced(a, n)
	c.tell(c.leader, &protocol.Heartbeat{Ballot: ballot1, Decided: 2, Mark: protocol.Mark{Ballot: ballot1, Span: protocol.Span{First: 1, Last: 2}}})
	c.again(c.acceptors[0], storage.Restored{Promised: ballot1, Votes: []protocol.Vote{
		{Ballot: ballot1, Instance: 1, Value: openA}, {Ballot: ballot1, Instance: 2, Value: run(1, 1, a.payload(n))},
	}})
	if c.log.prefix != 2 || c.book.length() != 1 {
		t.Fatalf("decided up to %d with a list of %d entries", c.log.prefix, c.book.length())
	}
}
