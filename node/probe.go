package node

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"
)

// Probe is for looking at a process while it runs. The loop tells what it has when
// it is asked, between two turns, and does nothing as long as nobody asks. The
// zero value is ready; give it to one process, as Options.Probe.
type Probe struct {
	asked   atomic.Bool
	subject atomic.Pointer[subject]

	patience time.Duration // probePatience, but for tests

	one   sync.Mutex // held by who asks
	last  Figures    // what the loop told last
	since time.Time  // when it was first asked and did not answer; zero: it did
}

// subject is what a Probe looks at.
type subject struct {
	wake  func()
	aside func(*Figures) // adds what need not be asked of the loop
	told  chan Figures   // one place
	ended chan struct{}
}

// probePatience is how long the loop has to answer.
const probePatience = time.Second

// Figures tells how the process is, false before it has restored its store. It
// may be called by anybody, and takes a second at most: where the loop does not answer
// in time, Figures.Unanswered says so, and what the loop told last is told again.
func (p *Probe) Figures() (Figures, bool) {
	p.one.Lock()
	defer p.one.Unlock()
	s := p.subject.Load()
	if s == nil {
		return Figures{}, false
	}
	p.takeLate(s)
	p.ask(s)
	f := p.last
	s.aside(&f)
	if !p.since.IsZero() {
		f.Unanswered = time.Since(p.since)
	}
	return f, true
}

// takeLate takes the answer to a question that was given up.
func (p *Probe) takeLate(s *subject) {
	select {
	case p.last = <-s.told:
		p.since = time.Time{}
	default:
	}
}

func (p *Probe) ask(s *subject) {
	began := time.Now()
	p.asked.Store(true)
	s.wake()
	patience := time.NewTimer(cmp.Or(p.patience, probePatience))
	defer patience.Stop()
	select {
	case p.last = <-s.told:
		p.since = time.Time{}
	case <-s.ended:
	case <-patience.C:
		if p.since.IsZero() {
			p.since = began
		}
	}
}

// attach begins with a process whose first figures are these.
func (p *Probe) attach(wake func(), aside func(*Figures), first Figures) {
	s := &subject{wake: wake, aside: aside, told: make(chan Figures, 1), ended: make(chan struct{})}
	s.told <- first
	p.subject.Store(s)
}

// wanted reports whether the loop was asked since it last told. It is called each
// turn.
func (p *Probe) wanted() bool { return p != nil && p.asked.Load() }

// tell answers.
func (p *Probe) tell(f Figures) {
	p.asked.Store(false)
	select {
	case p.subject.Load().told <- f:
	default: // nobody waits any more for the answer before
	}
}

// detach says that the process has ended.
func (p *Probe) detach() {
	if p != nil {
		close(p.subject.Load().ended)
	}
}
