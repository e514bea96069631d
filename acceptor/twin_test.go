package acceptor

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// twin is an acceptor as the papers write it: two maps, and no thought of speed,
// bounds or pages.
type twin struct {
	promised protocol.Ballot
	vouched  protocol.Ballot // zero if the last Heartbeat did not know this store
	trim     protocol.Instance
	votes    map[protocol.Instance]protocol.Vote
}

func newTwin(r Restored) *twin {
	w := &twin{promised: r.Promised, trim: r.Trim, votes: map[protocol.Instance]protocol.Vote{}}
	for _, v := range r.Votes {
		w.votes[v.Instance] = v
		if w.promised.Less(v.Ballot) {
			w.promised = v.Ballot
		}
	}
	return w.forget(r.Trim)
}

func (w *twin) forget(upTo protocol.Instance) *twin {
	w.trim = max(w.trim, upTo)
	maps.DeleteFunc(w.votes, func(i protocol.Instance, _ protocol.Vote) bool { return i <= w.trim })
	return w
}

func (w *twin) step(m protocol.Message, out *protocol.Output) {
	switch m := m.(type) {
	case *protocol.Prepare:
		w.prepare(m, out)
	case *protocol.Accept:
		w.accept(m, out)
	case *protocol.Heartbeat:
		if m.Ballot.Less(w.promised) {
			answer(out, &protocol.Refuse{Ballot: m.Ballot, Promised: w.promised})
		} else {
			if w.vouched = (protocol.Ballot{}); len(m.Pins) > 0 {
				w.vouched = m.Ballot
			}
			answer(out, &protocol.HeartbeatAck{Ballot: m.Ballot, Round: m.Round, Applied: w.trim, Trim: w.trim})
		}
	}
}

// answer is for the leader, who alone asks.
func answer(out *protocol.Output, m protocol.Message) {
	out.Now = append(out.Now, protocol.Send{To: protocol.GroupProposers, Only: leader.Peer, Msg: m})
}

func (w *twin) prepare(m *protocol.Prepare, out *protocol.Output) {
	if m.Target != 0 && m.Target != self.ID {
		return
	}
	if m.Ballot.Less(w.promised) {
		answer(out, &protocol.Refuse{Ballot: m.Ballot, Promised: w.promised})
		return
	}
	var records []protocol.Record
	if w.promised != m.Ballot {
		w.promised, records = m.Ballot, []protocol.Record{&protocol.Promised{Ballot: m.Ballot}}
	}
	p := &protocol.Promise{Ballot: m.Ballot, From: m.From, Trim: w.trim, Pins: []protocol.Pin{{Acceptor: self.ID, Store: self.Store}}}
	for _, i := range slices.Sorted(maps.Keys(w.votes)) {
		if i >= m.From {
			p.Votes = append(p.Votes, w.votes[i])
		}
	}
	out.Persist(records, protocol.Send{To: protocol.GroupProposers, Only: leader.Peer, Msg: p})
}

func (w *twin) accept(m *protocol.Accept, out *protocol.Output) {
	vote := protocol.Vote{Ballot: m.Ballot, Instance: m.Instance, Value: m.Value}
	held, voted := w.votes[m.Instance]
	var rec protocol.Record
	switch {
	case m.Ballot.Less(w.promised):
		answer(out, &protocol.Refuse{Ballot: m.Ballot, Promised: w.promised})
		return
	case m.Instance <= w.trim:
		out.Now = append(out.Now, protocol.Send{To: protocol.GroupLearners, Only: leader.Peer,
			Msg: &protocol.Trimmed{Trim: w.trim, Applied: w.trim}})
		return
	case w.vouched != m.Ballot && !(voted && held.Ballot == m.Ballot):
		return
	case voted && held.Ballot == m.Ballot && string(held.Value) != string(m.Value):
		return
	case !voted || held.Ballot != m.Ballot:
		w.promised, w.votes[m.Instance], rec = m.Ballot, vote, &protocol.Voted{Vote: vote}
	}
	out.PersistOne(rec, protocol.GroupLearners,
		&protocol.Accepted{Ballot: m.Ballot, Spans: []protocol.Span{{First: m.Instance, Last: m.Instance}}})
}

