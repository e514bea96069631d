package learner

import (
	"slices"
	"time"

	"paxos/protocol"
)

const (
	maxAsked = 1024 // instances that one round asks for
	maxRuns  = 32   // Asks of one round: runs of missing instances
)

// repair decides when to ask whom for missing decisions.
type repair struct {
	peer  int               // index of the peer whose turn it is
	asked []protocol.Peer   // who was asked since the last progress: a far one answers late
	upTo  protocol.Instance // the last instance asked for, 0: nothing was
	delay time.Duration
	at    protocol.Time // when to ask, if armed
	armed bool
}

func (r *repair) start(l *Learner) {
	r.delay = l.cfg.AskDelay
	if n := len(l.cfg.Peers); n > 0 {
		r.peer = l.rand.IntN(n)
	}
}

// waitsFor reports whether p was asked, and nothing has come since.
func (r *repair) waitsFor(p protocol.Peer) bool { return r.upTo > 0 && slices.Contains(r.asked, p) }

// pace is called after every event. Progress moves the alarm, and where it
// completes an answer that came for an Ask, the next lot is asked for at once.
func (r *repair) pace(l *Learner, now protocol.Time, progress bool, out *protocol.Output) {
	if progress {
		r.delay, r.asked = l.cfg.AskDelay, r.asked[:0]
	}
	switch {
	case !l.gap() || len(l.cfg.Peers) == 0:
		r.armed, r.upTo = false, 0
	case progress && r.upTo > 0 && l.next > r.upTo && l.next <= l.watermark:
		r.ask(l, now, out)
	case progress || !r.armed:
		r.alarm(now)
	}
}

func (r *repair) alarm(now protocol.Time) { r.armed, r.at = true, now.Add(r.delay) }

// tick asks when the time has come: another peer than before, if there was no
// progress since, and after a longer pause each time, with some jitter, so that
// learners that lost the same datagram do not ask in step for ever.
func (r *repair) tick(l *Learner, now protocol.Time, out *protocol.Output) {
	if !r.armed || now < r.at {
		return
	}
	if r.upTo > 0 {
		r.peer = (r.peer + 1) % len(l.cfg.Peers)
	}
	r.ask(l, now, out)
	r.delay = min(2*r.delay, l.cfg.MaxAskDelay)
	r.alarm(now)
	r.at = r.at.Add(time.Duration(l.rand.Int64N(int64(r.delay)/4 + 1)))
}

// ask asks for the missing instances from next on, run by run, as many as the
// answers may take in the own buffer, judging by the values delivered lately,
// with a quarter to spare: an answer that is cut short costs a pause.
func (r *repair) ask(l *Learner, now protocol.Time, out *protocol.Output) {
	target := l.cfg.Peers[r.peer]
	if !slices.Contains(r.asked, target) {
		r.asked = append(r.asked, target)
	}
	left := min(max(l.cfg.ReplyBytes*3/4/(l.meanSize+protocol.DecisionOverhead), 1), maxAsked)
	last := l.watermark
	if last < l.next {
		last = l.seen
	}
	last = min(last, l.next+protocol.Instance(l.cfg.MaxAhead)-1)
	for run, n := l.missing(l.next, last, left), 0; run.Valid() && n < maxRuns; n++ {
		out.SendTo(target, &protocol.Ask{Target: target, Span: run})
		l.stats.Asked++
		r.upTo = run.Last
		left -= int(run.Len())
		run = l.missing(run.Last+1, last, left)
	}
	r.alarm(now)
}

// missing returns the first run of at most limit undecided instances from i on.
func (l *Learner) missing(i, last protocol.Instance, limit int) protocol.Span {
	for i <= last && l.has(i) {
		i++
	}
	end := i
	for end <= last && end-i < protocol.Instance(limit) && !l.has(end) {
		end++
	}
	if end == i {
		return protocol.Span{}
	}
	return protocol.Span{First: i, Last: end - 1}
}

func (l *Learner) has(i protocol.Instance) bool {
	return i <= l.open.top && l.open.at(i).decided
}
