package learner

import "paxos/protocol"

// counts reports whether a sender's votes count: a member on the
// store that it is pinned to (rule 10). The first vote pins it; see doc.go for
// why that vote does not wait for the pin's record. Votes of any other store
// are ignored, and that is all: the pin may be the wrong one, for whoever is
// new when a wiped acceptor speaks first pins the newcomer. To say who must
// stop is for a leader, who has compared the pins of a majority.
func (l *Learner) counts(from protocol.Sender, out *protocol.Output) bool {
	votes := from.Role == protocol.RoleAcceptor || from.Role == protocol.RoleServer
	if !votes || from.Store == 0 || !l.members.All().Contains(from.ID) {
		l.stats.Strangers++
		return false
	}
	pin := protocol.Pin{Acceptor: from.ID, Store: from.Store}
	switch l.pins.Learn(pin) {
	case protocol.PinNew:
		out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		return true
	case protocol.PinKnown:
		return true
	}
	l.stats.PinConflicts++
	return false
}

// learnPins takes over a leader's pins, so that a wiped acceptor is not counted
// just because it was heard first. What contradicts a pin that is held changes
// nothing.
func (l *Learner) learnPins(pins []protocol.Pin, out *protocol.Output) {
	for _, pin := range pins {
		if !l.members.All().Contains(pin.Acceptor) {
			continue
		}
		switch l.pins.Learn(pin) {
		case protocol.PinNew:
			out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		case protocol.PinContradicts:
			l.stats.PinConflicts++
		}
	}
}
