package proposer

import (
	"time"

	"paxos/protocol"
)

// rtt estimates how long an answer takes (Jacobson's smoothed mean and deviation).
type rtt struct{ mean, deviation time.Duration }

func (r *rtt) sample(d time.Duration) {
	if r.mean == 0 {
		r.mean, r.deviation = d, d/2
		return
	}
	r.deviation += ((d - r.mean).Abs() - r.deviation) / 4
	r.mean += (d - r.mean) / 8
}

// timeout is how long to wait for an answer after the given number of tries.
// Where the network itself takes longer than RetransmitMax, the wait is longer, too.
func (r *rtt) timeout(cfg Config, tries int) time.Duration {
	longest := max(cfg.RetransmitMax, min(2*r.mean, cfg.ElectionMin))
	first := min(max(r.mean+4*r.deviation, cfg.RetransmitMin), longest)
	return backOff(first, longest, tries)
}

// patientTries is how many waits are equal before they double.
const patientTries = 10

// backOff is the wait before repetition number tries+1, given the first one and the
// longest. The first waits are equal: a datagram lost by chance should be
// repaired soon; after that they double.
func backOff(first, longest time.Duration, tries int) time.Duration {
	return min(first<<min(max(tries-patientTries, 0), 8), longest)
}

// probe is a Heartbeat whose answers tell how long a majority's take without a
// disk. An Accept can't where everything is repeated before the first answer can be
// here: nobody knows which of several was answered (Karn). A round of Heartbeats can,
// if it was sent once.
type probe struct {
	round  uint64
	sentAt protocol.Time // 0: there is none, or it was answered
	heard  protocol.Tally
}

// probing is called when a Heartbeat of a round is sent: the first one, or again.
// A probe lasts until it is answered, or must be lost.
func (l *leadership) probing(now protocol.Time, first bool) {
	switch {
	case !first && l.probe.round == l.reads.round:
		l.probe = probe{}
	case first && (l.probe.sentAt == 0 || now.Sub(l.probe.sentAt) >= l.cfg.ElectionMin):
		l.probe = probe{round: l.reads.round, sentAt: now}
	}
}

// probed counts an answer. Only what is longer than the estimate is of use: the
// estimate has the disks in it. An answer that took as long as an election comes
// from a pause, not from the network.
func (p *Proposer) probed(now protocol.Time, from protocol.NodeID, round uint64) {
	l := &p.lead
	if l.probe.sentAt == 0 || round != l.probe.round {
		return
	}
	l.probe.heard = p.members.Add(l.probe.heard, from)
	if !p.coversNext(l.probe.heard) {
		return
	}
	if d := min(now.Sub(l.probe.sentAt), p.cfg.ElectionMin); d > l.rtt.mean {
		l.rtt.sample(d)
	}
	l.probe = probe{}
}
