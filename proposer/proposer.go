package proposer

import (
	"math/rand/v2"
	"time"

	"paxos/protocol"
)

// state is how far a proposer is on its way to leading.
type state uint8

const (
	standby    state = iota // follows a leader, or waits for one
	canvassing              // asks the acceptors whether they miss a leader
	preparing               // phase 1 under its own ballot
	catchingUp              // phase 1 is done, but its own list is behind a trim point (rule 6)
	leading                 // phase 2
)

func (s state) String() string {
	return [...]string{"standby", "canvassing", "preparing", "catching up", "leading"}[s]
}

// Proposer is the core. It is not safe for concurrent use.
type Proposer struct {
	cfg     Config
	rng     *rand.Rand
	started bool
	state   state
	applied protocol.Instance // what the own list stands for

	round    uint64          // the highest round that was ever recorded for this proposer (rule 3)
	ballot   protocol.Ballot // of its last candidacy
	highest  protocol.Ballot // seen of any other proposer
	pins     pins
	members  protocol.Membership // who votes, as the applied state says
	election election
	phase1   phase1
	lead     leadership
	admit    admission
	stats    Stats
}

// Stats counts what a proposer did since its start.
type Stats struct {
	Candidacies   uint64 // ballots used
	Leaderships   uint64 // phases 1 completed
	StepDowns     uint64 // leaderships lost or given up
	Values        uint64 // proposed, without no-ops and repetitions
	Commands      uint64 // in them
	Bytes         uint64 // in them
	Retransmitted uint64 // Accepts sent again
	Dropped       uint64 // runs dropped because a bound was reached
	Refused       uint64 // Submits and Opens refused because an acceptor's disk is nearly full
	Reads         uint64 // Reads answered
	ReadRounds    uint64 // rounds of heartbeats begun for them
	ReadsDropped  uint64 // Reads dropped because too many askers wait
	Yields        uint64 // leaderships handed over; they count as StepDowns, too
	TooLong       uint64 // Submits dropped because of a command that fits no value here: its client has a larger MTU
	Strangers     uint64 // messages from stores that are not pinned
	Disputed      int    // acceptors that do not count here, because pins of their stores contradict each other
	Window        int    // bytes of Accepts that may be under way now
	InFlight      int    // values under way now
	Fills         uint64 // no-ops proposed so that a change of the membership takes effect
	Queued        int    // bytes of commands that wait now
	Full          bool   // this leader admits no commands now: an acceptor's disk is nearly full
	RTO           time.Duration
}

// New makes a proposer that stands by. Its first Tick is due at once.
func New(cfg Config, restored Restored, sessions Sessions) *Proposer {
	cfg = cfg.withDefaults()
	p := &Proposer{
		cfg:     cfg,
		rng:     rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.Self.ID))),
		applied: restored.Applied,
		round:   restored.Round,
		pins:    newPins(cfg, restored),
		members: protocol.Unchanging(cfg.Quorum),
		lead:    newLeadership(cfg),
		admit:   newAdmission(cfg, sessions),
	}
	return p
}

// start draws the first candidacy's time: an empty network should have a
// leader soon, and a live leader is heard within this time or found by Canvass.
func (p *Proposer) start(now protocol.Time) {
	if !p.started {
		p.started = true
		p.election.standAt = now.Add(p.jitter(0, p.cfg.StartupMax))
	}
}

// jitter draws a duration from low to high.
func (p *Proposer) jitter(low, high time.Duration) time.Duration {
	return low + time.Duration(p.rng.Int64N(int64(high-low)+1))
}

// Step takes one message. Messages that are not for a proposer are ignored.
func (p *Proposer) Step(now protocol.Time, from protocol.Sender, m protocol.Message, out *protocol.Output) {
	p.start(now)
	switch m := m.(type) {
	case *protocol.Submit:
		p.onSubmit(m.Run)
	case *protocol.Open:
		p.onOpen(m.Nonce)
	case *protocol.Heartbeat:
		p.hearLeader(now, m.Ballot)
	case *protocol.Accept:
		p.hearLeader(now, m.Ballot)
	case *protocol.Prepare:
		p.hearCandidate(now, m.Ballot)
	case *protocol.Read:
		p.onRead(from.Peer, m.ID)
	case *protocol.Reconfigure:
		p.onReconfigure(&m.Change)
	case *protocol.Yield:
		p.onYield(now, from.ID, m, out)
	default:
		p.stepAcceptor(now, from, m, out)
	}
}

