package learner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"paxos/protocol"
)

// TestTranscripts plays the files in testdata/transcripts. One command a message, heard
// from the leader or from the peer named by from=:
//
//	new applied= pins=(acceptor:store ...) ahead= held= cache= page= reply= acceptors=
//	accept b= i= v= mark=(ballot,first,last) | accepted from= store= b= i=(first-last ...)
//	heartbeat b= to= mark= | decided applied= i=(instance:value ...) | trimmed from= trim= applied=
//	ask first= last= target= | advance to= | checkpointed to= | sleep ms= | tick | state
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &script{}
		datadriven.RunTest(t, path, s.run)
	})
}

type script struct {
	l   *Learner
	now protocol.Time
}

var self = protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleLearner, ID: 9}, Store: 0xc9}

var leader = protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 0xb1}

func acceptor(id protocol.NodeID) protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: id}, Store: 0xa0 + protocol.StoreID(id)}
}

func members(n int) protocol.Quorum {
	q, err := protocol.QuorumOf(n)
	if err != nil {
		panic(err)
	}
	return q
}

func peers(n int) (list []protocol.Peer) {
	for id := range n {
		list = append(list, acceptor(protocol.NodeID(id+1)).Peer)
	}
	return list
}

func (s *script) run(t *testing.T, d *datadriven.TestData) (result string) {
	defer func() {
		if p := recover(); p != nil {
			result = fmt.Sprintln("PANIC", p)
		}
	}()
	var out protocol.Output
	switch d.Cmd {
	case "new":
		s.start(d)
		return "ok"
	case "sleep":
		s.now = s.now.Add(time.Duration(number(d, "ms")) * time.Millisecond)
		return "ok"
	case "advance":
		s.l.Advance(protocol.Instance(number(d, "to")))
		return s.state()
	case "checkpointed":
		s.l.Checkpointed(protocol.Instance(number(d, "to")))
		return s.state()
	case "state":
		return s.state()
	case "tick":
		if at, ok := s.l.Deadline(); !ok || at > s.now {
			return "not due"
		}
		s.l.Tick(s.now, &out)
	default:
		from, m := message(d)
		s.l.Step(s.now, from, m, &out)
	}
	return render(&out)
}

func (s *script) start(d *datadriven.TestData) {
	n := int(number(d, "acceptors"))
	if n == 0 {
		n = 3
	}
	var pins []protocol.Pin
	for _, p := range list(d, "pins") {
		var id uint32
		var store uint64
		if _, err := fmt.Sscanf(p, "%d:%x", &id, &store); err != nil {
			panic(err)
		}
		pins = append(pins, protocol.Pin{Acceptor: protocol.NodeID(id), Store: protocol.StoreID(store)})
	}
	s.now = 0
	s.l = New(Config{Self: self, Quorum: members(n), Peers: peers(n), MaxAhead: int(number(d, "ahead")),
		MaxHeldBytes: int(number(d, "held")), CacheBytes: int(number(d, "cache")), PageBytes: int(number(d, "page")),
		ReplyBytes: int(number(d, "reply")), Seed: 1}, protocol.Instance(number(d, "applied")), pins)
}

func (s *script) state() string {
	peer, trim, behind := s.l.Behind()
	st := s.l.Stats()
	conflicts := ""
	if st.PinConflicts > 0 {
		conflicts = fmt.Sprintf(", %d conflicts", st.PinConflicts)
	}
	return fmt.Sprintf("next %d, watermark %d, held %d, cached %d from %d, behind %t (%s %d, trim %d)\n", s.l.Next(),
		s.l.Watermark(), st.HeldBytes, st.CacheBytes, s.l.recent.first, behind, peer.Role, peer.ID, trim) +
		fmt.Sprintf("pins %v%s\n", s.l.Pins(), conflicts)
}

