package protocol

import "fmt"

// Alpha is how many instances after its decision a membership change takes
// effect: decided at instance i, it governs from i+Alpha on (rule 13). So who has
// applied everything up to i knows who votes up to instance i+Alpha, and nobody
// may propose, or count votes, beyond that. It is twice the longest pipeline, so
// that a learner that is a whole pipeline late still counts.
const Alpha = 256

// Configuration is a set of voters and the first instance that it governs.
type Configuration struct {
	From   Instance
	Quorum Quorum
}

// Membership says who votes on which instance: one configuration, or two while
// a change is under way. It is also the only way to count votes where the voters
// change: its tallies are sets of all members of both configurations.
type Membership struct {
	epoch  uint64
	all    Quorum // the members of both; a Tally has their places
	latest ruling // governs from latest.From on
	old    ruling // governs the instances before; nobody if no change is under way
}

// ruling is a configuration with what is needed to count.
type ruling struct {
	Configuration
	mask     Tally // its members' places among all
	majority int
}

// Unchanging is a membership that governs all instances.
func Unchanging(q Quorum) Membership {
	m, err := NewMembership(0, Configuration{From: 1, Quorum: q})
	if err != nil {
		panic(fmt.Sprintf("protocol: %v", err))
	}
	return m
}

// NewMembership makes a membership of one configuration, or of two in ascending
// order. The epoch counts the changes so far.
func NewMembership(epoch uint64, configs ...Configuration) (Membership, error) {
	m := Membership{epoch: epoch, old: ruling{majority: MaxAcceptors + 1}} // nobody: no majority, ever
	if len(configs) < 1 || len(configs) > 2 {
		return m, fmt.Errorf("membership of %d configurations: want 1 or 2", len(configs))
	}
	var ids []NodeID
	for i, c := range configs {
		if c.From == 0 || c.Quorum.Size() == 0 || i > 0 && c.From <= configs[i-1].From {
			return m, fmt.Errorf("membership with %d voters from instance %d on", c.Quorum.Size(), c.From)
		}
		for _, id := range c.Quorum.Members() {
			if i == 0 || !configs[0].Quorum.Contains(id) {
				ids = append(ids, id)
			}
		}
	}
	var err error
	if m.all, err = NewQuorum(ids...); err != nil {
		return m, err
	}
	m.latest = m.rule(configs[len(configs)-1])
	if len(configs) == 2 {
		m.old = m.rule(configs[0])
	}
	return m, nil
}

func (m *Membership) rule(c Configuration) ruling {
	r := ruling{Configuration: c, majority: c.Quorum.Majority()}
	for _, id := range c.Quorum.Members() {
		r.mask = m.all.Add(r.mask, id)
	}
	return r
}

func (r *ruling) reached(t Tally) bool { return (t & r.mask).Count() >= r.majority }

// Epoch counts the changes.
func (m *Membership) Epoch() uint64 { return m.epoch }

// All is the members of both configurations. It gives tallies their places, and
// has no majority that means anything.
func (m *Membership) All() Quorum { return m.all }

// Changing reports whether a change is under way: two configurations govern.
func (m *Membership) Changing() bool { return m.old.mask != 0 }

// Latest is the configuration that governs in the end.
func (m *Membership) Latest() Configuration { return m.latest.Configuration }

// At is the voters of instance i; ok is false if they are forgotten: decided
// long ago, they need not be counted any more.
func (m *Membership) At(i Instance) (q Quorum, ok bool) {
	r := m.at(i)
	return r.Quorum, r.mask != 0 && i >= r.From
}

func (m *Membership) at(i Instance) *ruling {
	if i >= m.latest.From {
		return &m.latest
	}
	return &m.old
}

// Add returns t with id in it; strangers to the membership change nothing.
func (m *Membership) Add(t Tally, id NodeID) Tally { return m.all.Add(t, id) }

// Decides reports whether t is a majority of those who vote on instance i
// (rules 4 and 13). It is false if they are forgotten.
func (m *Membership) Decides(t Tally, i Instance) bool {
	r := m.at(i)
	return i >= r.From && r.reached(t)
}

// Covers reports whether t is a majority of every configuration that governs an
// instance above i. That is what phase 1 needs that starts there (rule 13). It is
// false if one of those is forgotten.
func (m *Membership) Covers(t Tally, i Instance) bool {
	if !m.latest.reached(t) {
		return false
	}
	if i+1 >= m.latest.From {
		return true
	}
	return m.old.reached(t) && i+1 >= m.old.From
}

// Settles reports whether t is a majority of the latest configuration.
func (m *Membership) Settles(t Tally) bool { return m.latest.reached(t) }

// Carry translates a tally of the membership from; who is no member any more is
// left out.
func (m *Membership) Carry(t Tally, from *Membership) (carried Tally) {
	for _, id := range from.all.Members() {
		if from.all.Has(t, id) {
			carried = m.all.Add(carried, id)
		}
	}
	return carried
}

func (m *Membership) String() string {
	if !m.Changing() {
		return fmt.Sprintf("epoch %d: %v", m.epoch, m.latest.Quorum.Members())
	}
	return fmt.Sprintf("epoch %d: %v, from %d on %v", m.epoch, m.old.Quorum.Members(), m.latest.From, m.latest.Quorum.Members())
}