// stepAcceptor takes what only acceptors say. It counts for nothing unless it
// comes from the store that the acceptor is pinned to (rule 10).
func (p *Proposer) stepAcceptor(now protocol.Time, from protocol.Sender, m protocol.Message, out *protocol.Output) {
	switch m.(type) {
	case *protocol.Accepted, *protocol.HeartbeatAck, *protocol.Promise, *protocol.Support, *protocol.Refuse, *protocol.Trimmed:
	default:
		return
	}
	if elected := p.state >= catchingUp; !p.pins.check(now, elected, from, out) {
		return
	}
	switch m := m.(type) {
	case *protocol.Accepted:
		p.onAccepted(now, from.ID, m)
	case *protocol.HeartbeatAck:
		p.onHeartbeatAck(now, from.ID, m, out)
	case *protocol.Promise:
		p.onPromise(now, from.ID, m, out)
	case *protocol.Support:
		p.onSupport(now, from.ID, m, out)
	case *protocol.Refuse:
		p.onRefuse(now, m)
	case *protocol.Trimmed:
		p.onTrimmed(now, m.Trim)
	}
}

// Applied says that the own list now stands for instance i: the one after the
// last one, with the effects it had, or any later one by a snapshot, with none.
func (p *Proposer) Applied(now protocol.Time, i protocol.Instance, e *protocol.Effects, out *protocol.Output) {
	p.start(now)
	if i <= p.applied {
		return
	}
	if e != nil && i != p.applied+1 {
		panic("proposer: instance " + i.String() + " applied after " + p.applied.String() + ": not in order")
	}
	p.applied = i
	switch p.state {
	case catchingUp:
		p.tryLead(now, out)
	case leading:
		if p.goesOn(now, i) {
			p.answer(e, out)
			p.answerReads(out)
		}
	}
}

// Flush ends a batch of events: what was admitted is packed and proposed as
// far as the windows allow, and what was applied is acknowledged.
func (p *Proposer) Flush(now protocol.Time, out *protocol.Output) {
	if p.state == preparing && p.phase1.more != 0 {
		p.askForMore(out)
	}
	if p.state != leading || p.outgrown(now, out) {
		return
	}
	p.proposeRecovered(now, out)
	p.proposeQueued(now, out)
	p.proposeChanges(now, out)
	p.confirmReads(now, out)
	p.sendAnswers(out)
}

// Tick does what is due at now.
func (p *Proposer) Tick(now protocol.Time, out *protocol.Output) {
	p.start(now)
	switch p.state {
	case standby:
		p.tickStandby(now, out)
	case canvassing:
		p.tickCanvass(now, out)
	case preparing:
		p.tickPhase1(now, out)
	case catchingUp, leading:
		p.tickLeader(now, out)
	}
}

// Deadline says when the next Tick is due; there always is one.
func (p *Proposer) Deadline() (protocol.Time, bool) {
	if !p.started {
		return 0, true
	}
	switch p.state {
	case standby:
		return p.election.standAt, true
	case canvassing:
		return p.election.resendAt, true
	case preparing:
		return min(p.phase1.resendAt, p.phase1.giveUpAt), true
	}
	at := p.lead.beatAt
	if p.lead.retransmitAt != 0 {
		at = min(at, p.lead.retransmitAt)
	}
	if readsAt, due := p.lead.reads.due(); due {
		at = min(at, readsAt)
	}
	return at, true
}

// Leading reports whether the proposer is in phase 2.
func (p *Proposer) Leading() bool { return p.state == leading }

// Ballot is the proposer's own, of its last candidacy; zero before the first.
func (p *Proposer) Ballot() protocol.Ballot { return p.ballot }

// Leader is who leads as far as this proposer knows: itself, or whom it heard
// last; 0 while it looks for one.
func (p *Proposer) Leader() protocol.NodeID {
	switch p.state {
	case leading, catchingUp:
		return p.cfg.Self.ID
	case standby:
		return p.election.leader.Proposer
	}
	return 0
}

// Reported is the last instance with a vote in the promises that elected this proposer; 0
// if it is not elected. No later instance was decided below its ballot, for the acceptors
// of a decision and those of the promises have one in common.
func (p *Proposer) Reported() protocol.Instance {
	if p.state < catchingUp {
		return 0
	}
	return p.lead.votes.last
}

// Stats returns the counters and gauges of this moment.
func (p *Proposer) Stats() Stats {
	s := p.stats
	s.Dropped, s.TooLong = p.admit.dropped, p.admit.tooLong
	s.Strangers, s.Disputed = p.pins.strangers, p.pins.disputed.Count()
	s.Window, s.InFlight = p.lead.congestion, p.lead.inFlight
	s.Queued, s.RTO = p.admit.queued, p.lead.rtt.timeout(p.cfg, 1)
	s.Full = p.lead.full
	return s
}

// own reports whether b is a ballot of this very process.
func (p *Proposer) own(b protocol.Ballot) bool {
	return b.Proposer == p.cfg.Self.ID && b.Incarnation == p.cfg.Incarnation
}
