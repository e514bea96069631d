package proposer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"paxos/protocol"
)

// TestTranscripts runs a proposer through the files in testdata. Each file is
// a story that reads from top to bottom; "go test -run Transcripts -rewrite"
// writes down what the core does now, for the eye to check.
//
//	new [role=server] [applied=N] [round=N] [pins=A:STORE,...] [acceptors=N] [bytes=N]  a fresh proposer 1
//	at=MS                    moves the clock before the command
//	tick, tick-due           Tick now, or at the Deadline
//	MESSAGE [from=ACCEPTOR] [role=learner] ...   Step
//	list ID=SEQ ...          what the applied state says of sessions
//	applied N [advanced=S:Q] [opened=NONCE:S] [skipped=S:Q] [expired=S] [snapshot]
//	yield-to PROPOSER        Yield, to nobody in particular if 0
//	configure FROM:ID+ID+... [FROM:ID+ID+...] [epoch=N]   who votes
//	flush, state
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		tr := &transcript{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var b strings.Builder
			for _, line := range append([]string{d.Cmd + " " + joinArgs(d.CmdArgs)}, nonEmpty(d.Input)...) {
				tr.line(t, &b, line)
			}
			return b.String()
		})
	})
}

func joinArgs(args []datadriven.CmdArg) string {
	var b strings.Builder
	for _, a := range args {
		fmt.Fprintf(&b, " %s", a.Key)
		if len(a.Vals) > 0 {
			fmt.Fprintf(&b, "=%s", strings.Join(a.Vals, ","))
		}
	}
	return b.String()
}

func nonEmpty(input string) (lines []string) {
	for line := range strings.Lines(input) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// transcript is one story's proposer and clock.
type transcript struct {
	p    *Proposer
	now  protocol.Time
	list *dumbList
	args map[string]string
	word []string // arguments without a key
}

func (tr *transcript) line(t *testing.T, b *strings.Builder, line string) {
	fields := strings.Fields(line)
	tr.args, tr.word = make(map[string]string), nil
	for _, f := range fields[1:] {
		if key, value, ok := strings.Cut(f, "="); ok {
			tr.args[key] = value
		} else {
			tr.word = append(tr.word, f)
		}
	}
	if at, ok := tr.args["at"]; ok {
		ms, err := strconv.ParseFloat(at, 64)
		if err != nil {
			t.Fatal(err)
		}
		tr.now = protocol.Time(ms * 1e6)
	}
	var out protocol.Output
	tr.do(t, b, fields[0], &out)
	printOutput(b, &out)
}

func (tr *transcript) do(t *testing.T, b *strings.Builder, cmd string, out *protocol.Output) {
	switch cmd {
	case "new":
		tr.create(t)
	case "tick":
		tr.p.Tick(tr.now, out)
	case "tick-due":
		at, _ := tr.p.Deadline()
		tr.now = max(tr.now, at)
		fmt.Fprintf(b, "at %v\n", time.Duration(tr.now))
		tr.p.Tick(tr.now, out)
	case "list":
		clear(tr.list.last)
		for id, seq := range tr.args {
			tr.list.last[protocol.SessionID(atoi(id))] = protocol.Seq(atoi(seq))
		}
	case "applied":
		tr.applied(out)
	case "flush":
		tr.p.Flush(tr.now, out)
	case "configure":
		tr.configure(t)
	case "yield-to":
		fmt.Fprintf(b, "yields: %t\n", tr.p.Yield(tr.now, protocol.NodeID(atoi(tr.word[0])), out))
	case "state":
		tr.state(b)
	default:
		from := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: protocol.NodeID(tr.num("from"))}}
		from.Store = protocol.StoreID(0xa0 + tr.num("from"))
		if s := tr.num("store"); s != 0 {
			from.Store = protocol.StoreID(s)
		}
		for role := protocol.RoleClient; role <= protocol.RoleServer; role++ {
			if tr.args["role"] == role.String() {
				from.Role = role
			}
		}
		tr.p.Step(tr.now, from, tr.message(t, cmd), out)
	}
}

