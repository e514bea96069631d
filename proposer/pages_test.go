package proposer

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"paxos/protocol"
)

// page is one page of an acceptor's promise, as the network carries it.
type page struct {
	acceptor int
	promise  protocol.Promise
	junk     bool // of another ballot, or from another store: it counts for nothing
}

func (p page) String() string {
	return fmt.Sprintf("%d:%d-%d", p.acceptor, p.promise.From, p.promise.Next)
}

func vote(i protocol.Instance, round int) protocol.Vote {
	return protocol.Vote{Ballot: protocol.Ballot{Round: uint64(round), Proposer: 7}, Instance: i, Value: valueOf(round, int(i))}
}

// promised makes a page with votes.
func promised(acceptor int, from, next, trim protocol.Instance, votes ...protocol.Vote) page {
	return page{acceptor: acceptor, promise: protocol.Promise{From: from, Next: next, Trim: trim, Votes: votes}}
}

// dumbPhase1 is phase 1 said plainly: an acceptor's pages count in their order, each once.
type dumbPhase1 struct {
	next  map[int]protocol.Instance
	done  map[int]bool
	votes []protocol.Vote
	trim  protocol.Instance
}

func newDumbPhase1() *dumbPhase1 {
	return &dumbPhase1{next: map[int]protocol.Instance{1: 1, 2: 1, 3: 1}, done: map[int]bool{}}
}

// take returns from where on the acceptor is to be asked for more, 0 if it is not.
func (d *dumbPhase1) take(p page) protocol.Instance {
	if p.junk || d.done[p.acceptor] || p.promise.From != d.next[p.acceptor] {
		return 0
	}
	d.votes = append(d.votes, p.promise.Votes...)
	d.trim = max(d.trim, p.promise.Trim)
	d.next[p.acceptor] = p.promise.Next
	d.done[p.acceptor] = p.promise.Next == 0
	return p.promise.Next
}

func (d *dumbPhase1) leads() bool { return d.doneCount() >= 2 }

func (d *dumbPhase1) doneCount() (n int) {
	for _, done := range d.done {
		if done {
			n++
		}
	}
	return n
}

// proposes is what rule 5 makes of the votes.
func (d *dumbPhase1) proposes() map[protocol.Instance]protocol.Value {
	best, last := map[protocol.Instance]protocol.Vote{}, protocol.Instance(0)
	for _, v := range d.votes {
		if old, ok := best[v.Instance]; !ok || old.Ballot.Less(v.Ballot) {
			best[v.Instance] = v
		}
		last = max(last, v.Instance)
	}
	choice := map[protocol.Instance]protocol.Value{}
	for i := d.trim + 1; i <= last; i++ {
		choice[i] = best[i].Value
	}
	return choice
}

// pageRun is all sequences of pages, repetitions and losses included.
type pageRun struct {
	t      *testing.T
	pages  []page
	length int
	played int
	led    int
}

// walk plays every sequence that begins like this one.
func (r *pageRun) walk(sequence []page) {
	d := newDumbPhase1()
	for _, p := range sequence {
		d.take(p)
	}
	if len(sequence) == r.length || d.leads() {
		r.play(sequence)
		return
	}
	for _, p := range r.pages {
		r.walk(append(slices.Clip(sequence), p))
	}
}

func (r *pageRun) play(sequence []page) {
	r.played++
	p, d := preparing3(r.t, Config{}, newDumbList()), newDumbPhase1()
	p.Flush(0, new(protocol.Output))
	for _, next := range sequence {
		var out protocol.Output
		p.Step(0, r.sender(next), r.message(p, next), &out)
		p.Flush(0, &out)
		ask := d.take(next)
		if d.leads() != (p.state >= catchingUp) {
			r.t.Fatalf("after %v: %s, want leading %t", sequence, p.state, d.leads())
		}
		if d.leads() {
			r.led++
			r.wantProposed(sequence, p, d, &out)
			return
		}
		r.wantAsked(sequence, next.acceptor, ask, &out)
	}
}

func (r *pageRun) sender(p page) protocol.Sender {
	from := storeOf(p.acceptor)
	if p.junk && p.promise.Ballot.IsZero() {
		from.Store = 0xbad
	}
	return from
}

func (r *pageRun) message(p *Proposer, next page) *protocol.Promise {
	m := next.promise
	if m.Ballot.IsZero() {
		m.Ballot = p.Ballot()
	}
	return &m
}

// wantAsked wants the acceptor to be asked for its next page, and nothing else.
func (r *pageRun) wantAsked(sequence []page, acceptor int, from protocol.Instance, out *protocol.Output) {
	var asked []string
	for _, s := range out.Now {
		if m, ok := s.Msg.(*protocol.Prepare); ok {
			asked = append(asked, fmt.Sprintf("%d from %d", m.Target, m.From))
		}
	}
	var want []string
	if from != 0 {
		want = []string{fmt.Sprintf("%d from %d", acceptor, from)}
	}
	if !slices.Equal(asked, want) {
		r.t.Fatalf("after %v: asked %v, want %v", sequence, asked, want)
	}
}

// wantProposed wants exactly what the pages that counted say, once the own list has reached the trim point.
func (r *pageRun) wantProposed(sequence []page, p *Proposer, d *dumbPhase1, out *protocol.Output) {
	if d.trim > 0 {
		if p.Leading() {
			r.t.Fatalf("after %v: leads before it caught up (rule 6)", sequence)
		}
		p.Applied(0, d.trim, nil, out)
		p.Flush(0, out)
	}
	got := map[protocol.Instance]protocol.Value{}
	for _, s := range out.Now {
		if m, ok := s.Msg.(*protocol.Accept); ok {
			got[m.Instance] = m.Value
		}
	}
	want := d.proposes()
	if !p.Leading() || len(got) != len(want) {
		r.t.Fatalf("after %v: %s, proposed %v, want %v", sequence, p.state, got, want)
	}
	for i, v := range want {
		if value, ok := got[i]; !ok || !bytes.Equal(value, v) {
			r.t.Fatalf("after %v: instance %d: proposed %q, want %q", sequence, i, value, v)
		}
	}
}

