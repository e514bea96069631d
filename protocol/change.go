package protocol

import "fmt"

// Member is a process of a membership and how it can be reached.
type Member struct {
	ID      NodeID
	Address string // at most MaxAddress bytes; what it means is the transport's business
}

// MaxAddress is the longest address of a Member, in bytes.
const MaxAddress = 255

// Change is a command that replaces the membership (rule 13). It applies only if
// its Epoch is the current one and no other change is under way, so that a
// repeated one is skipped. Voters and Learners are in ascending order, no id is
// twice in them, and all are below Next.
//
// A Change that Settles has no members: it ends the change under way, and the
// old configuration is forgotten. Only a leader proposes it.
type Change struct {
	Epoch    uint64
	Settle   bool
	Voters   []Member // 1 to MaxAcceptors
	Learners []Member // hear what is decided, and do not vote; up to MaxAcceptors
	Next     NodeID   // ids from here on were never used
}

// Check reports the first thing wrong with c in itself.
func (c *Change) Check() error {
	if c.Settle {
		if len(c.Voters)+len(c.Learners) > 0 || c.Next != 0 {
			return fmt.Errorf("settling change of epoch %d with members", c.Epoch)
		}
		return nil
	}
	if len(c.Voters) < 1 || len(c.Voters) > MaxAcceptors || len(c.Learners) > MaxAcceptors {
		return fmt.Errorf("change of epoch %d to %d voters and %d learners", c.Epoch, len(c.Voters), len(c.Learners))
	}
	for _, list := range [][]Member{c.Voters, c.Learners} {
		if err := CheckMembers(list, c.Next); err != nil {
			return fmt.Errorf("change of epoch %d: %w", c.Epoch, err)
		}
	}
	for _, m := range c.Learners {
		if HasMember(c.Voters, m.ID) {
			return fmt.Errorf("change of epoch %d: member %d is voter and learner", c.Epoch, m.ID)
		}
	}
	return nil
}

// CheckMembers reports the first thing wrong with a list of members: valid ids
// below next in ascending order, addresses within their limit.
func CheckMembers(list []Member, next NodeID) error {
	for i, m := range list {
		switch {
		case !m.ID.Valid() || m.ID >= next || i > 0 && m.ID <= list[i-1].ID:
			return fmt.Errorf("member %d is out of order, or not below %d", m.ID, next)
		case len(m.Address) > MaxAddress:
			return fmt.Errorf("member %d has an address of %d bytes", m.ID, len(m.Address))
		}
	}
	return nil
}

// HasMember reports whether id is in list.
func HasMember(list []Member, id NodeID) bool {
	for _, m := range list {
		if m.ID == id {
			return true
		}
	}
	return false
}

// IDs are the ids of a list of members.
func IDs(list []Member) []NodeID {
	ids := make([]NodeID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

// AppendChange adds a change of the membership to v.
func (v Value) AppendChange(c *Change) Value {
	if c.Settle {
		return appendU64(append(v, kindSettle), c.Epoch)
	}
	return appendChange(append(v, kindChange), c)
}

func appendChange(b []byte, c *Change) []byte {
	b = appendU64(b, c.Epoch)
	b = appendU32(b, uint32(c.Next))
	return AppendMembers(AppendMembers(b, c.Voters), c.Learners)
}

// AppendMembers appends a list of members: a count, and for each its id and its
// address.
func AppendMembers(b []byte, list []Member) []byte {
	b = appendUv(b, uint64(len(list)))
	for _, m := range list {
		b = appendBytes(appendU32(b, uint32(m.ID)), []byte(m.Address))
	}
	return b
}

// DecodeMembers takes a list of members off the front of b.
func DecodeMembers(b []byte) (list []Member, rest []byte, err error) {
	r := reader{rest: b}
	list = r.members()
	if r.failed {
		return nil, nil, fmt.Errorf("list of members is malformed or cut short")
	}
	return list, r.rest, nil
}

func (r *reader) members() []Member {
	n := r.count(4 + 1)
	if n > MaxAcceptors {
		r.failed = true
		return nil
	}
	return readN(r, n, func() Member { return Member{NodeID(r.u32()), string(r.bytes())} })
}

func (r *reader) change() *Change {
	c := &Change{Epoch: r.u64(), Next: NodeID(r.u32())}
	c.Voters, c.Learners = r.members(), r.members()
	return c
}
