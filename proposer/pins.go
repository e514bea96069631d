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
//
// Who may be told to stop? A pin may be the wrong one: a proposer that was new
// when a wiped acceptor spoke first has pinned the newcomer, and the true
// acceptor is the stranger to it. So a pin alone stops nobody.
//
//   - Only who leads, or catches up, sends a Stranger. It holds the promises of
//     a majority, and with them their pins: whoever of them belonged to a quorum
//     with an acceptor has pinned its store, because the pins of a quorum came
//     with the Prepare. So a wrong pin of ours was contradicted by then, unless
//     no member of that majority ever shared a quorum with the true one.
//   - Where a promise contradicts a pin of ours the acceptor is disputed: which
//     of its stores is the stranger nobody here can tell. Both count for
//     nothing, neither is told to stop, and our pin is not spread any more: a
//     Heartbeat with it would stop the other one.
//
// So a newcomer among proposers that know its predecessor is stopped by the
// first that leads; and a new proposer that has taken it for the true one does
// without that acceptor.
type pins struct {
	all       protocol.Quorum // the acceptors whose stores matter
	every     protocol.Time   // between two Strangers about one acceptor
	table     pinTable
	disputed  protocol.Tally  // of whose store pins contradict each other; they count for nothing
	toldAt    []protocol.Time // by place: when a Stranger about the acceptor was sent last; 0: never
	strangers uint64
}

// pinTable is the process's table, but for what others may not know of it.
type pinTable struct {
	*protocol.Pins
	withheld []protocol.NodeID // the disputed acceptors
}

// withhold keeps the pins of the disputed ones back.
func (t *pinTable) withhold(all protocol.Quorum, disputed protocol.Tally) {
	t.withheld = nil
	for _, id := range all.Members() {
		if all.Has(disputed, id) {
			t.withheld = append(t.withheld, id)
		}
	}
}

// List returns the pins that others may know. The slice is never changed.
func (t *pinTable) List() []protocol.Pin {
	if len(t.withheld) == 0 {
		return t.Pins.List()
	}
	return slices.DeleteFunc(slices.Clone(t.Pins.List()), func(pin protocol.Pin) bool {
		return slices.Contains(t.withheld, pin.Acceptor)
	})
}

func newPins(cfg Config, restored Restored) pins {
	p := pins{
		all:    cfg.Quorum,
		every:  protocol.Time(cfg.StrangerEvery),
		table:  pinTable{Pins: cfg.Pins},
		toldAt: make([]protocol.Time, cfg.Quorum.Size()),
	}
	if p.table.Pins == nil {
		p.table.Pins = new(protocol.Pins)
	}
	for _, pin := range restored.Pins {
		p.table.Learn(pin)
	}
	return p
}

// known is the set of acceptors that are pinned, without dispute.
func (p *pins) known() (t protocol.Tally) {
	for _, pin := range p.table.List() {
		t = p.all.Add(t, pin.Acceptor)
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
// acceptor at first hearing. A stranger is told so by a proposer that is elected:
// one that leads, or catches up to do so.
func (p *pins) check(now protocol.Time, elected bool, from protocol.Sender, out *protocol.Output) bool {
	place := placeOf(p.all, from.ID)
	if place < 0 || from.Store == 0 || from.Role != protocol.RoleAcceptor && from.Role != protocol.RoleServer {
		return false
	}
	disputed := p.all.Has(p.disputed, from.ID)
	if p.learnPin(protocol.Pin{Acceptor: from.ID, Store: from.Store}, out) {
		return !disputed
	}
	p.strangers++
	if elected && !disputed {
		p.tell(now, place, protocol.Stranger{Acceptor: from.ID, Store: from.Store, Pinned: p.table.Store(from.ID)}, out)
	}
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
// two stores have spoken under one name, and neither can be counted.
func (p *pins) learn(list []protocol.Pin, out *protocol.Output) {
	for _, theirs := range list {
		if placeOf(p.all, theirs.Acceptor) >= 0 && !p.learnPin(theirs, out) {
			p.dispute(theirs.Acceptor)
		}
	}
}

func (p *pins) dispute(id protocol.NodeID) {
	p.disputed = p.all.Add(p.disputed, id)
	p.table.withhold(p.all, p.disputed)
}

// tell sends a Stranger to the acceptors, not too often.
func (p *pins) tell(now protocol.Time, place int, s protocol.Stranger, out *protocol.Output) {
	if p.toldAt[place] != 0 && now < p.toldAt[place]+p.every {
		return
	}
	p.toldAt[place] = max(now, 1)
	out.Send(protocol.GroupAcceptors, &s)
}
