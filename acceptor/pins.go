package acceptor

import (
	"errors"
	"fmt"

	"paxos/protocol"
)

// An acceptor whose store was wiped has forgotten its promises, and one whose
// store was copied votes twice under one name. So everybody remembers durably
// which store an acceptor stands on (rule 10). Acceptors hear of each other's
// stores from the proposers, and tell them in their Promises: a proposer that
// knows only the newcomer learns from the others that it is one.

// ErrStranger says that an acceptor stands on another store than the one that
// its name is pinned to (rule 10): it must not vote.
var ErrStranger = errors.New("not the store that votes under this name")

// restorePins takes over the process's table, or makes one, and what the store
// remembers. Its own pin needs no record: it stands on that very store.
func (a *Acceptor) restorePins(list []protocol.Pin) error {
	self := a.cfg.Self
	if a.pins = a.cfg.Pins; a.pins == nil {
		a.pins = new(protocol.Pins)
	}
	own := protocol.Pin{Acceptor: self.ID, Store: self.Store}
	for _, pin := range append([]protocol.Pin{own}, list...) {
		if a.pins.Learn(pin) == protocol.PinContradicts {
			return fmt.Errorf("acceptor %d: its store %s remembers acceptor %d on store %s and on store %s",
				self.ID, self.Store, pin.Acceptor, pin.Store, a.pins.Store(pin.Acceptor))
		}
	}
	return nil
}

// learnPins takes over the pins of a proposer. It reports false if they say
// that this acceptor itself stands on the wrong store; then it has stopped.
func (a *Acceptor) learnPins(now protocol.Time, from protocol.Sender, list []protocol.Pin, out *protocol.Output) bool {
	tell := !a.told || now.Sub(a.toldAt) >= a.cfg.LeaderTimeout // heartbeats would repeat it many times a second
	for _, pin := range list {
		switch state := a.pins.Learn(pin); {
		case state == protocol.PinNew:
			out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		case state == protocol.PinKnown:
		case pin.Acceptor == a.cfg.Self.ID:
			a.fail(a.strangerError(from, pin.Store), out)
			return false
		default:
			a.stats.PinConflicts++
			if tell {
				a.contradict(now, pin, out)
			}
		}
	}
	return true
}

// contradict keeps the older pin and tells the newcomer that it must stop.
func (a *Acceptor) contradict(now protocol.Time, heard protocol.Pin, out *protocol.Output) {
	held := a.pins.Store(heard.Acceptor)
	if held == 0 {
		return // the table is full: there is no older pin
	}
	a.told, a.toldAt = true, now
	out.Send(protocol.GroupAcceptors, &protocol.Stranger{Acceptor: heard.Acceptor, Store: heard.Store, Pinned: held})
}

// stranger stops this acceptor if it is the one that was found out.
func (a *Acceptor) stranger(from protocol.Sender, m *protocol.Stranger, out *protocol.Output) {
	if m.Acceptor == a.cfg.Self.ID && m.Store == a.cfg.Self.Store {
		a.fail(a.strangerError(from, m.Pinned), out)
	}
}

func (a *Acceptor) strangerError(from protocol.Sender, pinned protocol.StoreID) error {
	return fmt.Errorf("%w: acceptor %d stands on store %s, but %s %d knows acceptor %d by its store %s: "+
		"this data folder was wiped, copied or swapped, and its votes do not count. "+
		"Restore the data folder with store %s, or replace the acceptor by a new one",
		ErrStranger, a.cfg.Self.ID, a.cfg.Self.Store, from.Role, from.ID, a.cfg.Self.ID, pinned, pinned)
}
