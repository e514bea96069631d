package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

func TestTheQueueKeepsTheOrderOfTimesAndOfScheduling(t *testing.T) {
	w := &world{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		w.schedule(event{at: time.Duration(r.IntN(50))})
		if r.IntN(3) == 0 {
			w.queue.pop()
		}
	}
	var got []event
	for w.queue.len() > 0 {
		got = append(got, w.queue.pop())
	}
	if !slices.IsSortedFunc(got, func(a, b event) int {
		if a.before(&b) {
			return -1
		}
		return 1
	}) {
		t.Error("out of order")
	}
}

func TestAClockShowsWhenItSaysThatItWill(t *testing.T) {
	for _, rate := range []float64{0.5, 0.99, 1, 1.01, 2} {
		c := newClock(time.Second, rate)
		for now := time.Second; now < 5*time.Second; now += 123_456_789 {
			for _, ahead := range []time.Duration{0, 1, 1000, time.Second} {
				due := c.at(now).Add(ahead)
				if at := c.when(due); c.at(at) < due || c.at(at-10) > due {
					t.Errorf("rate %v: due at %v, at %v it shows %v", rate, due, at, c.at(at))
				}
			}
		}
	}
}

func TestAClockNeverGoesBack(t *testing.T) {
	c := newClock(0, 2)
	before := c.at(time.Second)
	c.drift(time.Second, 0.5)
	if c.at(time.Second) < before || c.at(2*time.Second) != before.Add(time.Second/2) {
		t.Errorf("%v, then %v", before, c.at(time.Second))
	}
	c.jump(time.Hour)
	if c.at(time.Second) != before.Add(time.Hour) {
		t.Errorf("a jump led from %v to %v", before, c.at(time.Second))
	}
}

// quiet is a world of a shape without faults, in which nothing runs: hosts look as
// if they did, and only the network does anything.
func quiet(t *testing.T, shape string) *world {
	t.Helper()
	w := newWorld(Options{Seed: 5, Shape: shape, Faults: []string{}})
	w.plan.rates, w.plan.jitter, w.plan.wan = rates{}, 0, false
	for _, h := range w.hosts {
		h.process = new(process)
		h.touched = true // so that nobody takes a turn
		h.end.peers = map[protocol.NodeID]bool{}
		for _, x := range w.hosts {
			h.end.peers[x.peer.ID] = true
		}
	}
	return w
}

// pass lets time go by: what is under way arrives.
func pass(w *world, d time.Duration) {
	for until := w.now + d; w.queue.len() > 0 && w.queue.heap[0].at <= until; {
		w.step()
	}
	w.now += d
}

func heard(e *endpoint) (all []string) {
	for _, d := range e.take([]transport.Datagram(nil)) {
		all = append(all, string(d.Data))
	}
	return all
}

func tell(from *endpoint, g protocol.Group, only protocol.Peer, all ...string) {
	for _, s := range all {
		from.network.carry(from, g, only, []byte(s))
	}
}

func TestAMulticastReachesEachMemberOfTheGroup(t *testing.T) {
	w := quiet(t, ShapeRoles)
	from := w.roles(protocol.RoleProposer)[0]
	tell(from.end, protocol.GroupAcceptors, protocol.Peer{Role: protocol.RoleAcceptor, ID: 1}, "a", "b")
	pass(w, time.Second)
	for _, h := range w.hosts {
		want := []string{"a", "b"} // Only is no more than a hint there
		if h == from {
			want = nil
		}
		if got := heard(h.end); !slices.Equal(got, want) {
			t.Errorf("%v heard %q", h, got)
		}
	}
}

func TestAReceiveBufferOverflows(t *testing.T) {
	w := quiet(t, ShapeRoles)
	w.plan.buffer = 3 * charge(1)
	a := w.roles(protocol.RoleAcceptor)[0]
	from := w.roles(protocol.RoleProposer)[0]
	tell(from.end, protocol.GroupAcceptors, protocol.Peer{}, "1", "2", "3", "4")
	pass(w, time.Second)
	if got := heard(a.end); !slices.Equal(got, []string{"1", "2", "3"}) || w.tally.overflowed == 0 {
		t.Errorf("heard %q, %d overflowed", got, w.tally.overflowed)
	}
	tell(from.end, protocol.GroupAcceptors, protocol.Peer{}, "5")
	pass(w, time.Second)
	if got := heard(a.end); !slices.Equal(got, []string{"5"}) {
		t.Errorf("with room again it heard %q", got)
	}
}

// pair are two list servers that are connected.
func pair(t *testing.T) (w *world, a, b *host) {
	t.Helper()
	if w = quiet(t, ShapeServers); len(w.hosts) < 2 {
		t.Fatal("the seed has one server only")
	}
	return w, w.hosts[0], w.hosts[1]
}