// Every sequence in which the pages of three acceptors can arrive: in any order, repeated, lost, with pages of a lower
// ballot and of another store between them. Phase 1 ends exactly with the last page of a majority, asks for exactly
// the pages that follow, and proposes what the highest ballots of the pages that counted say.
func TestEveryOrderOfPages(t *testing.T) {
	low := promised(2, 1, 0, 0, vote(1, 3))
	low.promise.Ballot, low.junk = protocol.Ballot{Round: 1, Proposer: 1, Incarnation: 1}, true
	stranger := promised(1, 1, 0, 3, vote(2, 9))
	stranger.junk = true
	for _, c := range []struct {
		name   string
		length int
		pages  []page
	}{
		{"two pages each", 6, []page{
			promised(1, 1, 3, 0, vote(1, 1), vote(2, 3)), promised(1, 3, 0, 0, vote(3, 1)),
			promised(2, 1, 2, 0, vote(1, 2)), promised(2, 2, 0, 0, vote(3, 2)),
			promised(3, 1, 2, 0, vote(1, 3)), promised(3, 2, 0, 0, vote(2, 1), vote(4, 1)),
		}},
		{"a trim point that comes with a later page", 5, []page{
			promised(1, 1, 3, 0, vote(1, 1), vote(2, 1)), promised(1, 3, 0, 2, vote(4, 1)),
			promised(2, 1, 2, 1, vote(2, 2)), promised(2, 2, 0, 1), promised(3, 1, 0, 0, vote(1, 2), vote(3, 2)),
		}},
		{"three pages", 6, []page{
			promised(1, 1, 2, 0, vote(1, 2)), promised(1, 2, 3, 0, vote(2, 1)), promised(1, 3, 0, 0, vote(3, 3)), promised(2, 1, 0, 0, vote(2, 2)),
		}},
		{"with pages that count for nothing", 5, []page{
			promised(1, 1, 2, 0, vote(1, 1)), promised(1, 2, 0, 0, vote(2, 1)),
			promised(2, 1, 2, 0, vote(1, 2)), promised(2, 2, 0, 0), low, stranger,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &pageRun{t: t, pages: c.pages, length: c.length}
			r.walk(nil)
			if r.led == 0 || r.led == r.played {
				t.Errorf("%d of %d lead", r.led, r.played)
			}
			t.Logf("%d sequences, %d of them lead", r.played, r.led)
		})
	}
}

// Every pair of configurations of up to four voters, every set of promises, on either side of the instance where the
// second one begins: phase 1 ends exactly with a majority of each that governs an instance above the trim point.
func TestEveryPairOfConfigurations(t *testing.T) {
	const from = 3
	covered, cases := 0, 0
	for old := 1; old < 16; old++ {
		for latest := 1; latest < 16; latest++ {
			for trim := protocol.Instance(0); trim <= from; trim++ {
				for promises := range 16 {
					want := majorityOf(promises, latest) && (trim+1 >= from || majorityOf(promises, old))
					if got := endsPhase1(t, old, latest, from, trim, promises); got != want {
						t.Fatalf("old %04b, from %d on %04b, trim point %d: promises of %04b end phase 1: %t, want %t", old, from, latest, trim, promises, got, want)
					}
					cases++
					if want {
						covered++
					}
				}
			}
		}
	}
	t.Logf("%d cases, %d end phase 1", cases, covered)
}

func majorityOf(promises, voters int) bool {
	n, all := 0, 0
	for a := range 4 {
		all += voters >> a & 1
		n += promises & voters >> a & 1
	}
	return 2*n > all
}

func quorumOf(t *testing.T, set int) protocol.Quorum {
	var ids []protocol.NodeID
	for a := range 4 {
		if set>>a&1 == 1 {
			ids = append(ids, protocol.NodeID(a+1))
		}
	}
	q, err := protocol.NewQuorum(ids...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// endsPhase1 lets a set of acceptors promise while the voters change.
func endsPhase1(t *testing.T, old, latest int, from, trim protocol.Instance, promises int) bool {
	m, err := protocol.NewMembership(1, protocol.Configuration{From: 1, Quorum: quorumOf(t, old)}, protocol.Configuration{From: from, Quorum: quorumOf(t, latest)})
	if err != nil {
		t.Fatal(err)
	}
	var pins []protocol.Pin
	for a := 1; a <= 4; a++ {
		pins = append(pins, protocol.Pin{Acceptor: protocol.NodeID(a), Store: storeOf(a).Store})
	}
	self := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}}
	p := New(Config{Self: self, Quorum: m.All(), Incarnation: 1}, Restored{Pins: pins}, newDumbList())
	p.Configure(0, m)
	var out protocol.Output
	p.Tick(0, &out)
	at, _ := p.Deadline()
	p.Tick(at, &out)
	for a := 1; a <= 4; a++ {
		p.Step(at, storeOf(a), &protocol.Support{Round: 1, Granted: true}, &out)
	}
	if p.state != preparing {
		t.Fatalf("granted by all, but %s", p.state)
	}
	for a := 1; a <= 4; a++ {
		if promises>>(a-1)&1 == 1 {
			p.Step(at, storeOf(a), &protocol.Promise{Ballot: p.Ballot(), From: 1, Trim: trim}, &out)
		}
	}
	return p.state >= catchingUp
}
