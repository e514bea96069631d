package node

import (
	"slices"
	"time"

	"paxos/client"
	"paxos/internal/histogram"
	"paxos/protocol"
)

// Load is a closed loop of commands, made by a client inside the proposer's
// own process: what a program sees that embeds the engine.
type Load struct {
	// Phases are taken one after the other. Whoever sends one wakes the transport
	// then; between two of them nothing is done. Once it is closed and
	// all phases are over, the process ends.
	Phases <-chan Phase
	// Payload returns the next payload, of n bytes, which is copied at once.
	Payload func(n int) []byte
	Seed    uint64
}

// Phase keeps InFlight commands of PayloadBytes unacknowledged, at first for
// Warmup, which does not count, and then for Duration, or, where Commands is not 0,
// until so many were acknowledged.
type Phase struct {
	InFlight     int // at most protocol.SessionWindow
	PayloadBytes int
	Warmup       time.Duration
	Duration     time.Duration
	Commands     uint64
	// Done is called once all of the phase's commands are acknowledged, or loadPatience
	// after its end, from the loop: it must not block.
	Done func(LoadReport)
}

// LoadReport is what a phase showed. Latency is from the moment at which a
// command was handed to the client to the moment of its acknowledgement.
type LoadReport struct {
	Acked   uint64 // in what counts of the phase, and so Elapsed and Latency
	Elapsed time.Duration
	Latency *histogram.Histogram
	All     uint64 // acknowledged, with those before and after
}

// loadPatience bounds the wait for a phase's last commands. They are never acknowledged
// where their session has expired, or the majority is lost.
const loadPatience = 10 * time.Second

// load runs a Load in the loop; nil does nothing.
type load struct {
	Load
	client  *client.Client
	machine *Machine
	self    protocol.Sender
	out     protocol.Output

	started []protocol.Time // when each command in flight was offered, by seq
	offered protocol.Seq
	acked   protocol.Seq
	part    loadPart
	since   protocol.Time // when it began
	phase   Phase
	report  LoadReport
	closed  bool
}

// loadPart is the part of a phase that is under way.
type loadPart int

const (
	loadNone loadPart = iota // no phase is
	loadWarming
	loadCounting
	loadEnding // its last commands are under way
)

func newLoad(l *Load, c *client.Client, m *Machine, self protocol.Sender) *load {
	return &load{Load: *l, client: c, machine: m, self: self, started: make([]protocol.Time, protocol.SessionWindow)}
}

func (l *load) finished() bool { return l != nil && l.closed }

// deadline is when the client or the phase needs a turn; 0: acknowledgements or a
// phase must come first.
func (l *load) deadline() protocol.Time {
	if l == nil || l.part == loadNone {
		return 0
	}
	at, _ := l.client.Deadline()
	if end, ok := l.partEnd(); ok && (at == 0 || end < at) {
		return end
	}
	return at
}

// partEnd is when the part under way ends, if the clock says so. What counts begins
// after the process's first acknowledgement, at the earliest.
func (l *load) partEnd() (end protocol.Time, timed bool) {
	switch l.part {
	case loadWarming:
		return l.since.Add(l.phase.Warmup), l.acked > 0
	case loadCounting:
		return l.since.Add(l.phase.Duration), l.phase.Commands == 0
	case loadEnding:
		return l.since.Add(loadPatience), true
	}
	return 0, false
}

// partOver says if the part under way has come to its end.
func (l *load) partOver(now protocol.Time) bool {
	end, timed := l.partEnd()
	switch {
	case timed && now >= end:
		return true
	case l.part == loadCounting && l.phase.Commands > 0:
		return l.report.Acked >= l.phase.Commands
	}
	return l.part == loadEnding && l.acked == l.offered
}

// step goes through the phase: it offers commands and hands the client's messages to the machine.
func (l *load) step(now protocol.Time) {
	if l == nil || l.closed {
		return
	}
	for (l.part != loadNone || l.take(now)) && l.partOver(now) {
		l.next(now)
	}
	if l.part == loadNone {
		return
	}
	if at, ok := l.client.Deadline(); ok && at <= now {
		l.client.Tick(now, &l.out)
	}
	l.offer(now)
	l.client.Flush(now, &l.out)
	l.pass(now)
}

// next goes on to the next part of the phase, and tells at its end.
func (l *load) next(now protocol.Time) {
	switch l.part {
	case loadCounting:
		l.report.Elapsed = now.Sub(l.since)
	case loadEnding:
		l.part = loadNone
		l.phase.Done(l.report)
		return
	}
	l.part, l.since = l.part+1, now
}

// take begins with the next phase, if there is one.
func (l *load) take(now protocol.Time) bool {
	select {
	case p, ok := <-l.Phases:
		if l.closed = !ok; ok {
			l.part, l.since, l.phase = loadWarming, now, p
			l.report = LoadReport{Latency: new(histogram.Histogram)}
		}
		return ok
	default:
		return false
	}
}

// offer fills up what is in flight.
func (l *load) offer(now protocol.Time) {
	if l.part == loadEnding {
		return
	}
	for int(l.offered-l.acked) < l.phase.InFlight && l.client.Offer(l.Payload(l.phase.PayloadBytes)) {
		l.offered++
		l.started[int(l.offered)%len(l.started)] = now
	}
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
	if l == nil || l.closed {
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
		l.report.All++
		if l.part == loadCounting {
			l.report.Acked++
			l.report.Latency.Add(now.Sub(l.started[int(l.acked)%len(l.started)]), 1)
		}
	}
}
