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
//
// A pin may be the wrong one: whoever was new when a wiped acceptor spoke first
// has pinned the newcomer, and must not stop the true one. So a pin alone stops
// nobody. An acceptor that hears of another store under its own name
//
//   - in a Prepare, ignores it: a candidate holds no promises yet, and without
//     one from here it does harm to nobody;
//   - in a Heartbeat, or by a Stranger, stops: a leader holds the promises of a
//     majority, each came with its acceptor's pins, and none of them contradicted
//     the leader's. Whoever of them ever promised a ballot whose quorum this
//     store belonged to would have: the pins of a quorum come with the Prepare.
//
// It votes only in a ballot whose owner has told in a Heartbeat that it knows this
// acceptor by this very store (mayVoteIn): so it leads, and no promise that it
// holds contradicts it. It would not do that this store promised the ballot, or
// that its owner said nothing against it. A candidate may learn only by the
// promises that this store is a newcomer; then it does not count it and spreads no
// pin of it. But whoever is new, a learner or the newcomer's own learner half,
// would count the vote, and take for decided what is not.
//
// And an acceptor whose pins contradict a proposer's keeps its own, counts the
// conflict, and tells its pins in its Promises; no more, for which of the two is
// wrong it cannot know.

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

// pinnedElsewhere returns the other store that a proposer's pins have under
// this acceptor's name, if they do.
func (a *Acceptor) pinnedElsewhere(list []protocol.Pin) (store protocol.StoreID, elsewhere bool) {
	for _, pin := range list {
		if pin.Acceptor == a.cfg.Self.ID && pin.Store != a.cfg.Self.Store {
			return pin.Store, true
		}
	}
	return 0, false
}

// learnPins takes over a proposer's pins, as far as they are news. One of somebody who
// was removed is none: a proposer that does not know it yet must not bring back what
// was forgotten.
func (a *Acceptor) learnPins(list []protocol.Pin, out *protocol.Output) {
	for _, pin := range list {
		if a.gone(pin.Acceptor) {
			continue
		}
		switch a.pins.Learn(pin) {
		case protocol.PinNew:
			out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		case protocol.PinContradicts:
			a.stats.PinConflicts++
		}
	}
}

// stranger stops this acceptor if it is the one that was found out, by a
// process that may lead.
func (a *Acceptor) stranger(from protocol.Sender, m *protocol.Stranger, out *protocol.Output) {
	leads := from.Role == protocol.RoleProposer || from.Role == protocol.RoleServer
	if leads && m.Acceptor == a.cfg.Self.ID && m.Store == a.cfg.Self.Store {
		a.fail(a.strangerError(from, m.Pinned), out)
	}
}

func (a *Acceptor) strangerError(from protocol.Sender, pinned protocol.StoreID) error {
	return fmt.Errorf("%w: acceptor %d stands on store %s, but %s %d knows acceptor %d by its store %s: "+
		"this data folder was wiped, copied or swapped, and its votes do not count. "+
		"Restore the data folder with store %s, or replace the acceptor by a new one",
		ErrStranger, a.cfg.Self.ID, a.cfg.Self.Store, from.Role, from.ID, a.cfg.Self.ID, pinned, pinned)
}