func TestAConnectionKeepsTheOrderWhateverHoldsItUp(t *testing.T) {
	w, a, b := pair(t)
	w.plan.rates = rates{delay: 0.3, loss: 0.3}
	w.plan.queue = 1 << 20
	l := w.network.link(a.end, b.end)
	sent := 0
	for range 200 {
		tell(a.end, protocol.GroupLearners, b.peer, string(rune('a'+sent)))
		sent++
		if l.epoch > 0 {
			break // it was reset: what follows is another connection
		}
		pass(w, time.Millisecond)
	}
	pass(w, time.Minute)
	if got := heard(b.end); !slices.IsSorted(got) {
		t.Errorf("heard %q", got)
	}
}

func TestOnlyIsRespectedOnConnections(t *testing.T) {
	w, a, b := pair(t)
	tell(a.end, protocol.GroupAcceptors, b.peer, "you")
	tell(a.end, protocol.GroupAcceptors, protocol.Peer{}, "all")
	pass(w, time.Second)
	for _, h := range w.hosts[1:] {
		want := []string{"all"}
		if h == b {
			want = []string{"you", "all"}
		}
		if got := heard(h.end); !slices.Equal(got, want) {
			t.Errorf("%v heard %q", h, got)
		}
	}
}

func TestAQueueOfAConnectionSheds(t *testing.T) {
	w, a, b := pair(t)
	w.plan.queue = 2 * (1 + frameCost)
	tell(a.end, protocol.GroupLearners, b.peer, "1", "2", "3")
	pass(w, time.Second)
	if got := heard(b.end); !slices.Equal(got, []string{"1", "2"}) || w.tally.shed != 1 {
		t.Errorf("heard %q, %d shed", got, w.tally.shed)
	}
	tell(a.end, protocol.GroupLearners, b.peer, "4")
	pass(w, time.Second)
	if got := heard(b.end); !slices.Equal(got, []string{"4"}) {
		t.Errorf("with room again it heard %q", got)
	}
}

func TestAShortPartitionHoldsUpAndALongOneBreaks(t *testing.T) {
	for _, c := range []struct {
		lasts time.Duration
		want  []string
	}{{patience / 2, []string{"held", "later"}}, {2 * patience, []string{"later"}}} {
		w, a, b := pair(t)
		pass(w, time.Second)
		heal := w.network.cutOff(&cut{side: func(e *endpoint) int {
			if e == a.end {
				return 1
			}
			return 0
		}})
		tell(a.end, protocol.GroupLearners, b.peer, "held")
		pass(w, c.lasts)
		if got := heard(b.end); got != nil {
			t.Errorf("through a partition came %q", got)
		}
		heal()
		pass(w, time.Second)
		tell(a.end, protocol.GroupLearners, b.peer, "later")
		pass(w, time.Second)
		if got := heard(b.end); !slices.Equal(got, c.want) {
			t.Errorf("after %v: heard %q, want %q", c.lasts, got, c.want)
		}
	}
}

func TestAOneWayCutLetsTheOtherWayThrough(t *testing.T) {
	w := quiet(t, ShapeRoles)
	p, a := w.roles(protocol.RoleProposer)[0], w.roles(protocol.RoleAcceptor)[0]
	heal := w.network.cutOff(&cut{oneWay: true, side: func(e *endpoint) int {
		if e == a.end {
			return 1
		}
		return 0
	}})
	tell(p.end, protocol.GroupAcceptors, protocol.Peer{}, "there")
	tell(a.end, protocol.GroupProposers, protocol.Peer{}, "back")
	pass(w, time.Second)
	if there, back := heard(a.end), heard(p.end); there != nil || !slices.Equal(back, []string{"back"}) {
		t.Errorf("there %q, back %q", there, back)
	}
	heal()
	tell(p.end, protocol.GroupAcceptors, protocol.Peer{}, "there")
	pass(w, time.Second)
	if there := heard(a.end); !slices.Equal(there, []string{"there"}) {
		t.Errorf("after it was healed: %q", there)
	}
}

func TestWhatWasSentToADeadServerIsLost(t *testing.T) {
	w, a, b := pair(t)
	tell(a.end, protocol.GroupLearners, b.peer, "on its way")
	b.down()
	pass(w, time.Second)
	tell(a.end, protocol.GroupLearners, b.peer, "to nobody")
	b.process = new(process)
	w.network.hostUp(b.end)
	pass(w, time.Second)
	tell(a.end, protocol.GroupLearners, b.peer, "again")
	pass(w, time.Second)
	if got := heard(b.end); !slices.Equal(got, []string{"again"}) || w.tally.unconnected == 0 {
		t.Errorf("heard %q, %d not connected", got, w.tally.unconnected)
	}
}
