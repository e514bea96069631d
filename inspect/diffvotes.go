package inspect

import (
	"bytes"
	"fmt"
	"math"

	"paxos/protocol"
)

// cast is a ballot in which somebody voted for an instance.
type cast struct {
	instance protocol.Instance
	ballot   protocol.Ballot
}

// ballots are the votes of several folders.
type ballots struct {
	first  map[cast]protocol.Value
	folder map[cast]*Folder // that the first value was found in
	count  map[cast]protocol.Tally
	change protocol.Instance // the first one for which a vote would change the members
}

// votes compares the votes that are there still, and counts those above everybody's
// checkpoint.
func (d *Difference) votes(folders []*Folder, furthest protocol.Instance) {
	members, known := d.membership(folders)
	voters := d.acceptors(folders)
	b := ballots{map[cast]protocol.Value{}, map[cast]*Folder{}, map[cast]protocol.Tally{}, math.MaxUint64 - protocol.Alpha}
	for _, f := range folders {
		for _, v := range f.State().Restored.Votes {
			c := cast{v.Instance, v.Ballot}
			if !b.add(f, v) {
				d.Votes = append(d.Votes, VoteDiff{v.Instance, Ballot{v.Ballot}, b.folder[c].dir, f.dir})
			}
			if voters[f] {
				b.count[c] = members.Add(b.count[c], f.identity.ID)
			}
		}
	}
	open, decided := map[protocol.Instance]bool{}, map[protocol.Instance]bool{}
	for c := range b.first {
		if c.instance <= furthest {
			continue
		}
		open[c.instance] = true
		// Who votes behind a change is known only when it is known what became of it (rule 13).
		if known && c.instance < b.change+protocol.Alpha && members.Decides(b.count[c], c.instance) {
			decided[c.instance] = true
		}
	}
	d.Open, d.Decided = len(open), len(decided)
}

// add reports whether a vote is for the value that others have of its ballot.
func (b *ballots) add(f *Folder, v protocol.Vote) bool {
	if DescribeValue(v.Value).Changes > 0 {
		b.change = min(b.change, v.Instance)
	}
	c := cast{v.Instance, v.Ballot}
	if _, found := b.first[c]; !found {
		b.first[c], b.folder[c] = v.Value, f
	}
	return bytes.Equal(b.first[c], v.Value)
}

// membership is who votes, as the furthest list that names somebody has it; known is
// false if none does.
func (d *Difference) membership(folders []*Folder) (m protocol.Membership, known bool) {
	var furthest protocol.Instance
	for _, f := range folders {
		s := f.State()
		if s.List == nil || known && s.Saved.Applied <= furthest {
			continue
		}
		members := s.List.Members()
		if said, err := members.Membership(); err == nil {
			m, known, furthest = said, true, s.Saved.Applied
			d.Voters = protocol.IDs(members.Voters)
		}
	}
	return m, known
}

// acceptors are the folders whose votes count: those of distinct acceptors (rule 4). Where
// two hold different stores of one acceptor, nobody knows which of them voted under its name.
func (d *Difference) acceptors(folders []*Folder) map[*Folder]bool {
	first := map[protocol.NodeID]*Folder{}
	unclear := map[protocol.NodeID]bool{} // two stores have that number
	for _, f := range folders {
		id := f.identity
		if !votes(id.Role) {
			continue
		}
		other, found := first[id.ID]
		switch {
		case !found:
			first[id.ID] = f
		case other.identity == id:
			d.Copies = append(d.Copies, fmt.Sprintf("%s and %s hold the same store, that of %s %s: its votes count once at most", other.dir, f.dir, id.Role, id.ID))
		default:
			unclear[id.ID] = true
			d.Copies = append(d.Copies, fmt.Sprintf("%s and %s hold two different stores of %s %s: its votes do not count", other.dir, f.dir, id.Role, id.ID))
		}
	}
	counted := map[*Folder]bool{}
	for _, f := range folders {
		counted[f] = votes(f.identity.Role) && !unclear[f.identity.ID]
	}
	return counted
}

func votes(r protocol.Role) bool { return r == protocol.RoleAcceptor || r == protocol.RoleServer }
