package protocol

import (
	"cmp"
	"slices"
)

// Pins is one process's memory of which store each acceptor votes from (rule
// 10). All cores of a process share one table: what one of them has pinned none
// of them may pin otherwise. The zero Pins is an empty table.
type Pins struct{ list []Pin }

// PinState is what a table says of an acceptor and a store.
type PinState int

// The answers of Learn.
const (
	PinKnown       PinState = iota // pinned to that very store
	PinNew                         // was not pinned; it is now, and the caller must make the Pinned record durable
	PinContradicts                 // pinned to another store, and it stays so
)

// NewPins makes a table from restored pins; of two for one acceptor the first stays.
func NewPins(restored []Pin) *Pins {
	p := &Pins{}
	for _, pin := range restored {
		p.Learn(pin)
	}
	return p
}

// Learn pins an acceptor to a store, if it is not pinned yet. A table takes
// MaxAcceptors pins; beyond them every pin contradicts, for no membership has more.
func (p *Pins) Learn(pin Pin) PinState {
	at, found := p.find(pin.Acceptor)
	switch {
	case found && p.list[at].Store == pin.Store:
		return PinKnown
	case found || len(p.list) == MaxAcceptors:
		return PinContradicts
	}
	p.list = slices.Insert(slices.Clone(p.list), at, pin) // replaced, not changed: messages share it
	return PinNew
}

// Store is the store that an acceptor is pinned to, 0 if it is not.
func (p *Pins) Store(id NodeID) StoreID {
	if at, found := p.find(id); found {
		return p.list[at].Store
	}
	return 0
}

// Drop forgets the pins of acceptors that are gone for good: their ids are never
// used again, so nobody will ever count their votes. Without it the table would be
// full one day.
func (p *Pins) Drop(gone func(NodeID) bool) {
	p.list = slices.DeleteFunc(slices.Clone(p.list), func(pin Pin) bool { return gone(pin.Acceptor) })
}

// List returns the pins in the acceptors' order. The slice is never changed, by nobody.
func (p *Pins) List() []Pin { return p.list }

func (p *Pins) find(id NodeID) (at int, found bool) {
	return slices.BinarySearchFunc(p.list, id, func(q Pin, id NodeID) int {
		return cmp.Compare(q.Acceptor, id)
	})
}
