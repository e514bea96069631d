package protocol

import "slices"

// Pins is one process's memory of which store each acceptor votes from (rule
// 10). All cores of a process share one table: what one of them has pinned, none
// of them may pin otherwise. The first store that is heard stays.
type Pins struct{ list []Pin }

// NewPins makes a table from restored pins.
func NewPins(restored []Pin) *Pins {
	p := &Pins{}
	for _, pin := range restored {
		p.Learn(pin)
	}
	return p
}

// PinState is what a table says of an acceptor and a store.
type PinState int

// The answers of Learn.
const (
	PinKnown       PinState = iota // pinned to that very store
	PinNew                         // was not pinned; it is now, and the caller must make the Pinned record durable
	PinContradicts                 // pinned to another store
)

// Learn pins an acceptor to a store if it was not pinned before.
func (p *Pins) Learn(pin Pin) PinState {
	at, found := p.find(pin.Acceptor)
	switch {
	case !found:
		p.list = slices.Insert(p.list, at, pin)
		return PinNew
	case p.list[at].Store == pin.Store:
		return PinKnown
	}
	return PinContradicts
}

// Store is the store that an acceptor is pinned to, 0 if it is not.
func (p *Pins) Store(id NodeID) StoreID {
	if at, found := p.find(id); found {
		return p.list[at].Store
	}
	return 0
}

// List returns a copy of the pins in the acceptors' order.
func (p *Pins) List() []Pin { return slices.Clone(p.list) }

func (p *Pins) find(id NodeID) (int, bool) {
	return slices.BinarySearchFunc(p.list, id, func(q Pin, id NodeID) int {
		return int(q.Acceptor) - int(id)
	})
}
