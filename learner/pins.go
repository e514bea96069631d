package learner

import "paxos/protocol"

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
	switch l.pins.Learn(pin) {
	case protocol.PinNew:
		out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
		return true
	case protocol.PinKnown:
		return true
	}
	l.stats.PinConflicts++
	if held := l.pins.Store(from.ID); held != 0 && (!l.told || now.Sub(l.toldAt) >= strangerPause) {
		l.told, l.toldAt = true, now
		out.Send(protocol.GroupAcceptors, &protocol.Stranger{Acceptor: from.ID, Store: from.Store, Pinned: held})
	}
	return false
}
