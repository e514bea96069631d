package sim

import (
	"math/rand/v2"
	"time"

	"paxos/protocol"
)

// host is a machine: a place in the network, disks, a clock, and a process that
// comes and goes. Its number is its place in world.hosts, and never changes.
type host struct {
	w       *world
	number  int
	peer    protocol.Peer
	address string // of a list server, as members have it
	end     *endpoint
	disk    *disk
	clock   clock
	rng     *rand.Rand // of its disk and processor
	founder bool       // it was there at the beginning

	// process is what runs here, nil while nothing does. life counts the processes
	// that ran here, from 1.
	process *process
	life    int
	era     int32 // changes whenever a process starts or ends: what it left to be done comes to nothing
	store   int   // which of its stores this is, from 0: another one when the disk was wiped
	stores  int   // how many stores it had
	ended   error // why the last process stopped by itself, nil if it did not
	lost    bool  // its store is gone or refused for good: nothing runs here any more
	gone    bool  // it was removed from the cluster, and switched off

	formatted bool // the store was opened once: it must be there ever after
	holds     int  // faults that keep it down
	leads     bool

	touched    bool          // something arrived since the last turn
	turnAt     time.Duration // when the next turn is due; 0: none is
	busy       time.Duration // until when the processor is
	paused     time.Duration // until when nothing runs here
	committing bool          // the disk is at it
	working    bool
	serving    bool
	going      bool      // the state machine is
	follower   *follower // nil: the process has no state machine
	ambush     ambush
	fetching   imageFetch

	trouble  trouble
	met      bool                                 // this process may have met damage that is mended now, and end for it in its next turn
	rate     float64                              // of its clock
	fed      uint64                               // entries that a learner has handed out
	pins     map[protocol.NodeID]protocol.StoreID // that its store remembers
	seedIDs  []protocol.NodeID                    // of list servers that it was told of, beside those that its list knows
	observer bool                                 // it only changes the members, and nobody watches it
}

// up reports whether a process runs here (it may be paused).
func (h *host) up() bool { return h.process != nil }

// time is what the clock of the running process shows.
func (h *host) time() protocol.Time { return h.clock.at(h.w.now) }

// voter reports whether the host has an acceptor in it.
func (h *host) voter() bool {
	return h.peer.Role == protocol.RoleAcceptor || h.peer.Role == protocol.RoleServer
}

// roles are the hosts of a role, in the order of their ids.
func (w *world) roles(r protocol.Role) []*host {
	var found []*host
	for _, h := range w.hosts {
		if h.peer.Role == r {
			found = append(found, h)
		}
	}
	return found
}

// touch lets the process take a turn soon: somebody asked it for something.
func (h *host) touch() {
	if !h.touched {
		h.touched = true
		h.wake(h.w.now + wakeDelay)
	}
}

// arrived lets it take a turn soon: a datagram arrived. Those that arrive shortly
// after come into the same turn.
func (h *host) arrived() {
	if !h.touched {
		h.touched = true
		h.wake(h.w.now + wakeDelay + time.Duration(h.rng.Int64N(int64(wakeJitter))))
	}
}

const (
	// wakeDelay, and up to wakeJitter more, is how long it takes to wake a process.
	wakeDelay, wakeJitter = 5 * time.Microsecond, 20 * time.Microsecond
	// turnTime is how long a turn takes at least: that much work gathers.
	turnTime = 10 * time.Microsecond
)

// wake makes a turn due at a time, or earlier if one is.
func (h *host) wake(at time.Duration) {
	at = max(at, h.busy, h.w.now)
	if h.turnAt != 0 && h.turnAt <= at {
		return
	}
	h.turnAt = at
	h.schedule(eventTurn, at)
}

func (h *host) schedule(k kind, at time.Duration) {
	h.w.schedule(event{at: at, kind: k, host: h, era: h.era})
}

// happens carries out an event of the host, and reports whether it was one: not if
// it belongs to a process that has ended, or has moved to a later time.
func (h *host) happens(e event) bool {
	switch {
	case e.era != h.era || !h.up():
		return false
	case e.kind == eventTurn && e.at != h.turnAt:
		return false
	case h.w.now < h.paused:
		h.postpone(e.kind)
		return false
	}
	switch e.kind {
	case eventTurn:
		return h.turn()
	case eventCommit:
		h.committing = false
		h.does("commit", h.process.Commit)
	case eventWork:
		h.working = false
		h.does("work", h.process.Work)
	case eventServe:
		h.serving = false
		h.does("serve", h.process.Serve)
	case eventMachine:
		h.going = false
		h.does("machine", h.follower.step)
	}
	return true
}

// postpone moves what falls into a pause behind it.
func (h *host) postpone(k kind) {
	if k == eventTurn {
		h.turnAt = h.paused
	}
	h.schedule(k, h.paused)
}

// turn is one turn of the process, if one is needed: an alarm may have been put
// off meanwhile.
func (h *host) turn() bool {
	h.turnAt = 0
	if !h.touched {
		if at, ok := h.process.Deadline(); !ok || at > h.time() {
			h.setAlarm()
			return false
		}
	}
	h.touched = false
	h.busy = h.w.now + turnTime
	h.does("turn", h.process.Turn)
	if h.up() {
		h.observe()
		if !h.observer {
			h.w.judge.turned(h)
		}
	}
	return true
}

// does lets the process do something, and sees to what comes of it.
func (h *host) does(what string, do func() error) {
	h.w.tally.steps[what]++
	if err := do(); err != nil {
		h.ends(what, err)
		return
	}
	if h.follower != nil {
		h.w.judge.looksAtImages(h, what)
		if h.ambushed() {
			return
		}
	}
	h.follow()
}

// follow sees to what the process needs next: its disk, its worker, its server of
// snapshots, its state machine, an alarm.
func (h *host) follow() {
	p := h.process
	if !h.committing && p.Committing() {
		h.committing = true
		h.schedule(eventCommit, h.w.now+h.latency(h.w.plan.fsync))
	}
	if !h.working && p.Working() {
		h.working = true
		h.schedule(eventWork, h.w.now+h.latency(20*h.w.plan.fsync))
	}
	if !h.serving && p.Serving() {
		h.serving = true
		h.schedule(eventServe, h.w.now+h.latency(200*time.Microsecond))
	}
	if h.follower != nil && !h.going && h.follower.wants() {
		h.going = true
		h.schedule(eventMachine, h.w.now+h.latency(h.w.plan.images.pace))
	}
	h.setAlarm()
}

// latency is how long something takes on the disk that takes so long at best: one
// time in fifty much longer.
func (h *host) latency(best time.Duration) time.Duration {
	d := best + time.Duration(h.rng.Int64N(int64(best)))
	if h.rng.IntN(50) == 0 {
		d *= 20
	}
	return d
}

func (h *host) setAlarm() {
	if at, ok := h.process.Deadline(); ok {
		h.wake(h.clock.when(at))
	}
}

// observe counts what a turn has shown.
func (h *host) observe() {
	if leads := h.process.Leads(); leads != h.leads {
		if h.leads = leads; leads {
			h.w.tally.elections++
		}
		h.w.note("%v leads: %v, with ballot %v", h, leads, h.process.Ballot())
	}
}

// setRate lets the machine's clock run at another rate, also in its next lives.
func (h *host) setRate(rate float64) {
	h.rate = rate
	h.clock.drift(h.w.now, rate)
	h.resume()
}

// resume looks again when a turn is due: the clock, or a pause, is another one.
func (h *host) resume() {
	if h.up() {
		h.turnAt = 0
		h.touched = true
		h.wake(h.w.now + wakeDelay)
	}
}
