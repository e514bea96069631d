package proposer

import "paxos/protocol"

// reads answers where a linearizable read must stand (rule 12). A round is a
// Heartbeat that a majority answers: it confirms that this leadership had not
// ended when the round began. All reads that come while one is under way share
// the next one. Why that suffices is told in doc.go, "Reads".
type reads struct {
	round     uint64         // of the last one begun in this ballot; every Heartbeat carries it
	confirmed protocol.Tally // who answered a Heartbeat of that round
	underWay  []read         // came before it began
	waiting   []read         // came since then: the next one's
	tries     int            // Heartbeats since it began
	resendAt  protocol.Time
}

// read is one asker's last Read. Its ids grow, so that an answer to the last
// one covers those before it.
type read struct {
	peer protocol.Peer
	id   uint64
	at   protocol.Instance // what had been proposed when it came
}

// maxAskers bounds the reads of one round, one for each asker.
const maxAskers = 1024

// findRead returns the place of an asker's read in list, -1 if it has none.
func findRead(list []read, peer protocol.Peer) int {
	for i := range list {
		if list[i].peer == peer {
			return i
		}
	}
	return -1
}

// onRead notes a Read for the next round. Whoever does not lead, or has not
// applied yet what phase 1 recovered, keeps silent: the asker asks again.
//
// The answer is the highest instance proposed here so far, decided or not.
// What this leader itself knows to be decided would be too little: a majority's
// Accepted may have reached another learner first, and its client is answered.
func (p *Proposer) onRead(from protocol.Peer, id uint64) {
	if !p.admitting() {
		return
	}
	r := &p.lead.reads
	if i := findRead(r.underWay, from); i >= 0 && id <= r.underWay[i].id {
		return // asked again; the answer is coming
	}
	latest := read{peer: from, id: id, at: max(p.lead.next-1, p.lead.recoverEnd)}
	switch i := findRead(r.waiting, from); {
	case i >= 0:
		latest.id = max(latest.id, r.waiting[i].id)
		r.waiting[i] = latest
	case len(r.waiting) == maxAskers:
		p.stats.ReadsDropped++
	default:
		r.waiting = append(r.waiting, latest)
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
	r.round++
	r.confirmed, r.tries = 0, 0
}

// onConfirm counts an acceptor's answer to a Heartbeat of this ballot. Only one
// of the round under way counts: an older one was sent before the reads came.
func (p *Proposer) onConfirm(from protocol.NodeID, round uint64, out *protocol.Output) {
	r := &p.lead.reads
	if len(r.underWay) == 0 || round != r.round {
		return
	}
	r.confirmed = p.cfg.Quorum.Add(r.confirmed, from)
	if !p.cfg.Quorum.Reached(r.confirmed &^ p.pins.disputed) {
		return
	}
	for _, read := range r.underWay {
		out.SendTo(read.peer, &protocol.ReadAt{Target: read.peer, ID: read.id, Instance: read.at})
	}
	p.stats.Reads += uint64(len(r.underWay))
	r.underWay = r.underWay[:0]
}
