package acceptor

import "paxos/protocol"

// promiseBurst bounds the bytes of all pages that answer one Prepare: every
// acceptor answers at the same moment, into one proposer's socket buffer.
const promiseBurst = 16 << 10

// pinSize is what a pin takes in a message, in bytes: id and store.
const pinSize = 4 + 8

// prepare is phase 1b.
//
// A Prepare with somebody else's id as its Target asks for a page of that
// acceptor's promise. It is ignored in full: it would be safe to promise its
// ballot too, but nobody asked, and to ignore a message is always safe.
// One that targets this acceptor is a Prepare like any other. If it is the
// first that was heard of its ballot (the untargeted one was lost, or answered
// before a crash) then it is promised first, and the page is part of that
// promise.
func (a *Acceptor) prepare(now protocol.Time, from protocol.Sender, m *protocol.Prepare, out *protocol.Output) {
	if m.Target != 0 && m.Target != a.cfg.Self.ID || a.removed(from) {
		return
	}
	if _, elsewhere := a.pinnedElsewhere(m.Pins); elsewhere {
		a.stats.PinConflicts++
		return // rule 10: no promise for whoever would count it for another store
	}
	a.learnPins(m.Pins, out)
	if m.Ballot.Less(a.promised) {
		a.refuse(from.Peer, m.Ballot, out)
		return
	}
	a.hear(now, m.Ballot)
	if a.promised.Less(m.Ballot) {
		a.promised = m.Ballot
		out.Persist([]protocol.Record{&protocol.Promised{Ballot: m.Ballot}})
	}
	a.promise(from.Peer, m.From, out)
}

// promise sends the pages of the current promise that start at from, as many
// as fit a burst. All are held, although they add no record: the promise and
// the votes that they tell of may still be on their way to the disk (rule 1).
func (a *Acceptor) promise(to protocol.Peer, from protocol.Instance, out *protocol.Output) {
	for burst := 0; burst == 0 || burst+a.cfg.PageBytes <= promiseBurst; burst += a.cfg.PageBytes {
		page := a.page(from)
		out.Persist(nil, reply(to, page))
		a.stats.Pages++
		if page.Next == 0 {
			return
		}
		from = page.Next
	}
}

// page makes one page of the promise. Its From is the one that was asked for,
// so that pages join without a gap: the instances of it up to Trim are
// accounted for by Trim (rules 5 and 6), the others by Votes.
func (a *Acceptor) page(from protocol.Instance) *protocol.Promise {
	p := &protocol.Promise{Ballot: a.promised, From: from, Trim: a.votes.trim, Pins: a.pins.List()}
	size := protocol.PageOverhead - pinSize*(protocol.MaxAcceptors-len(p.Pins))
	for v := range a.votes.from(from) {
		size += protocol.VoteOverhead + len(v.Value)
		if size > a.cfg.PageBytes && len(p.Votes) > 0 {
			p.Next = v.Instance
			break
		}
		p.Votes = append(p.Votes, *v)
	}
	return p
}
