package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
)

// Process is a process of any role, or a list server, that has no goroutine, no
// clock and no randomness of its own: its owner says what happens when. It is the
// same runner, with the same disk, worker and snapshot server, as behind Run and
// StartServer; only that the owner calls what goroutines would do. So two processes
// that are driven alike do the same, bit for bit. Not for concurrent use.
//
// The first error of any method is the process's end (rule 9): all later calls
// return it, until Stop or Abandon.
type Process struct {
	r     *runner
	begun protocol.Time // Env.Now at the start
	err   error         // the end

	bounds []Bound // of Sizes
}

// Env is what a process takes from the world around it.
type Env struct {
	// Now is a monotonic clock, above 0. It may run fast or slow.
	Now    func() protocol.Time
	Random func() uint64
	Watch  Watch
}

// errAbandoned is what an abandoned process answers.
var errAbandoned = errors.New("the process was killed")

// OpenProcess restores a process from its store. The Receive of Options.Transport
// must not block; its Wake and WakeAt may do nothing: Deadline says when a turn is
// needed. Options.Entries is called by Turn. Once and Load have no effect.
func OpenProcess(o Options, env Env) (*Process, error) {
	p := &Process{begun: env.Now()}
	o.Once, o.Load = false, nil
	o.world = p.world(env)
	return p, p.open(o)
}

// OpenObserver is OpenProcess for an observer; see StartObserver.
func OpenObserver(o Options, env Env) (*Process, error) {
	p := &Process{begun: env.Now()}
	o.world = p.world(env)
	return p, p.open(observing(o))
}

// world is env as the runner wants it: its clock begins at 0 in each life.
func (p *Process) world(env Env) world {
	now := func() protocol.Time { return env.Now() - p.begun }
	return world{now: now, random: env.Random, inline: true, watch: env.Watch}
}

func (p *Process) open(o Options) error {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	r, err := open(o)
	if err != nil {
		p.err = err
		return err
	}
	p.r = r
	r.began()
	return nil
}

// Turn is one turn of the loop: it takes what the transport has, and what was done
// since the last one, steps the machine, sends what may leave, and hands records
// and background work over.
func (p *Process) Turn() error {
	return p.do(func() error {
		letters, err := p.r.in.receive()
		if err != nil {
			return err
		}
		return p.r.take(context.Background(), letters)
	})
}

// Deadline is when the next Turn is needed though nothing arrives: at once if
// there is news inside the process.
func (p *Process) Deadline() (protocol.Time, bool) {
	if p.err != nil {
		return 0, false
	}
	if p.r.again || len(p.r.worker.results) > 0 || p.r.box != nil && !p.r.box.empty() || p.r.failure.reason() != nil {
		return p.r.now() + p.begun, true
	}
	at, ok := p.r.deadline()
	return at + p.begun, ok
}

// Committing reports whether a group of records waits for the disk.
func (p *Process) Committing() bool { return p.err == nil && p.r.disk.waits() }

// BeginCommit says that the disk is at work on that group from now on: what is
// gathered until Commit goes into the next one. Without it Commit takes all that is
// there.
func (p *Process) BeginCommit() {
	if p.err == nil {
		p.r.disk.begin()
	}
}

// Commit makes one group of records durable, and then lets go what waited for them.
func (p *Process) Commit() error { return p.inside(p.r.disk.one) }

// Working reports whether a checkpoint or a part of a snapshot waits to be written.
func (p *Process) Working() bool { return p.err == nil && p.r.worker.waits() }

// Work writes one of them; the next Turn takes the result in.
func (p *Process) Work() error { return p.inside(p.r.worker.one) }

// Serving reports whether peers wait for parts of snapshots.
func (p *Process) Serving() bool { return p.err == nil && p.r.server.waits() }

// Serve answers them, or the first of them.
func (p *Process) Serve() error { return p.inside(p.r.server.one) }

// Fail ends the process for a reason of its owner's, as Server.Fail does.
func (p *Process) Fail(reason error) error { return p.do(func() error { return reason }) }

// inside does what one of the runner's goroutines would do: they tell failures to
// the loop.
func (p *Process) inside(work func()) error {
	return p.do(func() error {
		work()
		return p.r.failure.reason()
	})
}

func (p *Process) do(f func() error) error {
	if p.err == nil {
		p.err = f()
	}
	return p.err
}

// Stop shuts the process down cleanly: a leader hands over, what was gathered is
// made durable, a last checkpoint is written, transport and store are closed. After
// a failure it closes the store as it is and returns the failure; there is nothing
// to close where the process was never opened.
func (p *Process) Stop() error {
	if p.r == nil || errors.Is(p.err, errAbandoned) || errors.Is(p.err, ErrStopped) {
		return p.err
	}
	err := p.r.stop(p.err)
	p.err = ErrStopped
	if err != nil {
		p.err = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	return err
}

// Abandon is what kill -9 does: nothing of this process runs any more. Its files,
// its database and its transport are left to the owner.
func (p *Process) Abandon() { p.err = errAbandoned }
