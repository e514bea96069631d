package proposer

import (
	"slices"

	"paxos/protocol"
)

// reads answers where a linearizable read must stand (rule 12). A round is a
// Heartbeat that a majority answers: it confirms that this leadership had not
// ended when the round began. All reads that come while one is under way share
// the next one. Why that suffices is told in doc.go, "Reads".
type reads struct {
	round     uint64         // of the last one begun in this ballot; every Heartbeat carries it
	confirmed protocol.Tally // who answered a Heartbeat of that round
	underWay  []read         // came before it began
	waiting   []read         // came since then: the next one's
	ready     []read         // confirmed; what they ask for is not applied here yet
	tries     int            // Heartbeats since it began
	resendAt  protocol.Time
}

// read is one asker's last Read of a round. Its ids grow, so that an answer to
// the last one covers those before it.
type read struct {
	peer protocol.Peer
	id   uint64
	at   protocol.Instance // what had been proposed when it came; it grows in each list
}

// maxAskers bounds the reads of one round, one for each asker, and those that
// are ready.
const maxAskers = 1024

// onRead notes a Read for the next round. Whoever does not lead, or has not
// applied yet what phase 1 recovered, keeps silent: the asker asks again.
//
// The answer is the highest instance proposed here so far, decided or not.
// What this leader itself knows to be decided would be too little: a majority's
// Accepted may have reached another learner first, and its client is answered.
func (p *Proposer) onRead(from protocol.Peer, id uint64) {
	r := &p.lead.reads
	coming := func(x read) bool { return x.peer == from && x.id >= id }
	if !p.admitting() || slices.ContainsFunc(r.underWay, coming) || slices.ContainsFunc(r.ready, coming) {
		return
	}
	latest := read{peer: from, id: id, at: p.proposed()}
	if i := slices.IndexFunc(r.waiting, func(x read) bool { return x.peer == from }); i >= 0 {
		latest.id = max(id, r.waiting[i].id)
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
	p.wait(latest)
}

// proposed is the highest instance that was proposed in this ballot, or is to be
// because phase 1 found it.
func (p *Proposer) proposed() protocol.Instance { return max(p.lead.next-1, p.lead.recoverEnd) }

func (p *Proposer) wait(x read) {
	r := &p.lead.reads
	if len(r.waiting) == maxAskers {
		p.stats.ReadsDropped++
		return
	}
	r.waiting = append(r.waiting, x)
}

// askAgain makes all reads wait for a new round: who must confirm has changed.
func (p *Proposer) askAgain() {
	r := &p.lead.reads
	all := slices.Concat(r.ready, r.underWay, r.waiting)
	r.ready, r.underWay, r.waiting = nil, nil, nil
	for _, x := range all {
		x.at = p.proposed()
		p.wait(x)
	}
}

// confirmReads begins a round for the reads that wait, if none is under way, or
// repeats the one that is when its time has come.
func (p *Proposer) confirmReads(now protocol.Time, out *protocol.Output) {
	r := &p.lead.reads
	if at, due := r.due(); !due || now < at {
		return
	}
	if len(r.underWay) == 0 {
		r.begin()
		p.stats.ReadRounds++
	}
	p.sendHeartbeat(now, out)
}

// due is when confirmReads has something to do; false if there are no reads.
func (r *reads) due() (protocol.Time, bool) {
	if len(r.underWay) > 0 {
		return r.resendAt, true
	}
	return 0, len(r.waiting) > 0
}

func (r *reads) begin() {
	r.underWay, r.waiting = r.waiting, r.underWay[:0]
	r.renew()
}

func (r *reads) renew() {
	r.round++
	r.confirmed, r.tries = 0, 0
}

// onConfirm counts an acceptor's answer to a Heartbeat of this ballot. Only one
// of the round under way counts: an older one was sent before the reads came. Of
// every configuration that governs an instance above what was proposed then, a
// majority must confirm, and have promised (rule 13).
func (p *Proposer) onConfirm(from protocol.NodeID, round uint64, out *protocol.Output) {
	r := &p.lead.reads
	if len(r.underWay) == 0 || round != r.round {
		return
	}
	r.confirmed = p.members.Add(r.confirmed, from)
	above := r.underWay[0].at
	if !p.members.Covers(r.confirmed&^p.pins.disputed, above) || !p.members.Covers(p.rests(), above) {
		return
	}
	room := min(maxAskers-len(r.ready), len(r.underWay))
	p.stats.ReadsDropped += uint64(len(r.underWay) - room)
	r.ready = append(r.ready, r.underWay[:room]...)
	r.underWay = r.underWay[:0]
	p.answerReads(out)
}

// answerReads answers the confirmed reads whose instance is applied here. So the
// instance is decided, and the members' changes up to it are known: who confirmed
// did so for all that could have been decided beyond it.
func (p *Proposer) answerReads(out *protocol.Output) {
	r := &p.lead.reads
	n := 0
	for ; n < len(r.ready) && r.ready[n].at <= p.applied; n++ {
		x := r.ready[n]
		out.SendTo(x.peer, &protocol.ReadAt{Target: x.peer, ID: x.id, Instance: x.at})
	}
	p.stats.Reads += uint64(n)
	r.ready = slices.Delete(r.ready, 0, n)
}
