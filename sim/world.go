package sim

import (
	"fmt"
	"time"

	"paxos/node"
	"paxos/protocol"
)

// world is one run: the clock, the events to come, and all that takes part.
type world struct {
	options   Options
	plan      plan
	now       time.Duration // since the beginning of the world
	queue     queue
	serial    uint64
	events    int // that happened so far
	healed    bool
	digest    digest
	trace     *trace
	counts    map[string]int
	tally     tally
	hosts     []*host
	quorum    protocol.Quorum // that the cluster began with
	founders  []node.Member   // the same as list servers have it
	decided   protocol.Instance
	observers int // so far

	network  *network
	nemesis  *nemesis
	operator operator
	judge    *judge
	work     *workload
}

// newWorld makes all that takes part. Nothing runs yet.
func newWorld(o Options) *world {
	w := &world{options: o, counts: map[string]int{}, tally: newTally()}
	if o.Trace != nil {
		w.trace = &trace{out: o.Trace}
	}
	w.plan = newPlan(w.random("plan"), w.random("images"), &w.options)
	w.network = newNetwork(w)
	w.operator.w = w
	w.found()
	w.nemesis = newNemesis(w)
	w.judge = newJudge(w)
	w.work = newWorkload(w)
	return w
}

// found puts the machines in their places.
func (w *world) found() {
	voter := protocol.RoleAcceptor
	if w.network.streams {
		voter = protocol.RoleServer
	}
	var ids []protocol.NodeID
	for i := range w.plan.acceptors {
		id := protocol.NodeID(i + 1)
		ids = append(ids, id)
		w.founders = append(w.founders, node.Member{ID: id, Address: fmt.Sprintf("founder-%d", id), Voter: true})
	}
	quorum, err := protocol.NewQuorum(ids...)
	if err != nil {
		panic(fmt.Sprintf("sim: %v", err))
	}
	w.quorum = quorum
	for _, id := range ids {
		w.newHost(protocol.Peer{Role: voter, ID: id}).founder = true
	}
	if !w.network.streams {
		w.settleRoles(protocol.RoleProposer, w.plan.proposers)
		w.settleRoles(protocol.RoleLearner, w.plan.learners)
	}
}

func (w *world) settleRoles(role protocol.Role, n int) {
	for i := range n {
		w.newHost(protocol.Peer{Role: role, ID: protocol.NodeID(i + 1)})
	}
}

// after lets do happen some time from now, as an event of its own.
func (w *world) after(d time.Duration, do func()) {
	w.schedule(event{at: w.now + max(d, 0), kind: eventAction, do: do})
}

// later is after for the network and the machines.
func (w *world) later(d time.Duration, do func()) {
	w.schedule(event{at: w.now + d, kind: eventTimer, do: do})
}

func (w *world) schedule(e event) {
	w.serial++
	e.serial = w.serial
	w.queue.push(e)
}

// count counts something for Result.Counts.
func (w *world) count(what string, n int) { w.counts[what] += n }

// failed is what ends a run whose check did not hold.
type failed struct{ *Failure }

// fail ends the run: a check did not hold.
func (w *world) fail(check, format string, args ...any) {
	panic(failed{&Failure{Check: check, Message: fmt.Sprintf(format, args...), Event: w.events, At: w.now}})
}

// note adds a line to the trace, about something within the present event. It
// costs nothing where there is none.
func (w *world) note(format string, args ...any) {
	if w.trace != nil {
		w.trace.note(format, args...)
	}
}

// step lets the next event happen.
func (w *world) step() {
	e := w.queue.pop()
	w.now = e.at
	if w.trace != nil {
		w.trace.begin(w.events+1, w.now, e.kind)
	}
	if !w.happens(e) {
		return
	}
	w.events++
	w.digest.event(&e)
}

// happens carries an event out. It reports false for what has become pointless
// since it was scheduled: that is no event.
func (w *world) happens(e event) bool {
	switch e.kind {
	case eventDelivery:
		return w.network.arrive(e.packet)
	case eventTurn, eventCommit, eventWork, eventServe, eventMachine:
		return e.host.happens(e)
	}
	e.do()
	return true
}
