package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"paxos/internal/servers"
	"paxos/internal/torture/history"
	"paxos/server/listclient"
)

// serverWorkload is what clients do to the list of list servers.
type serverWorkload struct {
	cluster  *serverFleet
	recorder *history.Recorder
	counters *counters
	register bool // only its last value counts
	limit    time.Duration

	goClient  *listclient.Client // shared, as it is meant to be
	entrances *entrances

	values  atomic.Int64 // appended so far; the next one is one more
	longest atomic.Int64 // list that anybody saw
	moved   atomic.Int64 // entries, in answers with whole lists
}

func newServerWorkload(f *serverFleet, network *servers.Network, o *Options, r *history.Recorder, c *counters) (*serverWorkload, error) {
	w := &serverWorkload{cluster: f, recorder: r, counters: c, register: o.Workload == Register, limit: o.TimeLimit}
	addresses := f.Addresses()
	if network != nil {
		var err error
		if w.entrances, err = openEntrances(network, addresses); err != nil {
			return nil, err
		}
		addresses = w.entrances.addresses
	}
	var err error
	w.goClient, err = listclient.New(listclient.Config{Servers: addresses, Timeout: time.Second, GiveUp: 20 * time.Second})
	return w, err
}

func (w *serverWorkload) close() {
	w.cluster.Client().CloseIdleConnections()
	if w.goClient != nil {
		_ = w.goClient.Close() // what was under way is recorded by whoever asked
	}
	if w.entrances != nil {
		w.entrances.close()
	}
}

// deed is one kind of operation.
type deed uint8

const (
	appendOne     deed = iota // by POST /v1/list
	appendOld                 // by the old endpoint, which answers with the whole list
	appendSession             // by the Go client, in a session
	readLength
	readEntry
	readWhole
	readLast // the register's value
)

func (d deed) appends() bool { return d <= appendSession }

// whole says if the answer is the whole list.
func (d deed) whole() bool { return d == appendOld || d == readWhole }

// The mixes, out of a hundred.
var (
	appendMix   = map[deed]int{appendOne: 35, appendOld: 5, appendSession: 15, readLength: 20, readEntry: 20, readWhole: 5}
	registerMix = map[deed]int{appendOne: 35, appendSession: 15, readLast: 50}
)

// wholeBudget is how many entries all answers with whole lists may have together, spread
// evenly over the run: there are the more of them the shorter the list is.
const wholeBudget = 2_000_000

// draw draws a deed.
func (w *serverWorkload) draw(r *rand.Rand) deed {
	mix := appendMix
	if w.register {
		mix = registerMix
	}
	at := r.IntN(100)
	for d := appendOne; d <= readLast; d++ {
		if at -= mix[d]; at < 0 {
			return w.affordable(d)
		}
	}
	panic("torture: a mix has not a hundred parts")
}

// affordable replaces a deed that asks for the whole list where too many of them were
// carried around already.
func (w *serverWorkload) affordable(d deed) deed {
	if !d.whole() {
		return d
	}
	share := min(1, float64(w.recorder.Now())/float64(w.limit))
	if float64(w.moved.Load()+w.longest.Load()) <= share*wholeBudget {
		return d
	}
	if d == appendOld {
		return appendOne
	}
	return readLength
}

// saw notes how long somebody saw the list.
func (w *serverWorkload) saw(length int64) {
	for {
		longest := w.longest.Load()
		if length <= longest || w.longest.CompareAndSwap(longest, length) {
			return
		}
	}
}

// serverClient is a client that asks random servers for random things.
type serverClient struct {
	*caller
	diary
	w    *serverWorkload
	name string
	only int // if not 0, the one server that it asks, to append
}

func (w *serverWorkload) client(number int, r *rand.Rand) client { return w.newClient(number, r) }

func (w *serverWorkload) newClient(number int, r *rand.Rand) *serverClient {
	return &serverClient{
		caller: newCaller(w.cluster.Count(), r), diary: newDiary(w.recorder, w.counters),
		w: w, name: fmt.Sprintf("client-%d", number),
	}
}

func (w *serverWorkload) probes(r *rand.Rand) (all []client) {
	for i := range w.cluster.Count() {
		c := w.newClient(0, r)
		c.name, c.only = fmt.Sprintf("probe-%d", i+1), i+1
		all = append(all, c)
	}
	return all
}

func (c *serverClient) one(ctx context.Context) (bool, error) {
	if c.only > 0 {
		return c.do(ctx, c.only, appendOne, time.Second)
	}
	i := c.choose()
	done, err := c.do(ctx, i+1, c.w.draw(c.random), c.patience())
	if !done {
		c.silent(i)
	}
	return done, err
}

// do does and records one operation.
func (c *serverClient) do(ctx context.Context, server int, d deed, patience time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q := question{deed: d, server: server}
	f, value := history.Read, any(nil)
	if d.appends() {
		q.value = c.w.values.Add(1)
		f, value = history.Append, any(q.value)
	} else {
		longest := c.w.longest.Load()
		q.index = max(0, longest-1)
		if d == readEntry {
			q.index = c.random.Int64N(longest + 2)
		}
	}
	if c.w.register && d.appends() {
		f = history.Write
	}
	c.recorder.InvokeAt(c.process, f, value, c.name, c.node(d, server))
	a, err := c.w.ask(ctx, &q)
	return c.end(d.appends(), a, err)
}

// node is what the history says of who was asked.
func (c *serverClient) node(d deed, server int) string {
	if d == appendSession {
		return "" // the Go client chooses, and may ask several
	}
	return c.w.cluster.all[server-1].name
}

// finalPatience is how long the servers may take to have one list.
const finalPatience = 2 * time.Minute

// final waits until all servers have one list, and then reads it at each of them,
// for the history.
func (w *serverWorkload) final(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, finalPatience, fmt.Errorf("not within %s", finalPatience))
	defer cancel()
	var why error
	for {
		if why = w.sameLists(ctx); why == nil {
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("all is healed, but the servers do not all have the same list: %w: %w", context.Cause(ctx), why)
		}
		sleep(ctx, 50*time.Millisecond)
	}
	for i := range w.cluster.Count() {
		if err := w.readFinal(ctx, i+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *serverWorkload) sameLists(ctx context.Context) error {
	var first []int64
	for i := 1; i <= w.cluster.Count(); i++ {
		values, err := w.wholeList(ctx, i)
		if err != nil {
			return err
		}
		if i == 1 {
			first = values
		} else if !slices.Equal(first, values) {
			return fmt.Errorf("server 1 has %d entries, server %d has %d, or others", len(first), i, len(values))
		}
	}
	return nil
}

// readFinal records what a server has in the end.
func (w *serverWorkload) readFinal(ctx context.Context, server int) error {
	process := w.recorder.NewProcess()
	w.recorder.InvokeAt(process, history.Read, nil, "final", w.cluster.all[server-1].name)
	values, err := w.wholeList(ctx, server)
	switch {
	case err != nil:
		w.recorder.Fail(process, short(err))
		return fmt.Errorf("read the list of server %d in the end: %w", server, err)
	case !w.register:
		w.recorder.OK(process, history.List(values))
	case len(values) == 0:
		w.recorder.OK(process, nil)
	default:
		w.recorder.OK(process, values[len(values)-1])
	}
	return nil
}

// wholeList reads the list of a server, as text with one value a line.
func (w *serverWorkload) wholeList(ctx context.Context, server int) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.cluster.URL(server, "/v1/list?format=ndjson"), nil)
	if err != nil {
		return nil, err
	}
	answer, err := w.cluster.Client().Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, failure(answer)
	}
	return readLines(answer)
}
