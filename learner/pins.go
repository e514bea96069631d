package learner

import (
	"cmp"
	"slices"

	"paxos/protocol"
)

// counts reports whether a sender's votes count: a member of the quorum on the
// store that it is pinned to (rule 10). The first vote pins it; see doc.go for
// why that vote does not wait for the pin's record.
func (l *Learner) counts(now protocol.Time, from protocol.Sender, out *protocol.Output) bool {
	votes := from.Role == protocol.RoleAcceptor || from.Role == protocol.RoleServer
	if !votes || from.Store == 0 || !l.cfg.Quorum.Contains(from.ID) {
		l.stats.Strangers++
		return false
	}
	pin := protocol.Pin{Acceptor: from.ID, Store: from.Store}
	held, isNew := l.pin(pin)
	if isNew {
		out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
	}
	if held == pin {
		return true
	}
	l.stats.PinConflicts++
	if !l.told || now.Sub(l.toldAt) >= strangerPause {
		l.told, l.toldAt = true, now
		out.Send(protocol.GroupAcceptors, &protocol.Stranger{Acceptor: from.ID, Store: from.Store, Pinned: held.Store})
	}
	return false
}

// pin adds a pin and returns the one that is held now, and whether it is new.
func (l *Learner) pin(pin protocol.Pin) (held protocol.Pin, isNew bool) {
	n, found := slices.BinarySearchFunc(l.pins, pin.Acceptor, func(p protocol.Pin, id protocol.NodeID) int {
		return cmp.Compare(p.Acceptor, id)
	})
	if found {
		return l.pins[n], false
	}
	l.pins = slices.Insert(slices.Clone(l.pins), n, pin)
	return pin, true
}