func (tr *transcript) state(b *strings.Builder) {
	p := tr.p
	fmt.Fprintf(b, "%s, ballot %s, follows %v, applied %d", p.state, shortBallot(p.ballot), p.Leader(), p.applied)
	if p.lead.next > p.lead.first {
		fmt.Fprintf(b, ", open %d to %d, in flight %d", p.lead.first, p.lead.next-1, p.lead.inFlight)
	}
	if p.admit.queued > 0 {
		fmt.Fprintf(b, ", queued %d bytes", p.admit.queued)
	}
	fmt.Fprintln(b)
}

// role is proposer unless it says server.
func (tr *transcript) role() protocol.Role {
	if tr.args["role"] == "server" {
		return protocol.RoleServer
	}
	return protocol.RoleProposer
}

func (tr *transcript) create(t *testing.T) {
	n := tr.num("acceptors")
	if n == 0 {
		n = 3
	}
	q, err := protocol.QuorumOf(n)
	if err != nil {
		t.Fatal(err)
	}
	tr.list = newDumbList()
	tr.p = New(Config{
		Self: protocol.Sender{Peer: protocol.Peer{Role: tr.role(), ID: 1}}, Quorum: q, Incarnation: 1,
		Seed: 1, ValueBytes: max(tr.num("bytes"), 200), WindowInstances: 4, WindowBytes: 4000,
	}, Restored{Round: uint64(tr.num("round")), Applied: protocol.Instance(tr.num("applied")), Pins: tr.pins()}, tr.list)
}

func (tr *transcript) configure(t *testing.T) {
	var configs []protocol.Configuration
	for _, word := range tr.word {
		from, list, _ := strings.Cut(word, ":")
		var ids []protocol.NodeID
		for id := range strings.SplitSeq(list, "+") {
			ids = append(ids, protocol.NodeID(atoi(id)))
		}
		q, err := protocol.NewQuorum(ids...)
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, protocol.Configuration{From: protocol.Instance(atoi(from)), Quorum: q})
	}
	m, err := protocol.NewMembership(uint64(tr.num("epoch")), configs...)
	if err != nil {
		t.Fatal(err)
	}
	tr.p.Configure(tr.now, m)
}

func (tr *transcript) applied(out *protocol.Output) {
	e := &protocol.Effects{}
	for _, p := range pairs(tr.args["advanced"]) {
		e.Advanced = append(e.Advanced, protocol.Ack{Session: protocol.SessionID(atoi(p[0])), Through: protocol.Seq(atoi(p[1]))})
	}
	for _, p := range pairs(tr.args["skipped"]) {
		e.Skipped = append(e.Skipped, protocol.Ack{Session: protocol.SessionID(atoi(p[0])), Through: protocol.Seq(atoi(p[1]))})
	}
	for _, p := range pairs(tr.args["opened"]) {
		e.Opened = append(e.Opened, protocol.Opened{Nonce: nonce(p[0]), Session: protocol.SessionID(atoi(p[1]))})
	}
	if s, ok := tr.args["expired"]; ok {
		e.Expired = append(e.Expired, protocol.SessionID(atoi(s)))
	}
	if len(tr.word) > 1 {
		e = nil // a snapshot
	}
	tr.p.Applied(tr.now, protocol.Instance(atoi(tr.word[0])), e, out)
}

func (tr *transcript) message(t *testing.T, cmd string) protocol.Message {
	switch cmd {
	case "support":
		return &protocol.Support{Round: uint64(tr.num("round")), Granted: len(tr.word) > 0 && tr.word[0] == "granted", Promised: tr.ballot("promised")}
	case "promise":
		return tr.promise()
	case "refuse":
		return &protocol.Refuse{Ballot: tr.ballot("ballot"), Promised: tr.ballot("promised")}
	case "heartbeat":
		return &protocol.Heartbeat{Ballot: tr.ballot("ballot")}
	case "heartbeat-ack":
		return tr.heartbeatAck()
	case "read":
		return &protocol.Read{ID: uint64(tr.num("id"))}
	case "reconfigure":
		return tr.reconfigure()
	case "yield":
		return &protocol.Yield{Ballot: tr.ballot("ballot"), Target: protocol.NodeID(tr.num("to"))}
	case "prepare":
		return &protocol.Prepare{Ballot: tr.ballot("ballot"), From: 1}
	case "accept":
		return &protocol.Accept{Ballot: tr.ballot("ballot"), Instance: protocol.Instance(tr.num("instance"))}
	case "accepted":
		first, last, ok := strings.Cut(tr.args["span"], "-")
		if !ok {
			last = first
		}
		span := protocol.Span{First: protocol.Instance(atoi(first)), Last: protocol.Instance(atoi(last))}
		return &protocol.Accepted{Ballot: tr.ballot("ballot"), Spans: []protocol.Span{span}}
	case "trimmed":
		return &protocol.Trimmed{Trim: protocol.Instance(tr.num("trim")), Applied: protocol.Instance(tr.num("trim"))}
	case "open":
		return &protocol.Open{Nonce: nonce(tr.word[0])}
	case "submit":
		size := max(tr.num("size"), 4)
		return &protocol.Submit{Run: makeRun(tr.num("session"), tr.num("first"), tr.num("count"), size)}
	}
	t.Fatalf("unknown command %q", cmd)
	return nil
}

