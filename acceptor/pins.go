package acceptor

import (
	"cmp"
	"fmt"
	"slices"

	"paxos/protocol"
)

// An acceptor whose store was wiped has forgotten its promises, and one whose
// store was copied votes twice under one name. So everybody remembers durably
// which store an acceptor stands on (rule 10). Acceptors hear of each other's
// stores from the proposers, and tell them in their Promises: a proposer that
// knows only the newcomer learns from the others that it is one.

// pins is who stands on which store, ascending. It is replaced, not changed,
// so that messages can share it.
type pins struct{ list []protocol.Pin }

func (p *pins) search(id protocol.NodeID) (int, bool) {
	return slices.BinarySearchFunc(p.list, id, func(pin protocol.Pin, id protocol.NodeID) int {
		return cmp.Compare(pin.Acceptor, id)
	})
}

// add adds a pin and returns the one that is held now, and whether it is new.
func (p *pins) add(pin protocol.Pin) (held protocol.Pin, isNew bool) {
	n, found := p.search(pin.Acceptor)
	if found {
		return p.list[n], false
	}
	if len(p.list) == protocol.MaxAcceptors { // no membership has more
		return pin, false
	}
	p.list = slices.Insert(slices.Clone(p.list), n, pin)
	return pin, true
}

func (a *Acceptor) restorePins(list []protocol.Pin) error {
	self := a.cfg.Self
	a.pins.add(protocol.Pin{Acceptor: self.ID, Store: self.Store})
	for _, pin := range list {
		held, _ := a.pins.add(pin)
		if held != pin {
			return fmt.Errorf("acceptor %d: its store %s remembers acceptor %d on store %s and on store %s",
				self.ID, self.Store, pin.Acceptor, pin.Store, held.Store)
		}
	}
	return nil
}

// learnPins takes over the pins of a proposer. It reports false if they say
// that this acceptor itself stands on the wrong store; then it has stopped.
func (a *Acceptor) learnPins(now protocol.Time, from protocol.Sender, list []protocol.Pin, out *protocol.Output) bool {
	tell := !a.told || now.Sub(a.toldAt) >= a.cfg.LeaderTimeout // heartbeats would repeat it many times a second
	for _, pin := range list {
		held, isNew := a.pins.add(pin)
		switch {
		case isNew:
			out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		case held == pin:
		case pin.Acceptor == a.cfg.Self.ID:
			a.fail(a.strangerError(from, pin.Store), out)
			return false
		default:
			a.stats.PinConflicts++
			if tell {
				a.contradict(now, held, pin, out)
			}
		}
	}
	return true
}

// contradict keeps the older pin and tells the newcomer that it must stop.
func (a *Acceptor) contradict(now protocol.Time, held, heard protocol.Pin, out *protocol.Output) {
	a.told, a.toldAt = true, now
	out.Send(protocol.GroupAcceptors, &protocol.Stranger{Acceptor: held.Acceptor, Store: heard.Store, Pinned: held.Store})
}

// stranger stops this acceptor if it is the one that was found out.
func (a *Acceptor) stranger(from protocol.Sender, m *protocol.Stranger, out *protocol.Output) {
	if m.Acceptor == a.cfg.Self.ID && m.Store == a.cfg.Self.Store {
		a.fail(a.strangerError(from, m.Pinned), out)
	}
}

func (a *Acceptor) strangerError(from protocol.Sender, pinned protocol.StoreID) error {
	return fmt.Errorf("acceptor %d stands on store %s, but %s %d knows acceptor %d by its store %s: "+
		"this data folder was wiped, copied or swapped, and its votes do not count. "+
		"Restore the data folder with store %s, or replace the acceptor by a new one",
		a.cfg.Self.ID, a.cfg.Self.Store, from.Role, from.ID, a.cfg.Self.ID, pinned, pinned)
}
