package learner

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// changing is a cluster whose voters change, told to one learner. Every instance
// is decided by those that govern it, and by nobody else.
type changing struct {
	l       *Learner
	steps   []protocol.Configuration // ascending; each was decided Alpha instances before it governs
	applied protocol.Instance
	voted   map[protocol.Instance]map[protocol.NodeID]bool // and was heard in time to be counted
	check   check
	told    int // of steps
}

func (c *changing) governs(i protocol.Instance) protocol.Quorum {
	at := 0
	for n, s := range c.steps {
		if s.From <= i {
			at = n
		}
	}
	return c.steps[at].Quorum
}

// apply applies up to i, and tells the learner what that changes.
func (c *changing) apply(t rapid.TB, i protocol.Instance) {
	for ; c.applied < i; c.applied++ {
		now := c.applied + 1
		if c.told < len(c.steps) && c.steps[c.told].From == now+protocol.Alpha {
			c.configure(t, c.told-1, c.told)
			c.told++
		}
		if c.told > 1 && now == c.steps[c.told-1].From+3 { // settled
			c.configure(t, c.told-1)
		}
		c.l.Applied(now)
	}
}

func (c *changing) configure(t rapid.TB, steps ...int) {
	var configs []protocol.Configuration
	for _, n := range steps {
		configs = append(configs, c.steps[n])
	}
	m, err := protocol.NewMembership(uint64(c.told), configs...)
	if err != nil {
		t.Fatal(err)
	}
	c.l.Configure(m)
}

func drawVoters(t *rapid.T) protocol.Quorum {
	ids := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 6), 1, 4, rapid.ID).Draw(t, "voters")
	list := make([]protocol.NodeID, len(ids))
	for i, id := range ids {
		list[i] = protocol.NodeID(id)
	}
	q, err := protocol.NewQuorum(list...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// A learner delivers an instance once a majority of those that govern it have
// voted, whoever else has, however early it hears of it, and however late it
// applies what it delivered. What it may not count a Mark tells.
func TestVotesCountByWhoGoverns(t *testing.T) {
	counted := 0
	rapid.Check(t, func(t *rapid.T) {
		c := changing{l: New(Config{Self: self, Quorum: members(3)}, 0, nil), voted: make(map[protocol.Instance]map[protocol.NodeID]bool)}
		c.steps = []protocol.Configuration{{From: 1, Quorum: drawVoters(t)}}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			from := c.steps[len(c.steps)-1].From + protocol.Alpha + 3 + protocol.Instance(rapid.IntRange(0, 30).Draw(t, "when"))
			c.steps = append(c.steps, protocol.Configuration{From: from, Quorum: drawVoters(t)})
		}
		c.configure(t, 0)
		c.told = 1
		last := c.steps[len(c.steps)-1].From + 20
		c.check.truth = new(truth)
		lag := protocol.Instance(rapid.IntRange(0, 40).Draw(t, "lag"))
		edge := protocol.Alpha - int(lag) + rapid.IntRange(-2, 2).Draw(t, "from the edge")
		early := protocol.Instance(rapid.SampledFrom([]int{0, 5, 200, 400, edge, edge}).Draw(t, "early"))
		seed := rapid.Uint64().Draw(t, "seed")
		for i := protocol.Instance(1); i <= last+early; i++ {
			if i <= last {
				c.tell(t, i, &seed)
			}
			if i > early {
				counted += c.settle(t, i-early)
			}
			if next := c.l.Next(); next > lag+1 {
				c.apply(t, next-1-lag)
			}
		}
	})
	if counted == 0 {
		t.Fatal("every instance needed a Mark: the test proves nothing")
	}
	t.Logf("%d instances were decided by counting", counted)
}

// tell tells the value of an instance, and votes that are no majority of those
// who govern it.
func (c *changing) tell(t rapid.TB, i protocol.Instance, seed *uint64) {
	c.check.truth.values = append(c.check.truth.values, fmt.Sprint("v", i))
	c.hear(t, leader, &protocol.Accept{Ballot: ballot("1.1"), Instance: i, Value: protocol.Value(fmt.Sprint("v", i))})
	q := c.governs(i)
	votes := 0
	for id := protocol.NodeID(1); id <= 6; id++ {
		*seed = *seed*6364136223846793005 + 1442695040888963407
		if q.Contains(id) {
			if *seed>>63 == 1 || votes+1 >= q.Majority() {
				continue
			}
			votes++
		}
		c.vote(t, id, i)
	}
	if c.l.Next() > i {
		t.Fatalf("instance %d is delivered by %d of %d", i, votes, q.Size())
	}
}

// settle lets all who govern an instance vote, and then the leader mark it. It
// returns 1 if the votes were enough.
func (c *changing) settle(t rapid.TB, i protocol.Instance) int {
	for _, id := range c.governs(i).Members() {
		if !c.voted[i][id] {
			c.vote(t, id, i)
		}
	}
	if next := c.l.Next(); next > i+1 {
		t.Fatalf("instance %d is delivered, and a majority of those who govern it has not voted", next-1)
	} else if next > i {
		return 1
	}
	if i <= c.applied+protocol.Alpha {
		t.Fatalf("instance %d is not delivered, though all voted for it, and %d is applied", i, c.applied)
	}
	c.hear(t, leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Mark: protocol.Mark{Ballot: ballot("1.1"), Span: protocol.Span{First: i, Last: i}}})
	if c.l.Next() != i+1 {
		t.Fatalf("instance %d is marked and not delivered", i)
	}
	return 0
}

func (c *changing) vote(t rapid.TB, id protocol.NodeID, i protocol.Instance) {
	if i <= c.applied+protocol.Alpha {
		if c.voted[i] == nil {
			c.voted[i] = make(map[protocol.NodeID]bool)
		}
		c.voted[i][id] = true
	}
	c.hear(t, acceptor(id), &protocol.Accepted{Ballot: ballot("1.1"), Spans: []protocol.Span{{First: i, Last: i}}})
}

func (c *changing) hear(t rapid.TB, from protocol.Sender, m protocol.Message) {
	var out protocol.Output
	c.l.Step(0, from, m, &out)
	c.check.see(t, &out)
}

func TestAnotherPeerIsAskedWhenTheMembersChange(t *testing.T) {
	l := New(Config{Self: self, Quorum: members(3), Peers: peers(3)}, 0, nil)
	l.SetPeers([]protocol.Peer{self.Peer, acceptor(9).Peer})
	var out protocol.Output
	l.Step(0, leader, &protocol.Heartbeat{Ballot: ballot("1.1"), Decided: 5}, &out)
	for range 3 {
		at, _ := l.Deadline()
		l.Tick(at, &out)
	}
	if len(out.Now) != 3 || slices.ContainsFunc(out.Now, func(s protocol.Send) bool { return s.Only != acceptor(9).Peer }) {
		t.Errorf("sent %v", out.Now)
	}
	l.SetPeers(nil)
	if at, ok := l.Deadline(); ok {
		t.Errorf("due at %d with nobody to ask", at)
	}
}