func message(d *datadriven.TestData) (protocol.Sender, protocol.Message) {
	b := ballot(text(d, "b"))
	from := acceptor(protocol.NodeID(number(d, "from")))
	if store := number(d, "store"); store != 0 {
		from.Store = protocol.StoreID(store)
	}
	switch d.Cmd {
	case "accept":
		return leader, &protocol.Accept{Ballot: b, Instance: protocol.Instance(number(d, "i")),
			Value: protocol.Value(text(d, "v")), Mark: markOf(d)}
	case "accepted":
		m := &protocol.Accepted{Ballot: b}
		for _, v := range list(d, "i") {
			var s protocol.Span
			if n, _ := fmt.Sscanf(v, "%d-%d", &s.First, &s.Last); n == 1 {
				s.Last = s.First
			}
			m.Spans = append(m.Spans, s)
		}
		return from, m
	case "heartbeat":
		return leader, &protocol.Heartbeat{Ballot: b, Decided: protocol.Instance(number(d, "to")), Mark: markOf(d)}
	case "decided":
		m := &protocol.Decided{Applied: protocol.Instance(number(d, "applied"))}
		for _, v := range list(d, "i") {
			var i protocol.Instance
			fmt.Sscan(v, &i)
			m.Decisions = append(m.Decisions, protocol.Decision{Instance: i, Value: protocol.Value(v[strings.Index(v, ":")+1:])})
		}
		return from, m
	case "trimmed":
		return from, &protocol.Trimmed{Trim: protocol.Instance(number(d, "trim")), Applied: protocol.Instance(number(d, "applied"))}
	case "ask":
		target := self.Peer
		if id := number(d, "target"); id != 0 {
			target.ID = protocol.NodeID(id)
		}
		return from, &protocol.Ask{Target: target, Span: protocol.Span{First: protocol.Instance(number(d, "first")), Last: protocol.Instance(number(d, "last"))}}
	}
	panic("unknown command " + d.Cmd)
}

func markOf(d *datadriven.TestData) (m protocol.Mark) {
	if v := list(d, "mark"); len(v) == 3 {
		m.Ballot = ballot(v[0])
		fmt.Sscan(v[1], &m.First)
		fmt.Sscan(v[2], &m.Last)
	}
	return m
}

func render(out *protocol.Output) string {
	var b strings.Builder
	for _, s := range out.Now {
		fmt.Fprintf(&b, "now  %s, for %s %d: %s\n", s.To, s.Only.Role, s.Only.ID, show(s.Msg))
	}
	for _, rec := range out.Records {
		fmt.Fprintf(&b, "log  %v\n", rec)
	}
	for _, d := range out.Decided {
		fmt.Fprintf(&b, "decided %d %q\n", d.Instance, d.Value)
	}
	if held := out.TakeHeld(); !held.Empty() || out.Fatal != nil {
		fmt.Fprintf(&b, "UNEXPECTED %v %v\n", held, out.Fatal)
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

func show(m protocol.Message) string {
	switch m := m.(type) {
	case *protocol.Ask:
		return fmt.Sprintf("ask %s %d for %s", m.Target.Role, m.Target.ID, m.Span)
	case *protocol.Decided:
		s := fmt.Sprintf("decided (applied %d)", m.Applied)
		for _, d := range m.Decisions {
			s += fmt.Sprintf(" %d=%q", d.Instance, d.Value)
		}
		return s
	case *protocol.Trimmed:
		return fmt.Sprintf("trimmed %d, applied %d", m.Trim, m.Applied)
	}
	return fmt.Sprintf("%+v", m)
}

// ballot reads "round.proposer".
func ballot(s string) (b protocol.Ballot) {
	if s != "" {
		var p uint32
		if _, err := fmt.Sscanf(s, "%d.%d", &b.Round, &p); err != nil {
			panic(err)
		}
		b.Proposer, b.Incarnation = protocol.NodeID(p), 0xf
	}
	return b
}

func list(d *datadriven.TestData, key string) []string {
	for _, arg := range d.CmdArgs {
		if arg.Key == key {
			return arg.Vals
		}
	}
	return nil
}

func text(d *datadriven.TestData, key string) string {
	if vals := list(d, key); len(vals) == 1 {
		return vals[0]
	}
	return ""
}

func number(d *datadriven.TestData, key string) (n uint64) {
	if s := text(d, key); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			panic(err)
		}
	}
	return n
}
