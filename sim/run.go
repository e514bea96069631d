package sim

import (
	"fmt"
	"runtime/debug"
	"time"
)

// Run carries one run out. The same options give the same result. It panics on
// options that make no sense; see Options.Check.
func Run(o Options) *Result {
	if err := o.Check(); err != nil {
		panic(fmt.Sprintf("sim: %v", err))
	}
	w := newWorld(o)
	failure := w.run()
	w.abandon()
	r := &Result{
		Seed: o.Seed, Shape: w.plan.shape, Acceptors: w.plan.acceptors, Clients: w.plan.clients,
		Steps: min(w.events, o.steps()), Events: w.events, Simulated: w.now, Hash: w.digest.sum,
		Faults: w.nemesis.begun(), Counts: w.all(), Failure: failure,
	}
	return r
}

// run lets everything happen, and returns the check that did not hold, if any. A
// panic of production code is such a one: it names a broken invariant.
func (w *world) run() (failure *Failure) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failed:
			failure = p.Failure
		default:
			failure = &Failure{Check: "panic", Message: fmt.Sprintf("%v\n%s", p, debug.Stack()), Event: w.events, At: w.now}
		}
	}()
	w.begin()
	for w.events < w.options.steps() {
		w.step()
	}
	w.heal()
	w.settle()
	w.compare("after the healing")
	w.restartAll()
	w.settle()
	w.compare("after a restart of all")
	return nil
}

// begin starts everything: the machines one after another, within a moment.
func (w *world) begin() {
	for _, h := range w.hosts {
		if w.network.streams {
			h.address = w.founders[h.number].Address
		}
		w.later(time.Duration(h.rng.Int64N(int64(20*time.Millisecond))), h.start)
	}
	if w.network.streams {
		w.later(seekEvery, w.seek)
	}
	if w.plan.images.on {
		w.later(backupEvery, w.backUp)
	}
	w.nemesis.start()
	w.work.start()
}

// heal ends all faults. From now on everything must come to its end.
func (w *world) heal() {
	w.note("all is healed")
	w.healed = true
	w.plan.rates = rates{}
	w.nemesis.heal()
	for _, h := range w.hosts {
		h.ambush = ambush{}
		h.start()
	}
	w.work.drain()
}

// settleEvents is how many events it may take after the healing until all has come
// to its end.
const settleEvents = 300_000

// settle goes on until everything that is open has come to its end.
func (w *world) settle() {
	for begun := w.events; ; {
		for range 64 {
			w.step()
		}
		if w.settled() && w.straightened() == "" {
			return
		}
		if w.events-begun > settleEvents {
			w.fail("liveness", "%d events after everything was healed, at %v: %s; %s", settleEvents, w.now, w.waitsFor(), w.straightened())
		}
	}
}

// straightened says what the engine's half still waits for: a change of the
// members, and strangers that somebody who knows better must have stopped.
func (w *world) straightened() string {
	if w.operator.busy() {
		return "the operator's change of the members is not done"
	}
	for _, h := range w.hosts {
		if h.up() && h.stranger() && h.found() {
			return fmt.Sprintf("%v stands on a new store, its leader knows the old one, and it was not stopped", h)
		}
	}
	return ""
}

// found reports whether somebody leads who knows the store that the host stood on
// before, and nobody disputes it: whoever met the newcomer first takes that for the
// true one, and then neither is stopped.
func (h *host) found() (found bool) {
	for _, x := range h.w.hosts {
		store, known := x.pins[h.peer.ID]
		switch {
		case x == h || !x.up():
		case known && store == h.process.Store():
			return false
		case known && x.leads && !x.stranger():
			found = true
		}
	}
	return found
}

// restartAll stops all processes cleanly, and starts them again.
func (w *world) restartAll() {
	w.note("all are restarted")
	for _, h := range w.hosts {
		if h.up() {
			h.stop()
		}
	}
	for _, h := range w.hosts {
		h.start()
	}
}
