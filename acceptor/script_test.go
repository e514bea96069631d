package acceptor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"paxos/protocol"
)

// TestTranscripts plays the files in testdata/transcripts. One command a handler:
//
//	new trim= votes=(instance:ballot:value ...) pins=(acceptor:store ...) page= open= bytes=
//	accept b= i= v=... | prepare b= from= target= pins= | heartbeat b= pins= | canvass round=
//	yield from= id= b= to= | stranger from= id= store= pinned= | trim to= | learned to= | low is= |
//	configure members=(id ...) next= | sleep ms= | together (several lines, one output) | state
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &script{t: t}
		datadriven.RunTest(t, path, s.run)
	})
}

type script struct {
	t   *testing.T
	a   *Acceptor
	now protocol.Time
}

var self = protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: 1}, Store: 0xa1}

var leader = protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 7}, Store: 0xb7}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	var out protocol.Output
	switch d.Cmd {
	case "new":
		return s.start(d)
	case "sleep":
		s.now = s.now.Add(time.Duration(number(d, "ms")) * time.Millisecond)
		return "ok"
	case "trim":
		s.a.Trim(protocol.Instance(number(d, "to")))
		return s.state()
	case "learned":
		s.a.Learned(protocol.Instance(number(d, "to")))
		return "ok"
	case "configure":
		var members []protocol.Member
		for _, id := range list(d, "members") {
			members = append(members, protocol.Member{ID: protocol.NodeID(id[0] - '0')})
		}
		s.a.Configure(members, protocol.NodeID(number(d, "next")))
		return "ok"
	case "low":
		s.a.SetLow(text(d, "is") == "true")
		return "ok"
	case "state":
		return s.state()
	case "together":
		for line := range strings.Lines(d.Input) {
			cmd, args, err := datadriven.ParseLine(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			s.a.Step(s.now, leader, message(&datadriven.TestData{Cmd: cmd, CmdArgs: args}), &out)
		}
	default:
		s.a.Step(s.now, sender(d), message(d), &out)
	}
	return render(&out)
}

// sender is the leader, or process 7 of the role named by from= or role=, or
// with another id.
func sender(d *datadriven.TestData) protocol.Sender {
	from := leader
	for role := protocol.RoleClient; role <= protocol.RoleServer; role++ {
		if text(d, "from") == role.String() || text(d, "role") == role.String() {
			from.Role = role
		}
	}
	if id := number(d, "id"); id != 0 && d.Cmd != "stranger" {
		from.ID = protocol.NodeID(id)
	}
	return from
}

func (s *script) start(d *datadriven.TestData) string {
	cfg := Config{Self: self, PageBytes: int(number(d, "page")), MaxOpen: int(number(d, "open")),
		MaxVoteBytes: int(number(d, "bytes")), Window: 9000}
	r := Restored{Promised: ballot(text(d, "promised")), Trim: protocol.Instance(number(d, "trim")), Pins: pinList(d)}
	for _, v := range list(d, "votes") {
		f := strings.Split(v, ":")
		var i protocol.Instance
		fmt.Sscan(f[0], &i)
		r.Votes = append(r.Votes, protocol.Vote{Ballot: ballot(f[1]), Instance: i, Value: protocol.Value(f[2])})
	}
	a, err := New(cfg, r)
	if err != nil {
		return err.Error()
	}
	s.a, s.now = a, 0
	return s.state()
}

func (s *script) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "promised %s, trim %d, pins %v\n", s.a.Promised(), s.a.TrimPoint(), s.a.Pins())
	if n := s.a.Stats().PinConflicts; n > 0 {
		fmt.Fprintf(&b, "%d pin conflicts\n", n)
	}
	if n := s.a.Stats().Unvouched; n > 0 {
		fmt.Fprintf(&b, "%d unvouched\n", n)
	}
	for _, v := range s.a.VotesAbove(0) {
		fmt.Fprintf(&b, "vote %d@%s %q\n", v.Instance, v.Ballot, v.Value)
	}
	return b.String()
}

// ownPins are the pins of a leader that knows this acceptor, and no other.
var ownPins = []protocol.Pin{{Acceptor: self.ID, Store: self.Store}}

