package proposer

import (
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
)

// members makes some without addresses.
func membersOf(ids ...protocol.NodeID) (all []protocol.Member) {
	for _, id := range ids {
		all = append(all, protocol.Member{ID: id})
	}
	return all
}

// firstRoll says who takes part in a new world.
func (w *world) firstRoll() *list.State {
	return list.New(list.Options{SessionsOnly: true, Members: list.FirstMembers(membersOf(w.quorum.Members()...))})
}

func restoreRoll(t testing.TB, head []byte) *list.State {
	roll, err := list.RestoreState(head, list.Options{SessionsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	return roll
}

// follow applies what is decided, in order, as far as it concerns who votes, and
// then counts the votes that came too early.
func (w *world) follow() {
	for value, ok := w.chosen[w.through+1]; ok; value, ok = w.chosen[w.through+1] {
		w.through++
		w.roll.Apply(w.through, value, new(protocol.Effects))
		if m := w.roll.Members(); m.From != w.configs[len(w.configs)-1].From {
			q, err := protocol.NewQuorum(protocol.IDs(m.Voters)...)
			if err != nil {
				w.t.Fatal(err)
			}
			w.configs = append(w.configs, protocol.Configuration{From: m.From, Quorum: q})
		}
		known := w.through + protocol.Alpha
		for _, key := range w.early[known] {
			w.count(key)
		}
		delete(w.early, known)
	}
}

// governs says who votes on an instance.
func (w *world) governs(i protocol.Instance) protocol.Quorum {
	at := len(w.configs) - 1
	for w.configs[at].From > i {
		at--
	}
	return w.configs[at].Quorum
}

// reconfigure asks for other voters, from any server, again and again, until a
// change is decided.
func (w *world) reconfigure(voters []protocol.Member, next protocol.NodeID) {
	change := protocol.Change{Epoch: w.roll.Members().Epoch, Voters: voters, Next: next}
	var ask func()
	ask = func() {
		if w.roll.Members().Epoch != change.Epoch {
			return
		}
		if s := w.servers[w.rng.IntN(len(w.servers))]; s.up() {
			s.awake(func() {
				if s.up() {
					s.turn(func(out *protocol.Output) { out.Send(protocol.GroupProposers, &protocol.Reconfigure{Change: change}) })
				}
			})
		}
		w.after(20*time.Millisecond, ask)
	}
	ask()
}

// changeMembers draws other voters, new servers among them, and asks for them,
// if no change is under way. At most most vote.
func (w *world) changeMembers(most int) {
	m := w.roll.Members()
	if m.Changing() || w.asks() {
		return
	}
	w.asked = append(w.asked, m.Epoch)
	var voters []protocol.Member
	for _, v := range m.Voters {
		if w.rng.IntN(3) > 0 && !w.gone[v.ID] {
			voters = append(voters, v)
		}
	}
	next := m.Next
	for len(voters) < most && (len(voters) == 0 || w.rng.IntN(2) == 0) {
		voters = append(voters, protocol.Member{ID: next})
		w.addServer(next)
		next++
	}
	w.reconfigure(voters, next)
}

// asks reports whether somebody asks for a change that is not decided yet.
func (w *world) asks() bool {
	return len(w.asked) > 0 && w.asked[len(w.asked)-1] == w.roll.Members().Epoch
}

// members are all that take part, as decided.
func (w *world) members() []protocol.Member {
	m := w.roll.Members()
	return m.All()
}

// voters are the servers that vote in the end.
func (w *world) voters() (voters []*serverNode) {
	if len(w.servers) == 0 {
		return nil
	}
	for _, v := range w.roll.Members().Voters {
		if !w.gone[v.ID] {
			voters = append(voters, w.server(v.ID))
		}
	}
	return voters
}

// startAgain starts a server that crashed, unless it is lost.
func (n *serverNode) startAgain() {
	if !n.up() && !n.w.gone[n.id] {
		n.start()
	}
}

// lose ends one server for ever: one that votes no more, or else one voter, if
// the others are a majority of every configuration.
func (w *world) lose() {
	m := w.roll.Members()
	s := w.servers[w.rng.IntN(len(w.servers))]
	if w.gone[s.id] || m.Changing() || w.asks() {
		return
	}
	w.gone[s.id] = true
	left := 0
	for _, v := range m.Voters {
		if !w.gone[v.ID] {
			left++
		}
	}
	if 2*left <= len(m.Voters) {
		delete(w.gone, s.id)
		return
	}
	s.crash()
}