// same steps both with m and fails unless they say, log and hold back the same
// and end in the same state. It returns what they log.
func same(t rapid.TB, a *Acceptor, w *twin, m protocol.Message) []protocol.Record {
	before := a.Promised()
	var got, want protocol.Output
	a.Step(0, leader, m, &got)
	w.step(m, &want)
	if g, w := render(&got), render(&want); g != w {
		t.Fatalf("%s %+v\ngot:\n%swant:\n%s", m.Type(), m, g, w)
	}
	if a.Promised().Less(before) {
		t.Fatalf("rule 2: promise went down from %s to %s", before, a.Promised())
	}
	sameState(t, a, w)
	return got.Records
}

func sameState(t rapid.TB, a *Acceptor, w *twin) {
	var want []string
	for _, i := range slices.Sorted(maps.Keys(w.votes)) {
		want = append(want, fmt.Sprint(w.votes[i]))
	}
	var got []string
	for _, v := range a.VotesAbove(0) {
		got = append(got, fmt.Sprint(v))
	}
	if a.Promised() != w.promised || a.TrimPoint() != w.trim || !slices.Equal(got, want) || a.Stats().Open != len(want) {
		t.Fatalf("promised %s trim %d votes %v, want %s %d %v", a.Promised(), a.TrimPoint(), got, w.promised, w.trim, want)
	}
}

