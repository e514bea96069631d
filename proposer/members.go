package proposer

import (
	"paxos/protocol"
)

// Who votes may change while the proposer runs (rule 13): see "Who votes" in
// doc.go.

// Configure tells who votes, as the applied state says: at the start, and
// whenever it changes, before Applied is told of the instance (or the snapshot)
// that changed it. Without any call the Quorum of the Config votes for ever.
//
// A promise counts as long as its acceptor is a member without a break: one that
// came back may stand on another store, since nobody kept its pin meanwhile. Who
// catches up may have missed the break, so its promises count no more.
func (p *Proposer) Configure(now protocol.Time, m protocol.Membership) {
	before := p.members
	p.members = m
	p.election.granted = m.Carry(p.election.granted, &before)
	p.pins.configure(&before, &m)
	p.lead.configure(now, &before, &m)
	if p.state == catchingUp || m.Epoch() > before.Epoch()+1 {
		p.lead.quorum = 0
	}
	p.askAgain()
	if p.state == canvassing && !p.mayStand() || p.state == preparing {
		p.standBy(now, 0) // the new ones must be asked, too
	}
}

// mayStand reports whether this proposer may lead. That of a list server that
// was removed, or that is no voter yet, must not disturb. One that is about to be
// removed may lead until the change is settled: it may be the only one that knows
// of the change, and nobody else could tell those who vote from then on.
func (p *Proposer) mayStand() bool {
	return p.cfg.Self.Role != protocol.RoleServer || p.members.All().Contains(p.cfg.Self.ID)
}

// standNow stands without a canvass, or canvasses at once if the stores of too
// few acceptors are known for their promises to count.
func (p *Proposer) standNow(now protocol.Time, out *protocol.Output) {
	p.standBy(now, 0)
	if p.mayStand() && p.members.Covers(p.pins.known()&^p.pins.disputed, p.applied) {
		p.stand(now, out)
	}
}

// rests is the set of acceptors whose promises the leadership rests on.
func (p *Proposer) rests() protocol.Tally { return p.lead.quorum &^ p.pins.disputed }

// outgrown does what a leader must whose promises do not cover the voters of
// the instances to come: it stands again, under a fresh ballot. Until it knows
// the stores of enough new voters to do so it goes on, as far as the promises go.
// A leader that is no voter any more hands over. It reports whether it did either.
func (p *Proposer) outgrown(now protocol.Time, out *protocol.Output) bool {
	above := p.lead.next - 1
	switch {
	case !p.mayStand():
		return p.Yield(now, 0, out)
	case p.members.Covers(p.rests(), above) || !p.members.Covers(p.reachable(now), above):
		return false
	}
	p.standNow(now, out)
	return true
}

// reachable is the set of acceptors whose promises would come, and count: heard
// lately, and their stores are known. To stand with fewer than a majority of them
// would be in vain: one that is dead, though known, promises nothing.
func (p *Proposer) reachable(now protocol.Time) (t protocol.Tally) {
	for place, id := range p.members.All().Members() {
		if now.Sub(p.lead.heardAt[place]) < p.cfg.ElectionMax {
			t = p.members.Add(t, id)
		}
	}
	return t & p.pins.known() &^ p.pins.disputed
}

// onReconfigure takes a change of the membership, one at a time.
func (p *Proposer) onReconfigure(c *protocol.Change) {
	l := &p.lead
	if !p.admitting() || l.change != nil || p.members.Changing() || c.Epoch != p.members.Epoch() {
		return
	}
	v := protocol.Value(nil).AppendChange(c)
	if c.Settle || c.Check() != nil { // from within a list server it was not decoded, hence not checked
		return
	}
	if len(v) > p.cfg.ValueBytes {
		p.admit.tooLong++
		return
	}
	l.change = v
}

// proposeChanges proposes what concerns the membership: a change, as a value of
// its own; then no-ops, where there are no commands, up to the instance from
// which it governs; and in the end its settling.
func (p *Proposer) proposeChanges(now protocol.Time, out *protocol.Output) {
	l := &p.lead
	if !p.admitting() || l.next <= l.recoverEnd {
		return
	}
	if l.change != nil && l.changeAt == 0 && p.room(acceptCost(l.change)) {
		l.changeAt = l.next
		p.propose(now, l.change, out)
	}
	if !p.members.Changing() {
		return
	}
	from := p.members.Latest().From
	for l.next < from && p.admit.queue.empty() && p.room(acceptCost(nil)) {
		p.stats.Fills++
		p.propose(now, nil, out)
	}
	settle := protocol.Value(nil).AppendChange(&protocol.Change{Epoch: p.members.Epoch(), Settle: true})
	if l.next >= from && !l.settling && p.maySettle() && p.room(acceptCost(settle)) {
		l.settling = true
		p.propose(now, settle, out)
	}
}

// maySettle reports whether the old configuration can be forgotten: a majority of
// the latest one has everything that the old one decided in its durable
// checkpoints. So from now on no phase 1 needs to ask the old one.
func (p *Proposer) maySettle() bool {
	var t protocol.Tally
	for place, id := range p.members.All().Members() {
		if p.lead.trims[place]+1 >= p.members.Latest().From {
			t = p.members.Add(t, id)
		}
	}
	return p.members.Settles(t &^ p.pins.disputed)
}

// rearrange moves what is known of each acceptor to its place in another
// membership; what is not known yet of new ones is given.
func rearrange[T any](list []T, from, to *protocol.Membership, unknown T) []T {
	moved := make([]T, to.All().Size())
	for place, id := range to.All().Members() {
		if old := placeOf(from.All(), id); old >= 0 {
			moved[place] = list[old]
		} else {
			moved[place] = unknown
		}
	}
	return moved
}

func (l *leadership) configure(now protocol.Time, from, to *protocol.Membership) {
	l.settling = false
	l.quorum = to.Carry(l.quorum, from)
	for i := range l.slots {
		l.slots[i].accepted = to.Carry(l.slots[i].accepted, from)
	}
	l.heardAt = rearrange(l.heardAt, from, to, now)
	l.lowAt = rearrange(l.lowAt, from, to, 0)
	l.trims = rearrange(l.trims, from, to, 0)
	l.told.applied = rearrange(l.told.applied, from, to, 0)
	l.told.at = rearrange(l.told.at, from, to, 0)
	l.window.offered = rearrange(l.window.offered, from, to, 0)
	l.window.findLimit()
}

func (p *pins) configure(from, to *protocol.Membership) {
	p.all = to.All()
	p.disputed = to.Carry(p.disputed, from)
	p.toldAt = rearrange(p.toldAt, from, to, 0)
	p.table.withhold(p.all, p.disputed)
}