func (tr *transcript) heartbeatAck() *protocol.HeartbeatAck {
	return &protocol.HeartbeatAck{
		Ballot: tr.ballot("ballot"), Round: uint64(tr.num("round")), Window: uint32(tr.num("window")), Low: tr.args["low"] == "true",
		Applied: protocol.Instance(max(tr.num("applied"), tr.num("trim"))), Trim: protocol.Instance(tr.num("trim")),
	}
}

func (tr *transcript) reconfigure() *protocol.Reconfigure {
	c := protocol.Change{Epoch: uint64(tr.num("epoch")), Next: protocol.NodeID(tr.num("next"))}
	for id := range strings.SplitSeq(tr.args["voters"], "+") {
		c.Voters = append(c.Voters, protocol.Member{ID: protocol.NodeID(atoi(id))})
	}
	return &protocol.Reconfigure{Change: c}
}

func (tr *transcript) promise() *protocol.Promise {
	m := &protocol.Promise{
		Ballot: tr.ballot("ballot"), From: protocol.Instance(max(tr.num("page"), 1)), Next: protocol.Instance(tr.num("next")),
		Trim: protocol.Instance(tr.num("trim")), Pins: tr.pins(),
	}
	for _, p := range pairs(tr.args["votes"]) { // instance:round.proposer:value
		value := makeRun(9, 1, 1, 0)
		value.Block = protocol.AppendPayload(nil, []byte(p[2]))
		m.Votes = append(m.Votes, protocol.Vote{
			Instance: protocol.Instance(atoi(p[0])), Ballot: parseBallot(p[1]), Value: protocol.Value(nil).AppendRun(value),
		})
	}
	return m
}

func (tr *transcript) num(key string) int {
	if tr.args[key] == "" {
		return 0
	}
	return atoi(tr.args[key])
}

func (tr *transcript) pins() (pins []protocol.Pin) {
	for _, p := range pairs(tr.args["pins"]) {
		pins = append(pins, protocol.Pin{Acceptor: protocol.NodeID(atoi(p[0])), Store: protocol.StoreID(atoi(p[1]))})
	}
	return pins
}

func (tr *transcript) ballot(key string) protocol.Ballot { return parseBallot(tr.args[key]) }

// parseBallot reads ROUND.PROPOSER; the incarnation is the proposer's id.
func parseBallot(s string) protocol.Ballot {
	round, proposer, ok := strings.Cut(s, ".")
	if !ok {
		return protocol.Ballot{}
	}
	if round == "max" {
		return protocol.Ballot{Round: math.MaxUint64, Proposer: protocol.NodeID(atoi(proposer))}
	}
	return protocol.Ballot{Round: uint64(atoi(round)), Proposer: protocol.NodeID(atoi(proposer)), Incarnation: uint64(atoi(proposer))}
}

func atoi(s string) int {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return int(n)
}

// pairs splits "a:b,c:d".
func pairs(s string) (list [][]string) {
	if s == "" {
		return nil
	}
	for part := range strings.SplitSeq(s, ",") {
		list = append(list, strings.Split(part, ":"))
	}
	return list
}

func nonce(s string) (n protocol.Nonce) {
	copy(n[:], s)
	return n
}

func makeRun(session, first, count, size int) protocol.Run {
	r := protocol.Run{Session: protocol.SessionID(session), First: protocol.Seq(first), Count: count}
	for i := range count {
		r.Block = protocol.AppendPayload(r.Block, fmt.Appendf(nil, "%0*d", size, first+i))
	}
	return r
}