func start(t rapid.TB, r Restored) *Acceptor {
	a, err := New(Config{Self: self, PageBytes: 16 << 10}, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Every relation between the promised ballot, the ballot vouched for by a
// Heartbeat, the votes in the log, the trim point, and a message's ballot,
// instance and value.
func TestEveryRelationOfPromiseBallotInstanceAndLog(t *testing.T) {
	ballots := []protocol.Ballot{{}, ballot("1.1"), ballot("1.2"), ballot("2.1")}
	cases := 0
	for _, promised := range ballots {
		for _, vote1 := range ballots {
			for _, vote3 := range ballots {
				for trim := range protocol.Instance(5) {
					r := restored(promised, vote1, vote3, trim)
					for _, vouched := range ballots {
						cases += everyMessage(t, r, vouched, ballots[1:])
					}
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// everyMessage steps acceptors restored from r, after a Heartbeat of the
// ballot vouched unless that is zero, and counts the messages.
func everyMessage(t *testing.T, r Restored, vouched protocol.Ballot, ballots []protocol.Ballot) (cases int) {
	for _, b := range ballots {
		for _, m := range messages(b) {
			a, w := start(t, r), newTwin(r)
			if !vouched.IsZero() {
				same(t, a, w, &protocol.Heartbeat{Ballot: vouched, Pins: ownPins})
			}
			same(t, a, w, m)
			cases++
		}
	}
	return cases
}

func restored(promised, vote1, vote3 protocol.Ballot, trim protocol.Instance) Restored {
	r := Restored{Promised: promised, Trim: trim}
	for i, b := range map[protocol.Instance]protocol.Ballot{1: vote1, 3: vote3} {
		if !b.IsZero() {
			r.Votes = append(r.Votes, protocol.Vote{Ballot: b, Instance: i, Value: protocol.Value("v")})
		}
	}
	return r
}

func messages(b protocol.Ballot) []protocol.Message {
	list := []protocol.Message{&protocol.Heartbeat{Ballot: b, Round: 7}}
	for i := protocol.Instance(1); i <= 4; i++ {
		list = append(list, &protocol.Prepare{Ballot: b, From: i}, &protocol.Prepare{Ballot: b, From: i, Target: self.ID},
			&protocol.Prepare{Ballot: b, From: i, Target: self.ID + 1},
			&protocol.Accept{Ballot: b, Instance: i, Value: protocol.Value("v")},
			&protocol.Accept{Ballot: b, Instance: i, Value: protocol.Value("w")})
	}
	return list
}

// Long random lives: the ring grows, wraps and is trimmed, and still agrees
// with two maps.
func TestALongLifeAgreesWithTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, w := start(t, Restored{}), newTwin(Restored{})
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			b := protocol.Ballot{Round: rapid.Uint64Range(1, 3).Draw(t, "round"), Proposer: 1, Incarnation: 1}
			i := w.trim + protocol.Instance(rapid.IntRange(1, 300).Draw(t, "instance"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				same(t, a, w, &protocol.Prepare{Ballot: b, From: i})
			case 1:
				to := w.trim + protocol.Instance(rapid.IntRange(0, 100).Draw(t, "trim"))
				a.Trim(to)
				sameState(t, a, w.forget(to))
			case 2:
				same(t, a, w, &protocol.Accept{Ballot: b, Instance: w.trim, Value: protocol.Value("v")})
			case 3:
				pins := rapid.SampledFrom([][]protocol.Pin{ownPins, ownPins, nil}).Draw(t, "pins")
				same(t, a, w, &protocol.Heartbeat{Ballot: b, Pins: pins})
			default:
				v := rapid.SampledFrom([]string{"v", "w"}).Draw(t, "value")
				same(t, a, w, &protocol.Accept{Ballot: b, Instance: i, Value: protocol.Value(v)})
			}
		}
	})
}

// Pages that are asked for one after the other, with votes of any size, join
// to the whole promise and respect the budget.
func TestPagesJoinToTheWholePromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Restored{Trim: protocol.Instance(rapid.IntRange(0, 5).Draw(t, "trim"))}
		for i := range rapid.IntRange(0, 40).Draw(t, "votes") {
			size := rapid.IntRange(0, 400).Draw(t, "size")
			r.Votes = append(r.Votes, protocol.Vote{Ballot: ballot("1.1"), Instance: protocol.Instance(1 + 2*i), Value: make(protocol.Value, size)})
		}
		budget := rapid.IntRange(100, 9000).Draw(t, "budget")
		a, err := New(Config{Self: self, PageBytes: budget}, r)
		if err != nil {
			t.Fatal(err)
		}
		var got []protocol.Vote
		for from := protocol.Instance(1); from != 0; {
			from = readPages(t, a, from, budget, &got)
		}
		if fmt.Sprint(got) != fmt.Sprint(a.VotesAbove(0)) {
			t.Fatalf("pages join to %d votes, want %d", len(got), len(a.VotesAbove(0)))
		}
	})
}

func readPages(t rapid.TB, a *Acceptor, from protocol.Instance, budget int, got *[]protocol.Vote) protocol.Instance {
	var out protocol.Output
	a.Step(0, leader, &protocol.Prepare{Ballot: ballot("5.1"), From: from, Target: self.ID}, &out)
	held := out.TakeHeld()
	burst := 0
	for _, send := range held.Release() {
		size := len(protocol.AppendMessage(nil, 1, self, send.Msg)) - protocol.FrameOverhead
		page := send.Msg.(*protocol.Promise)
		if page.From != from || size > budget && len(page.Votes) > 1 {
			t.Fatalf("page from %d of %d bytes and %d votes, want from %d and %d bytes", page.From, size, len(page.Votes), from, budget)
		}
		if burst += size; burst > promiseBurst && len(page.Votes) > 1 {
			t.Fatalf("burst of %d bytes", burst)
		}
		if _, _, err := protocol.DecodeMessage(1, protocol.AppendMessage(nil, 1, self, page)); err != nil {
			t.Fatal(err)
		}
		*got = append(*got, page.Votes...)
		from = page.Next
	}
	return from
}
