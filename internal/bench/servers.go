package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"paxos/internal/histogram"
	"paxos/internal/servers"
	"paxos/server/listclient"
	"paxos/server/value"
)

// ServerOptions say what is measured of list servers.
type ServerOptions struct {
	Dir      string // where the cluster's folder goes; empty: see folder
	Binary   string // see servers.Options
	Callers  []int  // operations on their way at once
	Bytes    int    // of a value
	Duration time.Duration
	Rounds   int
	// Progress, if not nil, is told what is measured now.
	Progress func(round int, what string, callers int)
}

// ServerReport is what was measured of three list servers.
type ServerReport struct {
	Started time.Time    `json:"started"`
	Seconds float64      `json:"seconds"` // of each phase
	Rounds  int          `json:"rounds"`
	Bytes   int          `json:"bytes"`
	Machine Machine      `json:"machine"`
	Cells   []ServerCell `json:"cells"`
	// PeakAnon is the most anonymous memory that each server had, in bytes.
	PeakAnon []int64 `json:"peak_anon"`
}

// ServerCell is one kind of operation with so many callers.
type ServerCell struct {
	What      string        `json:"what"`
	Callers   int           `json:"callers"`
	PerSecond float64       `json:"per_second"`
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	// CPUSecondsPerMillion is CPU time of the servers for a million operations.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"`
}

// The kinds of operations.
const (
	ClientAppend = "append, Go client"
	ClientGet    = "linearizable read, Go client"
	PlainAppend  = "append, one HTTP request each"
	PlainGet     = "linearizable read, one HTTP request each"
	EmptyHandler = "empty HTTP handler"
)

// RunServers measures three list servers, each a process, on loopback. All phases
// take turns on the same cluster, so that a bad minute of the machine hits them alike.
func RunServers(ctx context.Context, o ServerOptions) (r ServerReport, err error) {
	r = ServerReport{Started: time.Now(), Seconds: o.Duration.Seconds(), Rounds: o.Rounds, Bytes: o.Bytes}
	if o.Dir, err = folder(o.Dir); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if r.Machine, err = probe(o.Dir); err != nil {
		return r, err
	}
	c, err := servers.New(servers.Options{Dir: filepath.Join(o.Dir, "servers"), Binary: o.Binary})
	if err != nil {
		return r, err
	}
	defer c.Close()
	b, err := newServerBench(ctx, o, c)
	if err != nil {
		return r, err
	}
	defer b.close()
	if r.Cells, err = b.rounds(ctx); err != nil {
		return r, err
	}
	r.PeakAnon = b.peaks
	return r, c.StopAll()
}

// serverBench is a running cluster with the clients that load it.
type serverBench struct {
	ServerOptions
	cluster *servers.Cluster
	client  *listclient.Client
	empty   *http.Server
	body    []byte
	emptyAt string
	peaks   []int64
}

func newServerBench(ctx context.Context, o ServerOptions, c *servers.Cluster) (*serverBench, error) {
	if err := c.StartAll(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		return nil, err
	}
	client, err := listclient.New(listclient.Config{Servers: c.Addresses()})
	if err != nil {
		return nil, err
	}
	b := &serverBench{ServerOptions: o, cluster: c, client: client, peaks: make([]int64, c.Count())}
	b.body = []byte(fmt.Sprintf(`{"value": %q}`, strings.Repeat("x", o.Bytes)))
	if err := b.startEmpty(); err != nil {
		client.Close()
		return nil, err
	}
	_, err = client.Append(ctx, value.String(strings.Repeat("x", o.Bytes)))
	return b, err
}

// startEmpty starts what net/http can do at most: a handler that reads the body
// and answers two bytes. It runs in this process: that is an advantage.
func (b *serverBench) startEmpty() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.emptyAt = l.Addr().String()
	b.empty = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	})}
	go func() { _ = b.empty.Serve(l) }()
	return nil
}

func (b *serverBench) close() {
	b.client.Close()
	b.empty.Close()
}

// operations are the kinds that take turns, and how a caller gets ready for one.
func (b *serverBench) operations() []operation {
	v := value.String(strings.Repeat("x", b.Bytes))
	return []operation{
		{ClientAppend, all(func(ctx context.Context) error { _, err := b.client.Append(ctx, v); return err })},
		{ClientGet, all(func(ctx context.Context) error { _, err := b.client.Get(ctx, 0); return err })},
		{PlainAppend, b.plain(http.MethodPost, "/v1/list", b.body)},
		{PlainGet, b.plain(http.MethodGet, "/v1/list/0", nil)},
		{EmptyHandler, func(ctx context.Context, _ int) (func(context.Context) error, func(), error) {
			return connect(ctx, b.emptyAt, http.MethodPost, "/", b.body)
		}},
	}
}

