package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// nemesis breaks things according to a schedule, and mends them again. The
// schedule is drawn before the run: each kind of fault comes at times of its own,
// and each fault has a source of randomness of its own, so that to leave one out
// does not change the others.
type nemesis struct {
	w        *world
	schedule []Fault
	next     int // in the schedule; those before have begun
	mending  map[int]func()
}

// breaker is what a kind of scheduled fault does. begin breaks something and
// returns what mends it, nil if nothing is to be mended; it fills in the fault's
// Target and What. It finds out whether the fault is within what the protocol
// promises to survive, and says so if not: then nothing happens.
type breaker struct {
	begin       func(w *world, f *Fault, r *rand.Rand) (mend func())
	least, most time.Duration // that it lasts
}

// horizon bounds the schedule, which is drawn before anybody knows how long the
// run is.
const (
	horizon   = 10 * time.Minute
	maxFaults = 2000
)

func newNemesis(w *world) *nemesis {
	n := &nemesis{w: w, mending: map[int]func(){}}
	for _, kind := range faultKinds {
		if gap := w.plan.gap[kind]; gap > 0 {
			n.draw(kind, gap)
		}
	}
	slices.SortStableFunc(n.schedule, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	n.schedule = n.schedule[:min(len(n.schedule), maxFaults)]
	for i := range n.schedule {
		n.schedule[i].Number = i
		n.schedule[i].Left = slices.Contains(w.options.Without, i)
	}
	return n
}

// draw draws the times of the faults of one kind.
func (n *nemesis) draw(kind string, gap time.Duration) {
	r := n.w.random("schedule " + kind)
	b := scheduled[kind]
	for at := time.Duration(0); at < horizon && len(n.schedule) < 10*maxFaults; {
		at += gap/4 + time.Duration(r.Int64N(int64(2*gap)))
		f := Fault{Kind: kind, At: at}
		if b.most > 0 {
			f.Until = at + between(r, b.least, b.most)
		}
		n.schedule = append(n.schedule, f)
	}
}

// start lets the next fault of the schedule begin when its time has come.
func (n *nemesis) start() {
	if n.next == len(n.schedule) {
		return
	}
	n.w.schedule(event{at: n.schedule[n.next].At, kind: eventFault, do: n.begin})
}

// begin begins one fault. Those that were to come after the healing never do.
func (n *nemesis) begin() {
	if n.w.healed {
		return
	}
	f := &n.schedule[n.next]
	n.next++
	n.start()
	if f.Left {
		return
	}
	mend := scheduled[f.Kind].begin(n.w, f, n.w.random("fault", uint64(f.Number)))
	n.w.note("fault %d, %s: %s %s", f.Number, f.Kind, f.Target, f.What)
	if mend == nil {
		return
	}
	n.mending[f.Number] = mend
	n.w.schedule(event{at: max(f.Until, n.w.now), kind: eventFault, do: func() { n.end(f.Number) }})
}

// end mends what a fault has broken, once.
func (n *nemesis) end(number int) {
	mend := n.mending[number]
	if mend == nil {
		return
	}
	delete(n.mending, number)
	n.w.note("fault %d is over", number)
	mend()
}

// heal mends everything, in the order of the schedule.
func (n *nemesis) heal() {
	for number := range n.next {
		n.end(number)
	}
}

// begun are the faults that have had their time, for the Result.
func (n *nemesis) begun() []Fault { return slices.Clone(n.schedule[:n.next]) }

// scheduled is what the kinds of scheduled faults do.
var scheduled = map[string]breaker{
	faultPartition:  {breakPartition, 20 * time.Millisecond, 5 * time.Second},
	faultOneWay:     {breakOneWay, 20 * time.Millisecond, 5 * time.Second},
	faultCrash:      {breakCrash, time.Millisecond, 3 * time.Second},
	faultRestart:    {breakRestart, time.Millisecond, 3 * time.Second},
	faultPause:      {breakPause, time.Millisecond, 3 * time.Second},
	faultDrift:      {breakDrift, 100 * time.Millisecond, 10 * time.Second},
	faultJump:       {breakJump, 0, 0},
	faultWriteError: {breakWrite, 100 * time.Millisecond, 5 * time.Second},
	faultSyncError:  {breakSync, 100 * time.Millisecond, 5 * time.Second},
	faultFullDisk:   {breakFull, 100 * time.Millisecond, 5 * time.Second},
	faultRotLog:     {breakLog, 50 * time.Millisecond, 5 * time.Second},
	faultRotDB:      {breakDatabase, 50 * time.Millisecond, 5 * time.Second},
	faultWipe:       {breakWipe, 200 * time.Millisecond, 10 * time.Second},
	faultSwap:       {breakSwap, 50 * time.Millisecond, 5 * time.Second},
	faultMembers:    {breakMembers, 0, 0},
	faultTransfer:   {breakTransfer, 0, 0},
}

const impossible = "not now: it would be more than the protocol promises to survive, or there is nothing to break"

// done counts a fault that has happened, and says what it was.
func (w *world) done(f *Fault, target, what string) {
	f.Target, f.What = target, what
	w.count("fault "+f.Kind, 1)
}

// victim chooses whom a fault befalls: the leader, one that votes, or anybody; nil
// if nobody suits.
func (w *world) victim(r *rand.Rand, suits func(*host) bool) *host {
	var all, voters, leaders []*host
	for _, h := range w.hosts {
		if h.lost || h.gone || !suits(h) {
			continue
		}
		all = append(all, h)
		if h.voter() {
			voters = append(voters, h)
		}
		if h.up() && h.leads {
			leaders = append(leaders, h)
		}
	}
	choice := r.IntN(3)
	at := r.Uint64()
	for _, list := range [][]*host{leaders, voters, all}[choice:] {
		if len(list) > 0 {
			return list[at%uint64(len(list))]
		}
	}
	return nil
}

func anybody(*host) bool { return true }

func running(h *host) bool { return h.up() }
