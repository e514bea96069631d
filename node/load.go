package node

import (
	"math/rand/v2"
	"slices"
	"time"

	"paxos/client"
	"paxos/internal/histogram"
	"paxos/protocol"
)

// Load is a closed loop of commands, made by a client inside the proposer's
// own process: what a program sees that embeds the engine.
type Load struct {
	Phases []Phase
	// Done is called after each phase, from the loop.
	Done func(LoadReport)
	Seed uint64
}

// Phase keeps InFlight commands of PayloadBytes random bytes unacknowledged, at
// first for Warmup, which does not count, and then for Duration, or, where Commands
// is not 0, until so many were acknowledged.
type Phase struct {
	InFlight     int // at most protocol.SessionWindow
	PayloadBytes int
	Warmup       time.Duration
	Duration     time.Duration
	Commands     uint64
}

// LoadReport is what a phase showed. Latency is from the moment at which a
// command was handed to the client to the moment of its acknowledgement.
type LoadReport struct {
	Phase
	Acked   uint64
	Elapsed time.Duration
	Latency *histogram.Histogram
}

// load runs a Load in the loop; nil does nothing.
type load struct {
	Load
	client   *client.Client
	machine  *Machine
	self     protocol.Sender
	out      protocol.Output
	payloads []byte // random bytes that payloads are cut from
	at       int
	rng      *rand.Rand

	started []protocol.Time // when each command in flight was offered, by seq
	offered protocol.Seq
	acked   protocol.Seq
	phase   int
	begin   protocol.Time // of the phase's counted part; 0: still warming up
	warm    protocol.Time
	report  LoadReport
}

const loadPool = 1 << 20

func newLoad(l *Load, c *client.Client, m *Machine, self protocol.Sender) *load {
	rng := rand.New(rand.NewPCG(l.Seed, 1))
	pool := make([]byte, loadPool)
	for i := range pool {
		pool[i] = byte(rng.Uint32())
	}
	return &load{
		Load: *l, client: c, machine: m, self: self, payloads: pool, rng: rng,
		started: make([]protocol.Time, protocol.SessionWindow),
	}
}

func (l *load) deadline() protocol.Time {
	if l == nil || l.finished() {
		return 0
	}
	at, ok := l.client.Deadline()
	end, timed := l.phaseEnd()
	switch {
	case !timed && !ok:
		return 0
	case !timed || ok && at < end:
		return at
	}
	return end
}

// phaseEnd is when the warm-up or the phase ends, if the clock says so.
func (l *load) phaseEnd() (end protocol.Time, timed bool) {
	p := l.Phases[l.phase]
	if l.begin == 0 {
		return l.warm.Add(p.Warmup), true
	}
	return l.begin.Add(p.Duration), p.Commands == 0
}

// over says if the warm-up or the phase has come to its end.
func (l *load) over(now protocol.Time) bool {
	if end, timed := l.phaseEnd(); timed {
		return now >= end
	}
	return l.report.Acked >= l.Phases[l.phase].Commands
}

func (l *load) finished() bool { return l != nil && l.phase == len(l.Phases) }

// step offers commands and hands the client's messages to the machine.
func (l *load) step(now protocol.Time) {
	if l == nil || l.finished() {
		return
	}
	l.turnPhase(now)
	if l.finished() {
		return
	}
	if at, ok := l.client.Deadline(); ok && at <= now {
		l.client.Tick(now, &l.out)
	}
	p := l.Phases[l.phase]
	for int(l.offered-l.acked) < p.InFlight && l.client.Offer(l.payload(p.PayloadBytes)) {
		l.offered++
		l.started[int(l.offered)%len(l.started)] = now
	}
	l.client.Flush(now, &l.out)
	l.pass(now)
}

// turnPhase ends the warm-up and the phase when they are over.
func (l *load) turnPhase(now protocol.Time) {
	if l.warm == 0 {
		l.warm = now
	}
	if !l.over(now) {
		return
	}
	if l.begin == 0 {
		if l.acked > 0 { // count from the first acknowledgement on, at the earliest
			l.begin = now
			l.report = LoadReport{Phase: l.Phases[l.phase], Latency: new(histogram.Histogram)}
		}
		return
	}
	l.report.Elapsed = now.Sub(l.begin)
	l.Done(l.report)
	l.phase++
	l.begin, l.warm = 0, now
}

func (l *load) payload(n int) []byte {
	if l.at+n > len(l.payloads) {
		l.at = l.rng.IntN(64)
	}
	p := l.payloads[l.at : l.at+n]
	l.at += n
	return p
}

// pass hands what the client sends to the machine.
func (l *load) pass(now protocol.Time) {
	for _, s := range l.out.Now {
		l.machine.Step(now, l.self, detached(s.Msg))
	}
	l.out.Now = l.out.Now[:0]
}

// settle takes what is for clients out of the machine's output, gives it to
// this client, and hands the commands that there is room for then to the machine.
func (l *load) settle(now protocol.Time) {
	if l == nil || l.finished() {
		return
	}
	taken := l.machine.TakeSends(protocol.GroupClients)
	if len(taken) == 0 {
		return
	}
	for _, s := range taken {
		l.client.Step(now, l.self, s.Msg, &l.out)
	}
	l.count(now)
	l.step(now)
	l.machine.Settle(now)
}

// detached copies what aliases the client's memory, as a network would.
func detached(m protocol.Message) protocol.Message {
	if submit, ok := m.(*protocol.Submit); ok {
		run := submit.Run
		run.Block = slices.Clone(run.Block)
		return &protocol.Submit{Run: run}
	}
	return m
}

// count takes the latencies of what was acknowledged since.
func (l *load) count(now protocol.Time) {
	for acked := l.client.Acked(); l.acked < acked; {
		l.acked++
		if l.begin != 0 {
			l.report.Acked++
			l.report.Latency.Add(now.Sub(l.started[int(l.acked)%len(l.started)]), 1)
		}
	}
}