// operation is what all callers of a phase repeat. begin gets one of them ready.
type operation struct {
	what  string
	begin func(ctx context.Context, caller int) (do func(context.Context) error, end func(), err error)
}

// all is for what needs no preparation.
func all(do func(context.Context) error) func(context.Context, int) (func(context.Context) error, func(), error) {
	return func(context.Context, int) (func(context.Context) error, func(), error) { return do, func() {}, nil }
}

// plain spreads the callers over the servers, each with a connection of its own.
func (b *serverBench) plain(method, path string, body []byte) func(context.Context, int) (func(context.Context) error, func(), error) {
	return func(ctx context.Context, caller int) (func(context.Context) error, func(), error) {
		return connect(ctx, b.cluster.Address(caller%b.cluster.Count()+1), method, path, body)
	}
}

func connect(ctx context.Context, address, method, path string, body []byte) (func(context.Context) error, func(), error) {
	p, err := dialPlain(ctx, address, method, path, body)
	if err != nil {
		return nil, nil, err
	}
	return p.do, p.close, nil
}

// rounds measures everything Rounds times and returns the medians.
func (b *serverBench) rounds(ctx context.Context) (cells []ServerCell, err error) {
	var all [][]ServerCell
	for round := range b.Rounds {
		at := 0
		for _, callers := range b.Callers {
			for _, op := range b.operations() {
				if b.Progress != nil {
					b.Progress(round+1, op.what, callers)
				}
				cell, err := b.phase(ctx, op, callers)
				if err != nil {
					return nil, fmt.Errorf("%s, %d at once: %w", op.what, callers, err)
				}
				if round == 0 {
					all = append(all, nil)
				}
				all[at] = append(all[at], cell)
				at++
			}
		}
	}
	for _, c := range all {
		slices.SortFunc(c, func(a, b ServerCell) int { return cmp.Compare(a.PerSecond, b.PerSecond) })
		cells = append(cells, c[(len(c)-1)/2])
	}
	return cells, nil
}

// phase lets so many callers repeat an operation. What ends within the time that
// follows the warm-up counts.
func (b *serverBench) phase(ctx context.Context, op operation, callers int) (ServerCell, error) {
	ctx, cancel := context.WithTimeout(ctx, b.Duration+warmup+patience)
	defer cancel()
	dos := make([]func(context.Context) error, callers)
	for i := range dos {
		do, done, err := op.begin(ctx, i)
		if err != nil {
			return ServerCell{}, err
		}
		defer done()
		dos[i] = do
	}
	begin := time.Now().Add(warmup)
	end := begin.Add(b.Duration)
	var latency latencies
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { errs[i] = repeat(ctx, dos[i], begin, end, &latency) })
	}
	time.Sleep(time.Until(begin))
	before := b.look()
	time.Sleep(time.Until(end))
	cpu := b.look() - before
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return ServerCell{}, err
	}
	h := &latency.h
	n := max(float64(h.Count()), 1)
	return ServerCell{
		What: op.what, Callers: callers, PerSecond: n / b.Duration.Seconds(),
		P50: h.Quantile(0.5), P99: h.Quantile(0.99), CPUSecondsPerMillion: cpu.Seconds() / n * 1e6,
	}, nil
}

// latencies is a histogram that many may add to.
type latencies struct {
	mu sync.Mutex
	h  histogram.Histogram
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.h.Add(d, 1)
}

func repeat(ctx context.Context, do func(context.Context) error, begin, end time.Time, l *latencies) error {
	for {
		started := time.Now()
		if err := do(ctx); err != nil {
			return err
		}
		now := time.Now()
		if now.After(end) {
			return nil
		}
		if now.After(begin) {
			l.add(now.Sub(started))
		}
	}
}

// look returns the CPU time of the servers so far, and notes their memory.
func (b *serverBench) look() (cpu time.Duration) {
	for i := range b.peaks {
		if u, err := b.cluster.Usage(i + 1); err == nil {
			cpu += u.CPU
			b.peaks[i] = max(b.peaks[i], u.RSSAnon)
		}
	}
	return cpu
}