func shortBallot(b protocol.Ballot) string {
	if b.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%d.%d", b.Round, b.Proposer)
}

func printOutput(b *strings.Builder, out *protocol.Output) {
	for _, r := range out.Records {
		switch r := r.(type) {
		case *protocol.Round:
			fmt.Fprintf(b, "record round %d\n", r.Round)
		case *protocol.Pinned:
			fmt.Fprintf(b, "record pin %d:%#x\n", r.Pin.Acceptor, uint64(r.Pin.Store))
		}
	}
	held := out.TakeHeld()
	for _, s := range held.Release() {
		fmt.Fprintf(b, "after disk, to %s: %s\n", address(s), describe(s.Msg))
	}
	for _, s := range out.Now {
		fmt.Fprintf(b, "to %s: %s\n", address(s), describe(s.Msg))
	}
	if out.Fatal != nil {
		fmt.Fprintf(b, "fatal: %v\n", out.Fatal)
	}
}

func address(s protocol.Send) string {
	if s.Only == (protocol.Peer{}) {
		return s.To.String()
	}
	return fmt.Sprintf("%s %d", s.Only.Role, s.Only.ID)
}

func describe(m protocol.Message) string {
	switch m := m.(type) {
	case *protocol.Canvass:
		return fmt.Sprintf("canvass round=%d", m.Round)
	case *protocol.Prepare:
		return fmt.Sprintf("prepare %s from=%d target=%d pins=%s", shortBallot(m.Ballot), m.From, m.Target, describePins(m.Pins))
	case *protocol.Accept:
		return fmt.Sprintf("accept %s instance=%d mark=%s value=%s", shortBallot(m.Ballot), m.Instance, describeMark(m.Mark), describeValue(m.Value))
	case *protocol.Heartbeat:
		return describeHeartbeat(m)
	case *protocol.ReadAt:
		return fmt.Sprintf("read-at id=%d instance=%d", m.ID, m.Instance)
	case *protocol.Yield:
		return fmt.Sprintf("yield %s to=%d", shortBallot(m.Ballot), m.Target)
	case *protocol.Stranger:
		return fmt.Sprintf("stranger acceptor=%d store=%#x pinned=%#x", m.Acceptor, uint64(m.Store), uint64(m.Pinned))
	case *protocol.Opened:
		return fmt.Sprintf("opened %s session=%d", strings.TrimRight(string(m.Nonce[:]), "\x00"), m.Session)
	case *protocol.Acks:
		return fmt.Sprintf("acks %v", m.Acks)
	case *protocol.Expired:
		return fmt.Sprintf("expired session=%d", m.Session)
	}
	return m.Type().String()
}

// describeHeartbeat leaves out what is usual.
func describeHeartbeat(m *protocol.Heartbeat) string {
	s := fmt.Sprintf("heartbeat %s decided=%d mark=%s pins=%s", shortBallot(m.Ballot), m.Decided, describeMark(m.Mark), describePins(m.Pins))
	if m.Round != 0 {
		s += fmt.Sprintf(" round=%d", m.Round)
	}
	if m.Full {
		s += " full"
	}
	return s
}

func describePins(pins []protocol.Pin) string {
	var parts []string
	for _, p := range pins {
		parts = append(parts, fmt.Sprintf("%d:%#x", p.Acceptor, uint64(p.Store)))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func describeMark(m protocol.Mark) string {
	if m.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%s@%s", m.Span, shortBallot(m.Ballot))
}

func describeValue(v protocol.Value) string {
	if len(v) == 0 {
		return "no-op"
	}
	var parts []string
	for len(v) > 0 {
		item, rest, err := v.Next()
		if err != nil {
			return err.Error()
		}
		v = rest
		if c := item.Change; c != nil {
			parts = append(parts, fmt.Sprintf("change epoch=%d settle=%t voters=%v", c.Epoch, c.Settle, protocol.IDs(c.Voters)))
			continue
		}
		if item.Open {
			parts = append(parts, "open "+strings.TrimRight(string(item.Nonce[:]), "\x00"))
			continue
		}
		first, _, _ := protocol.NextPayload(item.Run.Block)
		parts = append(parts, fmt.Sprintf("%d:%d-%d %.6s", item.Run.Session, item.Run.First, item.Run.Last(), first))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
