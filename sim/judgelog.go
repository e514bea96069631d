package sim

import (
	"math/bits"

	"paxos/protocol"
)

// voters is a set of acceptors, by their ids.
type voters uint64

// maxVoters bounds the ids of acceptors in a run.
const maxVoters = 64

func voter(id protocol.NodeID) voters { return 1 << (id - 1) }

func (v voters) has(id protocol.NodeID) bool { return v&voter(id) != 0 }
func (v voters) count() int                  { return bits.OnesCount64(uint64(v)) }

// decisions is what the judge knows of each instance.
type decisions struct {
	instances []instance        // that of instance i at i-1
	prefix    protocol.Instance // all up to here are chosen
	top       protocol.Instance // the highest one that is chosen
}

// instance is one instance with all that was proposed for it.
type instance struct {
	first  proposal // in the order in which they were met
	more   []proposal
	chosen *ballotUse // the ballot in which the value was chosen first, nil if it was not
	hash   uint64     // of the chosen value
	length uint64     // of the list when it was applied, as the judge's book has it
}

// proposal is what one ballot gives an instance, and who voted for it.
type proposal struct {
	in      *ballotUse
	hash    uint64
	size    int
	durable voters // whose vote is on disk
	told    voters // who told so
}

// at is the record of an instance.
func (d *decisions) at(i protocol.Instance) *instance {
	for protocol.Instance(len(d.instances)) < i {
		d.instances = append(d.instances, instance{})
	}
	return &d.instances[i-1]
}

// end is the highest instance that there is a record of.
func (d *decisions) end() protocol.Instance { return protocol.Instance(len(d.instances)) }

// in returns what a ballot gave the instance, nil if nothing.
func (x *instance) in(u *ballotUse) *proposal {
	if x.first.in == u {
		return &x.first
	}
	for n := range x.more {
		if x.more[n].in == u {
			return &x.more[n]
		}
	}
	return nil
}

// each calls f for all that was proposed.
func (x *instance) each(f func(p *proposal)) {
	if x.first.in != nil {
		f(&x.first)
	}
	for n := range x.more {
		f(&x.more[n])
	}
}

// highest returns the proposal of the highest ballot that f holds for, nil if for none.
func (x *instance) highest(f func(p *proposal) bool) (best *proposal) {
	x.each(func(p *proposal) {
		if f(p) && (best == nil || best.in.ballot.Less(p.in.ballot)) {
			best = p
		}
	})
	return best
}

func (x *instance) add(p proposal) *proposal {
	if x.first.in == nil {
		x.first = p
		return &x.first
	}
	x.more = append(x.more, p)
	return &x.more[len(x.more)-1]
}
