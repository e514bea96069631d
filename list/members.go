package list

import (
	"encoding/binary"
	"slices"

	"paxos/protocol"
)

// Members is who takes part: a part of the list's state, since only what is
// decided may change it (rule 13). The slices are never changed, only replaced.
type Members struct {
	Epoch    uint64            // how many changes there were
	Voters   []protocol.Member // the latest configuration; empty: the members never change, and the list does not know them
	From     protocol.Instance // the first instance it governs
	Old      []protocol.Member // while a change is under way: who votes before From
	OldFrom  protocol.Instance // the first instance that those govern
	Learners []protocol.Member // who hears what is decided, and does not vote
	First    []protocol.Member // the voters that the cluster began with: who joins begins with them, too
	Next     protocol.NodeID   // no member ever had an id from here on
}

// FirstMembers are the voters of a new cluster. All its processes must begin
// with the same.
func FirstMembers(voters []protocol.Member) Members {
	m := Members{Voters: slices.Clone(voters), First: slices.Clone(voters), From: 1, Next: 1}
	for _, v := range voters {
		m.Next = max(m.Next, v.ID+1)
	}
	return m
}

// Changing reports whether a change is under way: decided, and not settled.
func (m *Members) Changing() bool { return len(m.Old) > 0 }

// All is everybody: voters of both configurations, and learners, each once.
func (m *Members) All() []protocol.Member {
	all := slices.Clone(m.Voters)
	for _, list := range [][]protocol.Member{m.Learners, m.Old} {
		for _, x := range list {
			if !protocol.HasMember(all, x.ID) {
				all = append(all, x)
			}
		}
	}
	return all
}

// Membership is what the cores are told of it. It fails if the list does not
// know its members.
func (m *Members) Membership() (protocol.Membership, error) {
	var configs []protocol.Configuration
	for _, c := range []struct {
		from   protocol.Instance
		voters []protocol.Member
	}{{m.OldFrom, m.Old}, {m.From, m.Voters}} {
		if len(c.voters) == 0 {
			continue
		}
		q, err := protocol.NewQuorum(protocol.IDs(c.voters)...)
		if err != nil {
			return protocol.Membership{}, err
		}
		configs = append(configs, protocol.Configuration{From: c.from, Quorum: q})
	}
	return protocol.NewMembership(m.Epoch, configs...)
}

// apply changes the members as decided at instance i, and reports whether it
// did. A change that was repeated, or came while another one was under way, is
// skipped; so is one that gives an id a second time. Other voters govern from
// i+Alpha on; learners and addresses change at once.
func (m *Members) apply(i protocol.Instance, c *protocol.Change) bool {
	switch {
	case len(m.Voters) == 0 || c.Epoch != m.Epoch:
		return false
	case c.Settle:
		return m.settle(i)
	case m.Changing() || c.Next < m.Next || m.reuses(c.Voters) || m.reuses(c.Learners) || m.tooMany(c.Voters):
		return false
	}
	if !slices.Equal(protocol.IDs(m.Voters), protocol.IDs(c.Voters)) {
		m.Old, m.OldFrom, m.From = m.Voters, m.From, i+protocol.Alpha
	}
	m.Epoch++
	m.Voters, m.Learners, m.Next = c.Voters, c.Learners, c.Next
	return true
}

// settle ends the change under way: the old configuration governs nothing any
// more that anybody could ask for.
func (m *Members) settle(i protocol.Instance) bool {
	if !m.Changing() || i < m.From {
		return false
	}
	m.Old, m.OldFrom = nil, 0
	return true
}

// reuses reports whether an id in list was somebody's before who is no member now.
func (m *Members) reuses(list []protocol.Member) bool {
	return slices.ContainsFunc(list, func(x protocol.Member) bool {
		return x.ID < m.Next && !protocol.HasMember(m.Voters, x.ID) && !protocol.HasMember(m.Learners, x.ID)
	})
}

// tooMany reports whether the voters and those before them are more than can be counted.
func (m *Members) tooMany(voters []protocol.Member) bool {
	n := len(voters)
	for _, x := range m.Voters {
		if !protocol.HasMember(voters, x.ID) {
			n++
		}
	}
	return n > protocol.MaxAcceptors
}

func (m *Members) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, m.Epoch)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.From))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.OldFrom))
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Next))
	for _, list := range [][]protocol.Member{m.Voters, m.Old, m.Learners, m.First} {
		b = protocol.AppendMembers(b, list)
	}
	return b
}

// members reads what appendTo wrote, and believes nothing.
func (d *decoder) members() (m Members) {
	m.Epoch, m.From, m.OldFrom, m.Next = d.u64(), protocol.Instance(d.u64()), protocol.Instance(d.u64()), protocol.NodeID(d.u32())
	for _, list := range []*[]protocol.Member{&m.Voters, &m.Old, &m.Learners, &m.First} {
		*list = d.memberList(m.Next)
	}
	unknown := len(m.Voters) == 0
	switch {
	case d.err != nil:
	case unknown && (m.Epoch != 0 || m.From != 0 || m.Next != 0 || m.Changing() || len(m.Learners)+len(m.First) > 0):
		d.fail("members without voters")
	case !unknown && len(m.First) == 0:
		d.fail("members without those that the cluster began with")
	case !unknown && m.From == 0 || m.Changing() != (m.OldFrom != 0) || m.OldFrom > m.From:
		d.fail("members with configurations from %d and %d on", m.OldFrom, m.From)
	case !unknown:
		if _, err := m.Membership(); err != nil {
			d.fail("%v", err)
		}
	}
	return m
}

func (d *decoder) memberList(next protocol.NodeID) []protocol.Member {
	if d.err != nil {
		return nil
	}
	list, rest, err := protocol.DecodeMembers(d.rest)
	if err == nil {
		err = protocol.CheckMembers(list, next)
	}
	if err != nil {
		d.fail("%v", err)
		return nil
	}
	d.rest = rest
	return list
}
