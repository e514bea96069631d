package proposer

import (
	"bytes"
	"testing"

	"paxos/protocol"
)

// The relations of phase 1 are small enough to walk through all of them: each
// acceptor has, for each of three instances, no vote or one in ballot 1 to 3.

const (
	choiceInstances = 3
	choiceBallots   = 3
	acceptorVotes   = 64 // (choiceBallots+1)^choiceInstances
)

// table is the ballot of each acceptor's vote for each instance; 0: no vote.
type table [3][choiceInstances]int

func (tab *table) fill(acceptor, code int) {
	for i := range choiceInstances {
		tab[acceptor][i] = code % (choiceBallots + 1)
		code /= choiceBallots + 1
	}
}

// valueOf is what a ballot gave an instance.
func valueOf(ballot, instance int) protocol.Value {
	return protocol.Value(nil).AppendOpen(nonce(string([]byte{byte('0' + ballot), byte('0' + instance)})))
}

func (tab *table) votes(acceptor int, after protocol.Instance) (votes []protocol.Vote) {
	for i, ballot := range tab[acceptor] {
		if ballot > 0 && protocol.Instance(i+1) > after {
			votes = append(votes, protocol.Vote{
				Ballot: protocol.Ballot{Round: uint64(ballot), Proposer: 7}, Instance: protocol.Instance(i + 1), Value: valueOf(ballot, i+1),
			})
		}
	}
	return votes
}

// dumbChoice is rule 5 said as plainly as possible: for every instance above
// the trim points, up to the last one anybody voted for, what the highest
// ballot among the quorum gave it, or nothing.
func dumbChoice(tab *table, quorum []int, trims [3]int) map[int]protocol.Value {
	trim, last := 0, 0
	for _, a := range quorum {
		trim = max(trim, trims[a])
	}
	best := make(map[int]int)
	for i := 1; i <= choiceInstances; i++ {
		for _, a := range quorum {
			best[i] = max(best[i], tab[a][i-1])
		}
		if best[i] > 0 {
			last = i
		}
	}
	choice := make(map[int]protocol.Value)
	for i := trim + 1; i <= last; i++ {
		choice[i] = nil
		if best[i] > 0 {
			choice[i] = valueOf(best[i], i)
		}
	}
	return choice
}

// TestChoiceOfThreeAcceptors: all 262,144 tables of votes.
func TestChoiceOfThreeAcceptors(t *testing.T) {
	var tab table
	quorum := []int{0, 1, 2}
	reported := make([][]protocol.Vote, acceptorVotes)
	for code := range acceptorVotes {
		tab.fill(0, code)
		reported[code] = tab.votes(0, 0)
	}
	for x := range acceptorVotes * acceptorVotes * acceptorVotes {
		codes := [3]int{x % acceptorVotes, x / acceptorVotes % acceptorVotes, x / acceptorVotes / acceptorVotes}
		v := votes{best: make(map[protocol.Instance]protocol.Vote, 4)}
		for a, code := range codes {
			tab.fill(a, code)
			for _, vote := range reported[code] {
				v.add(vote)
			}
		}
		if testing.Short() && x%7 != 0 {
			continue
		}
		want := dumbChoice(&tab, quorum, [3]int{})
		if int(v.last) != len(want) {
			t.Fatalf("votes %v: recovery ends at %d, want %d", tab, v.last, len(want))
		}
		for i, value := range want {
			if got, ok := v.choose(protocol.Instance(i), 0); !ok || !bytes.Equal(got, value) {
				t.Fatalf("votes %v: instance %d: got %q, want %q", tab, i, got, value)
			}
		}
	}
}

// TestPhase1ProposesTheChoice: the whole way, from promises to Accepts, for all
// votes and trim points of the two acceptors that promise, and whatever is
// applied here: that changes nothing, unless it proves that a higher ballot is
// at work.
func TestPhase1ProposesTheChoice(t *testing.T) {
	for x := range acceptorVotes * acceptorVotes {
		for y := range 16 * 5 {
			if (x+y)%5 != 0 && testing.Short() {
				continue
			}
			var tab table
			tab.fill(0, x%acceptorVotes)
			tab.fill(1, x/acceptorVotes)
			trims, applied := [3]int{y % 4, y / 4 % 4}, y/16
			got, leads := phase1Proposals(t, &tab, trims, applied)
			want := dumbChoice(&tab, []int{0, 1}, trims)
			if deposed := unexplained(want, max(trims[0], trims[1]), applied); deposed != 0 {
				if leads || got[deposed] != nil {
					t.Fatalf("votes %v, trim points %v, applied %d: leads, proposed %v", tab, trims, applied, got)
				}
				continue
			}
			if !leads || len(got) != len(want) {
				t.Fatalf("votes %v, trim points %v, applied %d: proposed %v, want %v", tab, trims, applied, got, want)
			}
			for i, value := range want {
				if v, ok := got[i]; !ok || !bytes.Equal(v, value) {
					t.Fatalf("votes %v, trim points %v, applied %d: instance %d: got %q, want %q", tab, trims, applied, i, v, value)
				}
			}
		}
	}
}

