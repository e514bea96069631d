package acceptor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
)

// life is an acceptor beside its twin, and what stands in its store.
type life struct {
	a    *Acceptor
	w    *twin
	log  []protocol.Record
	last int // so many of them came with the last message: a crash may lose them
	trim protocol.Instance
}

func newLife(t *testing.T) *life {
	return &life{a: start(t, Restored{}), w: newTwin(Restored{})}
}

// event is something that can happen in a life.
type event struct {
	name   string
	happen func(t *testing.T, l *life)
}

// says is a message that comes.
func says(m protocol.Message, name string) event {
	return event{name, func(t *testing.T, l *life) {
		records := same(t, l.a, l.w, m)
		l.log = append(l.log, records...)
		l.last = len(records)
	}}
}

// events are two ballots, two instances, two values, a checkpoint, a restart, and a power failure that comes before
// the last records are durable: what was to be said about them has not been said.
func events() []event {
	all := []event{
		{"trim 1", func(t *testing.T, l *life) { l.checkpoint(t, 1) }},
		{"restart", func(t *testing.T, l *life) { l.restart(t, 0) }},
		{"power failure", func(t *testing.T, l *life) { l.restart(t, l.last) }},
	}
	for _, b := range []string{"1.1", "2.2"} {
		for _, i := range []protocol.Instance{1, 2} {
			for _, v := range []string{"v", "w"} {
				all = append(all, says(&protocol.Accept{Ballot: ballot(b), Instance: i, Value: protocol.Value(v)}, fmt.Sprintf("accept %s %d %s", b, i, v)))
			}
			all = append(all, says(&protocol.Prepare{Ballot: ballot(b), From: i}, fmt.Sprintf("prepare %s from %d", b, i)))
		}
		all = append(all, says(&protocol.Heartbeat{Ballot: ballot(b)}, "heartbeat "+b),
			says(&protocol.Heartbeat{Ballot: ballot(b), Pins: ownPins}, "heartbeat that knows the store "+b))
	}
	return all
}

func (l *life) checkpoint(t *testing.T, upTo protocol.Instance) {
	l.a.Trim(upTo)
	l.w.forget(upTo)
	l.trim, l.last = max(l.trim, upTo), 0
	sameState(t, l.a, l.w)
}

// restart begins anew with what the store holds, the last records perhaps not among it.
func (l *life) restart(t *testing.T, lost int) {
	l.w, l.log, l.last = l.stored(lost), l.log[:len(l.log)-lost], 0
	r := Restored{Trim: l.trim}
	for _, rec := range l.log {
		switch rec := rec.(type) {
		case *protocol.Promised:
			r.Promised = rec.Ballot
		case *protocol.Voted:
			r.Votes = append(r.Votes, rec.Vote)
		}
	}
	l.a = start(t, r)
	sameState(t, l.a, l.w)
}

// stored is the twin that the store would make, without the last so many records.
func (l *life) stored(lost int) *twin {
	w := newTwin(Restored{})
	for _, rec := range l.log[:len(l.log)-lost] { // in their order: a later one replaces
		switch rec := rec.(type) {
		case *protocol.Promised:
			w.promised = rec.Ballot
		case *protocol.Voted:
			w.promised, w.votes[rec.Vote.Instance] = rec.Vote.Ballot, rec.Vote
		}
	}
	return w.forget(l.trim)
}

// key tells lives apart that may go on in different ways.
func (l *life) key() string { return fmt.Sprint(*l.w, *l.stored(0), *l.stored(l.last)) }

// Every life of any length: from each state that can be reached, everything that can happen is tried. The acceptor says,
// logs and remembers what a dumb one does, and no promise goes down, restarts and power failures included.
func TestEveryLifeAgreesWithTheTwin(t *testing.T) {
	all := events()
	seen := map[string]bool{newLife(t).key(): true}
	lives := [][]event{nil}
	steps := 0
	for n := 0; n < len(lives); n++ {
		for _, e := range all {
			l := newLife(t)
			for _, before := range lives[n] {
				before.happen(t, l)
			}
			e.happen(t, l)
			steps++
			if key := l.key(); !seen[key] {
				seen[key] = true
				lives = append(lives, append(slices.Clone(lives[n]), e))
			}
		}
	}
	longest := lives[len(lives)-1]
	t.Logf("%d states, %d steps, the furthest takes %d events", len(lives), steps, len(longest))
	if len(lives) < 250 {
		t.Errorf("only %d states", len(lives))
	}
}

// Who was removed is not listened to where it could disturb; whoever else it is, whoever the members are.
func TestEveryRelationOfSenderAndMembers(t *testing.T) {
	roles := []protocol.Role{protocol.RoleProposer, protocol.RoleAcceptor, protocol.RoleLearner, protocol.RoleServer}
	messages := []protocol.Message{
		&protocol.Prepare{Ballot: ballot("2.4"), From: 1}, &protocol.Canvass{Round: 3},
		&protocol.Heartbeat{Ballot: ballot("2.4")}, &protocol.Accept{Ballot: ballot("1.1"), Instance: 2, Value: protocol.Value("v")},
	}
	ignored := 0
	for set := range 1 << 4 {
		for next := protocol.NodeID(1); next <= 6; next++ {
			for id := protocol.NodeID(1); id <= 5; id++ {
				for _, role := range roles {
					for n, m := range messages {
						member := id <= 4 && set>>(id-1)&1 == 1
						removed := role == protocol.RoleServer && id < next && !member && n < 2
						if removed {
							ignored++
						}
						askBoth(t, set, next, protocol.Sender{Peer: protocol.Peer{Role: role, ID: id}, Store: 9}, m, removed)
					}
				}
			}
		}
	}
	t.Logf("%d of them ignored", ignored)
}