func message(d *datadriven.TestData) protocol.Message {
	b := ballot(text(d, "b"))
	switch d.Cmd {
	case "accept":
		return &protocol.Accept{Ballot: b, Instance: protocol.Instance(number(d, "i")), Value: protocol.Value(text(d, "v"))}
	case "prepare":
		return &protocol.Prepare{Ballot: b, From: protocol.Instance(number(d, "from")),
			Target: protocol.NodeID(number(d, "target")), Pins: pinList(d)}
	case "heartbeat":
		pins := pinList(d)
		if len(list(d, "pins")) == 0 {
			pins = ownPins
		}
		return &protocol.Heartbeat{Ballot: b, Round: number(d, "round"), Pins: pins}
	case "yield":
		return &protocol.Yield{Ballot: b, Target: protocol.NodeID(number(d, "to"))}
	case "canvass":
		return &protocol.Canvass{Round: number(d, "round")}
	case "stranger":
		return &protocol.Stranger{Acceptor: protocol.NodeID(number(d, "id")),
			Store: protocol.StoreID(number(d, "store")), Pinned: protocol.StoreID(number(d, "pinned"))}
	}
	panic("unknown command " + d.Cmd)
}

// render tells an output, in the order in which its parts may take effect.
func render(out *protocol.Output) string {
	var b strings.Builder
	for _, s := range out.Now {
		fmt.Fprintf(&b, "now  %s: %s\n", address(s), show(s.Msg))
	}
	for _, rec := range out.Records {
		switch rec := rec.(type) {
		case *protocol.Promised:
			fmt.Fprintf(&b, "log  promised %s\n", rec.Ballot)
		case *protocol.Voted:
			fmt.Fprintf(&b, "log  voted %d@%s %q\n", rec.Vote.Instance, rec.Vote.Ballot, rec.Vote.Value)
		case *protocol.Pinned:
			fmt.Fprintf(&b, "log  pinned %v\n", rec.Pin)
		}
	}
	held := out.TakeHeld()
	for _, s := range held.Release() {
		fmt.Fprintf(&b, "held %s: %s\n", address(s), show(s.Msg))
	}
	if out.Fatal != nil {
		fmt.Fprintf(&b, "FATAL %v\n", out.Fatal)
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}

// address is the group, and the one in it for whom the message is, unless that
// is the leader, who asked.
func address(s protocol.Send) string {
	if s.Only == (protocol.Peer{}) {
		return "all " + s.To.String()
	}
	if s.Only == leader.Peer {
		return s.To.String()
	}
	return fmt.Sprintf("%s, for %s %d", s.To, s.Only.Role, s.Only.ID)
}

func show(m protocol.Message) string {
	switch m := m.(type) {
	case *protocol.Promise:
		s := fmt.Sprintf("promise %s from %d next %d trim %d pins %v", m.Ballot, m.From, m.Next, m.Trim, m.Pins)
		for _, v := range m.Votes {
			s += fmt.Sprintf(" %d@%s=%q", v.Instance, v.Ballot, v.Value)
		}
		return s
	case *protocol.Refuse:
		return fmt.Sprintf("refuse %s, promised %s", m.Ballot, m.Promised)
	case *protocol.Accepted:
		return fmt.Sprintf("accepted %v in %s", m.Spans, m.Ballot)
	case *protocol.Trimmed:
		return fmt.Sprintf("trimmed %d, applied %d", m.Trim, m.Applied)
	case *protocol.Support:
		return fmt.Sprintf("support round %d granted %t promised %s", m.Round, m.Granted, m.Promised)
	case *protocol.HeartbeatAck:
		return fmt.Sprintf("heartbeat-ack %s round %d window %d low %t applied %d trim %d", m.Ballot, m.Round, m.Window, m.Low, m.Applied, m.Trim)
	case *protocol.Stranger:
		return fmt.Sprintf("stranger %d on %s, pinned %s", m.Acceptor, m.Store, m.Pinned)
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

func pinList(d *datadriven.TestData) (pins []protocol.Pin) {
	for _, p := range list(d, "pins") {
		var id uint32
		var store uint64
		if _, err := fmt.Sscanf(p, "%d:%x", &id, &store); err != nil {
			panic(err)
		}
		pins = append(pins, protocol.Pin{Acceptor: protocol.NodeID(id), Store: protocol.StoreID(store)})
	}
	return pins
}
