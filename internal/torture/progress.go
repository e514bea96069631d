package torture

import (
	"context"
	"sync"
	"time"
)

// Progress is how a run goes.
type Progress struct {
	Phase          string        // what the run does now
	Elapsed        time.Duration // since it began
	OK, Fail, Info int64         // operations of the clients so far
	Active         []string      // nemeses that do harm now
}

// tellEvery is how often a run tells how it goes.
const tellEvery = 200 * time.Millisecond

// enter says what the run does now.
func (r *run) enter(phase string) { r.phase.Store(phase) }

// tell tells now and then how it goes, until stop is called.
func (r *run) tell(ctx context.Context) (stop func()) {
	if r.Progress == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	began := time.Now()
	telling.Go(func() {
		for ctx.Err() == nil {
			phase, _ := r.phase.Load().(string)
			r.Progress(Progress{
				Phase: phase, Elapsed: time.Since(began), Active: r.deeds.active(),
				OK: r.counters.ok.Load(), Fail: r.counters.fail.Load(), Info: r.counters.info.Load(),
			})
			sleep(ctx, tellEvery)
		}
	})
	return func() {
		cancel()
		telling.Wait()
	}
}
