package sim

import (
	"context"
	"sync"
	"time"
)

// ManyOptions say which seeds to run, and how.
type ManyOptions struct {
	// Run is what all runs have in common; its Seed and Trace do not count.
	Run Options
	// From and To are the first and the last seed.
	From, To uint64
	// Workers is how many runs go on at the same time; 0 means one.
	Workers int
	// KeepGoing runs all seeds, whatever fails; otherwise no run begins after one
	// that failed.
	KeepGoing bool
	// Each, if not nil, is told of every run that has ended, one at a time. The
	// order is that in which they end.
	Each func(*Result)

	run func(Options) *Result // nil: Run
}

// Many is what came of many runs.
type Many struct {
	Seeds     uint64        // runs that have ended
	Events    uint64        // in all of them
	Simulated time.Duration // in all of them
	Elapsed   time.Duration // by the clock on the wall
	Failures  []*Result     // those that failed, by their seeds
	Slowest   *Result       // the run with the most events; nil if there was none
	Complete  bool          // no seed was left out
}

// First is the failure with the lowest seed, nil if there was none. It does not
// depend on the number of workers: seeds are begun in their order, and what was
// begun is ended.
func (m *Many) First() *Result {
	if len(m.Failures) == 0 {
		return nil
	}
	return m.Failures[0]
}

// RunMany runs the seeds one after the other, by as many workers as it is told, until
// all are done, one has failed, or ctx ends. Each run itself has one thread.
func RunMany(ctx context.Context, o ManyOptions) Many {
	if o.run == nil {
		o.run = Run
	}
	began := time.Now()
	m := &many{ManyOptions: o, ctx: ctx, next: o.From, none: o.From > o.To}
	var workers sync.WaitGroup
	for range max(o.Workers, 1) {
		workers.Go(m.work)
	}
	workers.Wait()
	m.out.Elapsed = time.Since(began)
	m.out.Complete = m.none
	return m.out
}

// many hands out seeds and gathers results.
type many struct {
	ManyOptions
	ctx context.Context

	mu   sync.Mutex
	next uint64 // the next seed to begin
	none bool   // there is none any more
	stop bool   // no other run begins
	out  Many
}

func (m *many) work() {
	for {
		seed, ok := m.take()
		if !ok {
			return
		}
		o := m.Run
		o.Seed, o.Trace = seed, nil
		m.took(m.run(o))
	}
}

// take hands out the next seed.
func (m *many) take() (seed uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.none || m.stop || m.ctx.Err() != nil {
		return 0, false
	}
	seed = m.next
	m.next++
	m.none = seed == m.To
	return seed, true
}

// took adds the result of a run.
func (m *many) took(r *Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out.Seeds++
	m.out.Events += uint64(r.Events)
	m.out.Simulated += r.Simulated
	if m.out.Slowest == nil || r.Events > m.out.Slowest.Events {
		m.out.Slowest = r
	}
	if r.Failure != nil {
		m.out.addFailure(r)
		m.stop = !m.KeepGoing
	}
	if m.Each != nil {
		m.Each(r)
	}
}

func (m *Many) addFailure(r *Result) {
	at := len(m.Failures)
	for at > 0 && m.Failures[at-1].Seed > r.Seed {
		at--
	}
	m.Failures = append(m.Failures, nil)
	copy(m.Failures[at+1:], m.Failures[at:])
	m.Failures[at] = r
}
