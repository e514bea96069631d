package sim

import (
	"fmt"
	"slices"
	"strings"

	"paxos/protocol"
)

// electorate is who votes on which instance, as the judge finds it in the decided
// changes by itself (rule 13). It forgets no configuration.
type electorate struct {
	configs  []config // in ascending order
	epoch    uint64
	changing bool // the last configuration's change is not settled
	voters   []protocol.NodeID
	learners []protocol.NodeID
	next     protocol.NodeID // no member ever had an id from here on
}

// config is a set of voters, and the first instance that it governs.
type config struct {
	from   protocol.Instance
	voters voters
}

// begin sets the voters that the cluster begins with.
func (e *electorate) begin(ids []protocol.NodeID) {
	*e = electorate{configs: []config{{1, votersOf(ids)}}, voters: ids, next: ids[len(ids)-1] + 1}
}

// at is the configuration that governs an instance.
func (e *electorate) at(i protocol.Instance) config {
	for n := len(e.configs) - 1; n > 0; n-- {
		if i >= e.configs[n].from {
			return e.configs[n]
		}
	}
	return e.configs[0]
}

// majority reports whether those in v are one of c.
func (c config) majority(v voters) bool { return 2*(v&c.voters).count() > c.voters.count() }

// apply changes the members as decided at instance i: if the change is the next
// one, none is under way, and no id comes back. Other voters govern Alpha later.
func (e *electorate) apply(i protocol.Instance, c *protocol.Change) {
	latest := e.configs[len(e.configs)-1]
	switch {
	case c.Epoch != e.epoch:
		return
	case c.Settle:
		e.changing = e.changing && i < latest.from
		return
	case e.changing || c.Next < e.next || e.returns(c.Voters) || e.returns(c.Learners):
		return
	}
	voters := protocol.IDs(c.Voters)
	if !slices.Equal(voters, e.voters) {
		e.configs = append(e.configs, config{i + protocol.Alpha, votersOf(voters)})
		e.changing = true
	}
	e.epoch++
	e.voters, e.learners, e.next = voters, protocol.IDs(c.Learners), c.Next
}

// returns reports whether somebody in list was a member once and is none now.
func (e *electorate) returns(list []protocol.Member) bool {
	return slices.ContainsFunc(list, func(m protocol.Member) bool { return m.ID < e.next && !e.has(m.ID) })
}

// has reports whether id is a member, as far as the changes are settled.
func (e *electorate) has(id protocol.NodeID) bool {
	return slices.Contains(e.voters, id) || slices.Contains(e.learners, id)
}

func votersOf(ids []protocol.NodeID) (v voters) {
	for _, id := range ids {
		v |= voter(id)
	}
	return v
}

func (v voters) String() string {
	var ids []string
	for id := protocol.NodeID(1); id <= maxVoters; id++ {
		if v.has(id) {
			ids = append(ids, fmt.Sprint(uint32(id)))
		}
	}
	return "{" + strings.Join(ids, " ") + "}"
}
