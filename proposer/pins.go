package proposer

import (
	"slices"

	"paxos/protocol"
)

// pins remembers which store each acceptor's votes come from (rule 10). The
// first store that is heard under an acceptor's name is pinned, durably; every
// other one is a stranger.
//
// When must a pin be durable? A promise is evidence: a quorum's silence about
// an instance makes a no-op of it. So a promise counts only if its acceptor
// was pinned before the Prepare of its ballot was handed out; the Prepare
// waits for all earlier records, hence for the pin (phase1.pinned). This costs
// nothing, since every acceptor that answers the Canvass is pinned by that
// answer. Counting Accepted needs no such wait: whether a value is chosen does
// not depend on our counting it, and the pins of those who heard it stand by.
type pins struct {
	quorum    protocol.Quorum
	every     protocol.Time // between two Strangers about one acceptor
	table     *protocol.Pins
	restored  protocol.Tally  // whose pin is from an earlier life
	disputed  protocol.Tally  // of whose store pins contradict each other; they count for nothing
	toldAt    []protocol.Time // by place: when a Stranger about the acceptor was sent last; 0: never
	strangers uint64
}

func newPins(cfg Config, restored Restored) pins {
	p := pins{
		quorum: cfg.Quorum,
		every:  protocol.Time(cfg.StrangerEvery),
		table:  cfg.Pins,
		toldAt: make([]protocol.Time, cfg.Quorum.Size()),
	}
	if p.table == nil {
		p.table = new(protocol.Pins)
	}
	for _, pin := range restored.Pins {
		p.table.Learn(pin)
	}
	p.restored = p.known()
	return p
}

// known is the set of acceptors that are pinned.
func (p *pins) known() (t protocol.Tally) {
	for _, pin := range p.table.List() {
		t = p.quorum.Add(t, pin.Acceptor)
	}
	return t
}

// placeOf is id's place in the membership, -1 for strangers to it.
func placeOf(q protocol.Quorum, id protocol.NodeID) int {
	place, found := slices.BinarySearch(q.Members(), id)
	if !found {
		return -1
	}
	return place
}

// check reports whether a message of an acceptor may be believed. It pins an
// acceptor at first hearing.
func (p *pins) check(now protocol.Time, from protocol.Sender, out *protocol.Output) bool {
	place := placeOf(p.quorum, from.ID)
	if place < 0 || from.Store == 0 || from.Role != protocol.RoleAcceptor && from.Role != protocol.RoleServer {
		return false
	}
	pin := protocol.Pin{Acceptor: from.ID, Store: from.Store}
	if p.learnPin(pin, out) {
		return !p.quorum.Has(p.disputed, from.ID)
	}
	p.strangers++
	p.tell(now, place, protocol.Stranger{Acceptor: from.ID, Store: from.Store, Pinned: p.table.Store(from.ID)}, out)
	return false
}

// learnPin pins an acceptor at first hearing, durably, and reports whether the
// pin agrees with the table.
func (p *pins) learnPin(pin protocol.Pin, out *protocol.Output) bool {
	state := p.table.Learn(pin)
	if state == protocol.PinNew {
		out.Persist([]protocol.Record{&protocol.Pinned{Pin: pin}})
	}
	return state != protocol.PinContradicts
}

// learn compares an acceptor's pins with our own, and takes over those that we
// lack: hearsay of a store is hearing it. Where they contradict each other,
// two stores have voted under one name, and neither can be counted. Our own
// pin is the older one if it is from an earlier life, else theirs.
func (p *pins) learn(now protocol.Time, list []protocol.Pin, out *protocol.Output) {
	for _, theirs := range list {
		place := placeOf(p.quorum, theirs.Acceptor)
		if place < 0 || p.learnPin(theirs, out) {
			continue
		}
		ours := p.table.Store(theirs.Acceptor)
		p.disputed = p.quorum.Add(p.disputed, theirs.Acceptor)
		stranger := protocol.Stranger{Acceptor: theirs.Acceptor, Store: ours, Pinned: theirs.Store}
		if p.quorum.Has(p.restored, theirs.Acceptor) {
			stranger.Store, stranger.Pinned = theirs.Store, ours
		}
		p.tell(now, place, stranger, out)
	}
}

// tell sends a Stranger to the acceptors, not too often.
func (p *pins) tell(now protocol.Time, place int, s protocol.Stranger, out *protocol.Output) {
	if p.toldAt[place] != 0 && now < p.toldAt[place]+p.every {
		return
	}
	p.toldAt[place] = max(now, 1)
	out.Send(protocol.GroupAcceptors, &s)
}
