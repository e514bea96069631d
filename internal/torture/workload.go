package torture

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// workload is what clients do. Its methods may be called by any goroutine.
type workload interface {
	// client makes one that does one thing at a time.
	client(number int, r *rand.Rand) client
	// probe makes one that only appends, for each way into the cluster.
	probes(r *rand.Rand) []client
	// final reads what is there in the end, at every member that can be asked, once all of
	// them say the same. It fails if they never do.
	final(ctx context.Context) error
	// close ends what the clients share.
	close()
}

// client does and records one operation after another.
type client interface {
	// one does one operation, and reports whether it was done. The error is the
	// workload's own, or an answer that nobody may give: the run ends.
	one(ctx context.Context) (done bool, err error)
}

// counters count operations by their ends.
type counters struct{ ok, fail, info atomic.Int64 }

// player is a client, and how long it pauses after an operation.
type player struct {
	client
	pace func() time.Duration
}

// crowd is clients at play.
type crowd struct {
	stop    context.CancelFunc
	playing sync.WaitGroup
}

// play lets clients play until wait is called, or ctx ends. failed is told why one can't.
func play(ctx context.Context, players []player, failed func(error)) *crowd {
	on, stop := context.WithCancel(ctx)
	c := &crowd{stop: stop}
	for _, p := range players {
		c.playing.Go(func() {
			for on.Err() == nil {
				if _, err := p.one(ctx); err != nil {
					failed(err)
					return
				}
				sleep(on, p.pace())
			}
		})
	}
	return c
}

// wait lets the clients finish what they have begun, and waits for that.
func (c *crowd) wait() {
	c.stop()
	c.playing.Wait()
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stagger is how long a client pauses after an operation so that all of them together
// keep to a rate: any time up to twice of what is needed, as Jepsen's stagger.
func stagger(rate float64, clients int, r *rand.Rand) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(r.Float64() * 2 * float64(clients) / rate * float64(time.Second))
}
