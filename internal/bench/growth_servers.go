package bench

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/histogram"
	"paxos/internal/servers"
	"paxos/server/listclient"
	"paxos/server/value"
)

// serverGrower is three list servers. The load comes from one Go client with as many
// callers as commands shall be on their way.
type serverGrower struct {
	*servers.Cluster
	options *GrowthOptions
	client  *listclient.Client
	words   *words
}

func (o *GrowthOptions) startServers(ctx context.Context, dir string) (grower, error) {
	c, err := servers.New(servers.Options{Dir: dir, Binary: o.Binary})
	if err != nil {
		return nil, err
	}
	g := &serverGrower{Cluster: c, options: o, words: newWords(o.Bytes)}
	if err := g.begin(ctx); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *serverGrower) begin(ctx context.Context) (err error) {
	if err := g.StartAll(); err != nil {
		return err
	}
	if err := g.WaitReady(ctx); err != nil {
		return err
	}
	g.client, err = listclient.New(listclient.Config{Servers: g.Addresses()})
	return err
}

func (g *serverGrower) stop() error {
	g.client.Close()
	return g.StopAll()
}

func (g *serverGrower) close() {
	if g.client != nil {
		g.client.Close()
	}
	g.Close()
}

func (g *serverGrower) open(ctx context.Context, sessions int) error {
	return several(sessions, func() error { return fillSession(ctx, g.Addresses(), g.words) })
}

func (g *serverGrower) load(ctx context.Context, commands uint64) ([]Result, *meter, error) {
	m := startMeter(serversOf(g.Cluster), true)
	defer m.stop()
	results, err := g.options.appendMany(ctx, g.client, commands, g.words)
	return results, m, err
}

// fillSession opens a session and appends to it, some values at a time.
func fillSession(ctx context.Context, addresses []string, words *words) error {
	client, err := listclient.New(listclient.Config{Servers: addresses})
	if err != nil {
		return err
	}
	defer client.Close()
	for range sessionValues / sessionWindow {
		some := make([]value.Value, sessionWindow)
		for i := range some {
			some[i] = words.next()
		}
		if _, err := client.AppendAll(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// appendMany has callers append commands, each one after another.
func (o *GrowthOptions) appendMany(ctx context.Context, client *listclient.Client, commands uint64, words *words) ([]Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	log := stretches{every: o.Every, began: time.Now(), h: new(histogram.Histogram)}
	var begun atomic.Uint64
	var callers sync.WaitGroup
	for range o.InFlight {
		callers.Go(func() {
			for begun.Add(1) <= commands && ctx.Err() == nil {
				at := time.Now()
				if _, err := client.Append(ctx, words.next()); err != nil {
					stop(err)
					return
				}
				log.add(time.Since(at))
			}
		})
	}
	callers.Wait()
	log.close()
	return log.results, context.Cause(ctx)
}

// stretches are the results of a load, one for every so many commands.
type stretches struct {
	every uint64

	mu      sync.Mutex
	began   time.Time
	h       *histogram.Histogram
	results []Result
}

// add takes the latency of one command.
func (s *stretches) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.h.Add(d, 1); s.h.Count() >= s.every {
		s.end()
	}
}

// close ends the last stretch, if it has begun.
func (s *stretches) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.h.Count() > 0 {
		s.end()
	}
}

func (s *stretches) end() {
	now := time.Now()
	s.results = append(s.results, Result{
		Values: s.h.Count(), Elapsed: now.Sub(s.began), Ended: now,
		P50: s.h.Quantile(0.5), P99: s.h.Quantile(0.99), P999: s.h.Quantile(0.999), Max: s.h.Max(),
	})
	s.began, s.h = now, new(histogram.Histogram)
}

// words are random values of one size, cut from a pool: compression does nothing for them.
type words struct {
	pool string
	size int
	at   atomic.Uint64
}

func newWords(size int) *words {
	pool := make([]byte, 1<<20+size)
	_, _ = rand.Read(pool) // it never fails
	for i, b := range pool {
		const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"
		pool[i] = letters[b%64]
	}
	return &words{pool: string(pool), size: size}
}

// next is another value. It may be called by any goroutine.
func (w *words) next() value.Value {
	const step = 648_055 // the golden section of the pool: values that are near in the list are far apart in it
	at := int(w.at.Add(1) * step % (1 << 20))
	return value.String(w.pool[at : at+w.size])
}