// unexplained is the first instance that was applied although no acceptor that
// promised has voted for it or forgotten it; 0 if there is none.
func unexplained(choice map[int]protocol.Value, trim, applied int) int {
	for i := trim + 1; i <= applied; i++ {
		if choice[i] == nil {
			return i
		}
	}
	return 0
}

// phase1Proposals lets acceptors 1 and 2 promise to a proposer that has applied
// so much, and returns what is proposed, and whether it leads then.
func phase1Proposals(t *testing.T, tab *table, trims [3]int, applied int) (got map[int]protocol.Value, leads bool) {
	p := preparing3(t, Config{}, newDumbList())
	p.applied = protocol.Instance(applied)
	var out protocol.Output
	for a := range 2 {
		trim := protocol.Instance(trims[a])
		p.Step(0, storeOf(a+1), &protocol.Promise{Ballot: p.Ballot(), From: 1, Trim: trim, Votes: tab.votes(a, trim)}, &out)
	}
	most := max(trims[0], trims[1])
	if most > applied {
		if p.Leading() {
			t.Fatalf("votes %v, trim points %v: leads before it caught up (rule 6)", tab, trims)
		}
		p.Applied(0, protocol.Instance(most), nil, &out)
	}
	p.Flush(0, &out)
	got = make(map[int]protocol.Value)
	for _, s := range out.Now {
		if a, ok := s.Msg.(*protocol.Accept); ok {
			got[int(a.Instance)] = a.Value
		}
	}
	return got, p.Leading()
}

func storeOf(acceptor int) protocol.Sender {
	return protocol.Sender{
		Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: protocol.NodeID(acceptor)}, Store: protocol.StoreID(0xa0 + acceptor),
	}
}

// preparing3 is a proposer of three acceptors in phase 1.
func preparing3(t testing.TB, cfg Config, sessions Sessions) *Proposer {
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Self, cfg.Quorum, cfg.Incarnation = protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}}, q, 1
	pins := []protocol.Pin{{Acceptor: 1, Store: 0xa1}, {Acceptor: 2, Store: 0xa2}, {Acceptor: 3, Store: 0xa3}}
	p := New(cfg, Restored{Round: 5, Pins: pins}, sessions)
	var out protocol.Output
	p.Tick(0, &out)
	at, _ := p.Deadline()
	p.Tick(at, &out)
	for a := 1; a <= 2; a++ {
		p.Step(at, storeOf(a), &protocol.Support{Round: 6, Granted: true}, &out)
	}
	if p.state != preparing {
		t.Fatalf("granted by a majority, but %s", p.state)
	}
	return p
}

// leader3 is a proposer that leads, with nothing to recover.
func leader3(t testing.TB, cfg Config, sessions Sessions) *Proposer {
	p := preparing3(t, cfg, sessions)
	var out protocol.Output
	for a := 1; a <= 2; a++ {
		p.Step(0, storeOf(a), &protocol.Promise{Ballot: p.Ballot(), From: 1}, &out)
	}
	if !p.Leading() {
		t.Fatalf("promised by a majority, but %s", p.state)
	}
	return p
}

// TestProposingAgainstARulePanics: the assertions that stay on.
func TestProposingAgainstARulePanics(t *testing.T) {
	for name, bend := range map[string]func(p *Proposer){
		"not leading":             func(p *Proposer) { p.state = catchingUp },
		"without a majority":      func(p *Proposer) { p.lead.quorum = 1 },
		"in another ballot":       func(p *Proposer) { p.lead.ballot.Round++ },
		"at a trim point":         func(p *Proposer) { p.lead.votes.trim = p.lead.next },
		"what is applied":         func(p *Proposer) { p.applied = p.lead.next },
		"new before the old ones": func(p *Proposer) { p.lead.recoverEnd, p.lead.next = 5, 6 },
		"not the recovered value": func(p *Proposer) {
			p.lead.recoverEnd = 1
			p.lead.votes.add(protocol.Vote{Instance: 1, Value: valueOf(1, 1)})
		},
		"in an open one's place": func(p *Proposer) { p.lead.next += protocol.Instance(len(p.lead.slots)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := leader3(t, Config{}, newDumbList())
			bend(p)
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			p.propose(0, nil, new(protocol.Output))
		})
	}
}
