package learner

import (
	"fmt"
	"testing"

	"paxos/protocol"
)

// The ring grows to MaxAhead, wraps, and delivers all of it in one go.
func TestALongRunAheadIsDeliveredAtOnce(t *testing.T) {
	const n = 3000
	l := New(Config{Self: self, Quorum: members(3), CacheBytes: 1 << 20}, 100, nil)
	var out protocol.Output
	for i := protocol.Instance(100 + n); i > 100; i-- {
		m := &protocol.Accept{Ballot: ballot("1.1"), Instance: i, Value: protocol.Value(fmt.Sprint(i))}
		m.Mark = protocol.Mark{Ballot: ballot("1.1"), Span: protocol.Span{First: 1, Last: 100 + n}}
		l.Step(0, leader, m, &out)
	}
	if len(out.Decided) != n || l.Stats().HeldBytes != 0 {
		t.Fatalf("%d decided, %d bytes held", len(out.Decided), l.Stats().HeldBytes)
	}
	for k, d := range out.Decided {
		if i := protocol.Instance(101 + k); d.Instance != i || string(d.Value) != fmt.Sprint(i) {
			t.Fatalf("%d-th is %d=%s", k, d.Instance, d.Value)
		}
		if v, ok := l.recent.get(d.Instance); !ok || string(v) != string(d.Value) {
			t.Fatalf("cache has %d=%q, %t", d.Instance, v, ok)
		}
	}
}

// A learner asks as much as its buffer takes: fewer instances when values are large.
func TestAsksFollowTheSizeOfValues(t *testing.T) {
	asked := func(size int) (n uint64) {
		l := New(Config{Self: self, Quorum: members(1), Peers: peers(1), ReplyBytes: 48 << 10}, 0, nil)
		var out protocol.Output
		for i := protocol.Instance(1); i <= 100; i++ {
			l.Step(0, leader, &protocol.Decided{Decisions: []protocol.Decision{{Instance: i, Value: make(protocol.Value, size)}}}, &out)
		}
		l.Step(0, leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 1e6}, &out)
		at, _ := l.Deadline()
		l.Tick(at, &out)
		for _, s := range out.Now {
			n += s.Msg.(*protocol.Ask).Span.Len()
		}
		return n
	}
	for size, want := range map[int]uint64{0: 1024, 1000: 36, 60000: 1} {
		if n := asked(size); n != want {
			t.Errorf("asked for %d values of %d bytes, want %d", n, size, want)
		}
	}
}

// A page fits its datagram, and decodes.
func TestPagesFitTheirDatagram(t *testing.T) {
	l := New(Config{Self: self, Quorum: members(1), CacheBytes: 1 << 20, PageBytes: 1400}, 0, nil)
	var out protocol.Output
	for i := protocol.Instance(1); i <= 300; i++ {
		v := protocol.Value(nil).AppendRun(protocol.Run{Session: 1, First: 1, Count: 1, Block: protocol.AppendPayload(nil, make([]byte, i%200))})
		l.Step(0, leader, &protocol.Decided{Decisions: []protocol.Decision{{Instance: i, Value: v}}}, &out)
	}
	l.Step(0, acceptor(1), &protocol.Ask{Target: self.Peer, Span: protocol.Span{First: 1, Last: 300}}, &out)
	next := protocol.Instance(1)
	for _, s := range out.Now {
		datagram := protocol.AppendMessage(nil, 1, self, s.Msg)
		if len(datagram) > 1400+protocol.FrameOverhead {
			t.Errorf("datagram of %d bytes", len(datagram))
		}
		_, m, err := protocol.DecodeMessage(1, datagram)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range m.(*protocol.Decided).Decisions {
			if d.Instance != next {
				t.Fatalf("decision %d, want %d", d.Instance, next)
			}
			next++
		}
	}
	if next != 301 {
		t.Errorf("answered up to %d", next-1)
	}
}

// What one instance costs a separate learner: Accept with a Mark, three
// Accepted for groups of 16, delivery, and the cache.
func BenchmarkAcceptToDecided(b *testing.B) {
	const group = 16
	l := New(Config{Self: self, Quorum: members(3), Peers: peers(3), CacheBytes: 1 << 20}, 0, nil)
	b1 := ballot("1.1")
	accept := &protocol.Accept{Ballot: b1, Value: make(protocol.Value, 1200)}
	accepted := &protocol.Accepted{Ballot: b1, Spans: make([]protocol.Span, 1)}
	senders := []protocol.Sender{acceptor(1), acceptor(2), acceptor(3)}
	var out protocol.Output
	var now protocol.Time
	b.ReportAllocs()
	for b.Loop() {
		now += 10_000
		accept.Instance++
		l.Step(now, leader, accept, &out)
		if accept.Instance%group != 0 {
			continue
		}
		accepted.Spans[0] = protocol.Span{First: accept.Instance - group + 1, Last: accept.Instance}
		for _, from := range senders {
			l.Step(now, from, accepted, &out)
		}
		accept.Mark = protocol.Mark{Ballot: b1, Span: protocol.Span{First: 1, Last: accept.Instance}}
		l.Checkpointed(accept.Instance - 1)
		out = protocol.Output{Decided: out.Decided[:0]}
	}
	if l.Next() != accept.Instance/group*group+1 {
		b.Fatalf("delivered up to %d of %d", l.Next()-1, accept.Instance)
	}
}

// Rule 10: what a leader says of the acceptors' stores counts before what is
// heard first of one that was wiped.
func TestAFreshLearnerDoesNotCountAWipedAcceptorThatTheLeaderKnows(t *testing.T) {
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	l := New(Config{Self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleLearner, ID: 1}, Store: 9}, Quorum: q}, 0, nil)
	leader := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 8}
	from := func(id protocol.NodeID, store protocol.StoreID) protocol.Sender {
		return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: id}, Store: store}
	}
	ballot := protocol.Ballot{Round: 1, Proposer: 1}
	accepted := &protocol.Accepted{Ballot: ballot, Spans: []protocol.Span{{First: 1, Last: 1}}}
	var out protocol.Output
	l.Step(1, leader, &protocol.Heartbeat{Ballot: ballot, Pins: []protocol.Pin{{Acceptor: 1, Store: 11}, {Acceptor: 2, Store: 12}}}, &out)
	if len(out.Records) != 2 {
		t.Errorf("%d records; want the two pins", len(out.Records))
	}
	l.Step(2, leader, &protocol.Accept{Ballot: ballot, Instance: 1}, &out)
	l.Step(3, from(1, 0xbad), accepted, &out) // wiped
	l.Step(4, from(2, 12), accepted, &out)
	if len(out.Decided) != 0 {
		t.Fatal("the wiped acceptor's vote was counted")
	}
	l.Step(5, from(3, 13), accepted, &out) // of whom the leader said nothing
	if len(out.Decided) != 1 {
		t.Error("two true acceptors are no majority")
	}
}
