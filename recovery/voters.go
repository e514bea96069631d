package recovery

import (
	"fmt"
	"strings"

	"paxos/list"
	"paxos/protocol"
)

// electorate is who votes above a list.
type electorate struct {
	members list.Members
	applied protocol.Instance
}

// electorates are who votes by the list that has applied most, and by the votes above
// it: if those were decided, the members may be others since. The store that is taken
// for its image may have an older list, with members that are no more.
func (s *Survivors) electorates() (all [2]electorate, err error) {
	for i := range all {
		state, err := list.RestoreState(s.stores[s.latest].Head(), list.Options{})
		if err != nil {
			return all, err
		}
		s.votes.adopt(state, i == 1)
		all[i] = electorate{state.Members(), state.Applied()}
	}
	return all, nil
}

// unsettled reports whether the old configuration governs an instance above the list
// still (rule 13).
func (e electorate) unsettled() bool { return e.members.Changing() && e.applied+1 < e.members.From }

// lives reports whether a majority of the voters is alive; of both configurations,
// while both govern.
func (e electorate) lives(alive map[protocol.NodeID]bool) bool {
	return most(e.members.Voters, alive) && (!e.unsettled() || most(e.members.Old, alive))
}

// String says it for people.
func (e electorate) String() string {
	text := listed(e.members.Voters)
	if e.unsettled() {
		text += fmt.Sprintf("; below instance %s also %s", e.members.From, listed(e.members.Old))
	}
	return text
}

func listed(members []protocol.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, fmt.Sprintf("%s at %s", m.ID, m.Address))
	}
	return strings.Join(all, ", ")
}

// most reports whether a majority of voters is alive.
func most(voters []protocol.Member, alive map[protocol.NodeID]bool) bool {
	n := 0
	for _, v := range voters {
		if alive[v.ID] {
			n++
		}
	}
	return n > len(voters)/2
}

// StillThere tells which members of the old cluster are there: the survivors
// that can be started as they are, and those at whose address somebody listens.
// If they are a majority of its voters, by the list or by the votes above it, the
// cluster is not lost: it can go on, or does.
func (s *Survivors) StillThere(listens func(address string) bool) (there []string, majority bool, err error) {
	all, err := s.electorates()
	if err != nil {
		return nil, false, err
	}
	alive := map[protocol.NodeID]bool{}
	for _, e := range all {
		for _, m := range e.members.All() {
			if what := s.sign(m, listens); what != "" && !alive[m.ID] {
				there, alive[m.ID] = append(there, what), true
			}
		}
	}
	for _, e := range all {
		majority = majority || e.lives(alive)
	}
	return there, majority, nil
}

// sign is by what a member shows that it is there; "" if by nothing.
func (s *Survivors) sign(m protocol.Member, listens func(address string) bool) string {
	whole, here := s.whole[m.ID]
	switch {
	case here && whole:
		return fmt.Sprintf("server %s, whose store can be started", m.ID)
	case !here && listens(m.Address):
		return fmt.Sprintf("server %s, at %s", m.ID, m.Address)
	}
	return ""
}