// askBoth gives a message to an acceptor that was told the members, and to one that was not.
func askBoth(t *testing.T, set int, next protocol.NodeID, from protocol.Sender, m protocol.Message, removed bool) {
	t.Helper()
	r := Restored{Promised: ballot("1.1"), Votes: []protocol.Vote{{Ballot: ballot("1.1"), Instance: 1, Value: protocol.Value("v")}}}
	told, untold := start(t, r), start(t, r)
	var members []protocol.Member
	for id := range protocol.NodeID(4) {
		if set>>id&1 == 1 {
			members = append(members, protocol.Member{ID: id + 1})
		}
	}
	told.Configure(members, next)
	var got, want protocol.Output
	told.Step(0, from, m, &got)
	untold.Step(0, from, m, &want)
	expect, promised := render(&want), untold.Promised()
	if removed {
		expect, promised = "nothing", ballot("1.1")
	}
	if g := render(&got); g != expect || told.Promised() != promised {
		t.Fatalf("members %04b, next %d, %+v says %s: got %s, promised %s, want %s, %s", set, next, from, m.Type(), g, told.Promised(), expect, promised)
	}
}

// hearing is what an acceptor heard of leaders, told as a list.
type hearing struct {
	promised, vouched, yielded protocol.Ballot
	heard                      bool
	ago                        time.Duration
}

// Whether a canvass is granted, after every sequence of four events: leaders heard and not, promises, words of
// yielding, in time and late, from the owner of the ballot and from others, pauses.
func TestEveryWayOfHearingALeader(t *testing.T) {
	ballots := []protocol.Ballot{ballot("1.7"), ballot("2.7")}
	type sound struct {
		m    protocol.Message
		from protocol.NodeID
		wait time.Duration
	}
	sounds := []sound{{wait: 499 * time.Millisecond}, {wait: time.Millisecond}}
	for _, b := range ballots {
		sounds = append(sounds, sound{m: &protocol.Heartbeat{Ballot: b}, from: 7}, sound{m: &protocol.Prepare{Ballot: b, From: 1}, from: 7},
			sound{m: &protocol.Yield{Ballot: b}, from: 7}, sound{m: &protocol.Yield{Ballot: b}, from: 8})
	}
	granted := 0
	for x := range len(sounds) * len(sounds) * len(sounds) * len(sounds) {
		a, now, h := start(t, Restored{}), protocol.Time(0), hearing{}
		for code := range 4 {
			s := sounds[x/pow(len(sounds), code)%len(sounds)]
			now = now.Add(s.wait)
			h.ago += s.wait
			if s.m != nil {
				from := leader
				from.ID = s.from
				a.Step(now, from, s.m, new(protocol.Output))
				h.hear(s.m, s.from)
			}
		}
		var out protocol.Output
		a.Step(now, leader, &protocol.Canvass{Round: 9}, &out)
		want := !h.heard || h.ago >= 500*time.Millisecond
		if got := out.Now[0].Msg.(*protocol.Support).Granted; got != want {
			t.Fatalf("sequence %d: granted %t, want %t: %+v", x, got, want, h)
		}
		if want {
			granted++
		}
	}
	t.Logf("%d of %d granted", granted, pow(len(sounds), 4))
}

func (h *hearing) hear(m protocol.Message, from protocol.NodeID) {
	var b protocol.Ballot
	switch m := m.(type) {
	case *protocol.Yield:
		if from == m.Ballot.Proposer && !m.Ballot.Less(h.promised) && !m.Ballot.Less(h.vouched) {
			h.heard, h.yielded = false, m.Ballot
		}
		return
	case *protocol.Heartbeat:
		b = m.Ballot
	case *protocol.Prepare:
		b = m.Ballot
	}
	if b.Less(h.promised) {
		return
	}
	if _, beats := m.(*protocol.Heartbeat); beats {
		h.vouched = b
	} else {
		h.promised = b
	}
	if h.yielded.Less(b) {
		h.heard, h.ago = true, 0
	}
}

func pow(n, k int) int {
	p := 1
	for range k {
		p *= n
	}
	return p
}

// A proposer that is behind still knows the store of somebody who was removed.
func TestThePinOfSomebodyWhoWasRemovedDoesNotComeBack(t *testing.T) {
	a := start(t, Restored{})
	a.Configure([]protocol.Member{{ID: 1}, {ID: 2}}, 4) // 3 is gone; 4 may come
	pins := slices.Concat(ownPins, []protocol.Pin{{Acceptor: 2, Store: 22}, {Acceptor: 3, Store: 33}, {Acceptor: 4, Store: 44}})
	for _, m := range []protocol.Message{
		&protocol.Prepare{Ballot: ballot("1.7"), From: 1, Pins: pins}, &protocol.Heartbeat{Ballot: ballot("1.7"), Pins: pins},
	} {
		a.Step(0, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 7}, Store: 7}, m, new(protocol.Output))
		if got := fmt.Sprint(a.Pins()); strings.Contains(got, fmt.Sprint(pins[len(pins)-2])) || !strings.Contains(got, fmt.Sprint(pins[len(pins)-1])) {
			t.Errorf("after %s the pins are %s", m.Type(), got)
		}
	}
}
