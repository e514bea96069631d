package torture

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/config"
	"paxos/internal/servers"
	"paxos/internal/torture/history"
)

// roleWorkload is what clients do to the multicast roles: they submit values, and the
// learners print them.
type roleWorkload struct {
	fleet    *roleFleet
	config   config.Config
	network  *servers.Network
	recorder *history.Recorder
	counters *counters

	values atomic.Int64
	groups []*group

	mu    sync.Mutex
	acked []int64 // the values that were acknowledged
}

// perSession is how many processes of the history share one session: so values of one
// client are on their way together, and must be learned in their order all the same.
const perSession = 4

func newRoleWorkload(f *roleFleet, network *servers.Network, o *Options, r *history.Recorder, c *counters) (*roleWorkload, error) {
	w := &roleWorkload{fleet: f, network: network, recorder: r, counters: c}
	var err error
	if w.config, err = config.Load(f.ConfigPath()); err != nil {
		return nil, err
	}
	for i := range (o.Concurrency + perSession - 1) / perSession {
		w.groups = append(w.groups, &group{w: w, name: fmt.Sprintf("client-%d", i+1)})
	}
	return w, nil
}

func (w *roleWorkload) close() {
	for _, g := range w.groups {
		g.close()
	}
}

func (w *roleWorkload) client(number int, r *rand.Rand) client {
	return &roleClient{group: w.groups[(number-1)/perSession], process: w.recorder.NewProcess(), random: r}
}

func (w *roleWorkload) probes(r *rand.Rand) []client {
	g := &group{w: w, name: "probe"}
	w.groups = append(w.groups, g)
	return []client{&roleClient{group: g, process: w.recorder.NewProcess(), random: r}}
}

// group is the processes that share a session.
type group struct {
	w    *roleWorkload
	name string

	mu      sync.Mutex
	session *session
	opened  int // sessions so far
}

// get is the session of now.
func (g *group) get() (*session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session != nil {
		return g.session, nil
	}
	g.opened++
	var err error
	g.session, err = openSession(fmt.Sprintf("%s.%d", g.name, g.opened), &g.w.config, g.w.network)
	return g.session, err
}

// leave makes the next one of the group open another session, instead of s.
func (g *group) leave(s *session) {
	g.mu.Lock()
	if g.session != s {
		g.mu.Unlock()
		return
	}
	g.session = nil
	g.mu.Unlock()
	s.close()
}

func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session != nil {
		g.session.close()
		g.session = nil
	}
}

// roleClient is one process of the history.
type roleClient struct {
	group   *group
	process int
	random  *rand.Rand
}

// patience is how long it waits for an acknowledgement.
func (c *roleClient) patience() time.Duration {
	if c.random.IntN(10) == 0 {
		return 6 * time.Second
	}
	return time.Second
}

// leaveOneIn says how often a client that got no answer goes on in another session.
const leaveOneIn = 4

func (c *roleClient) one(ctx context.Context) (bool, error) {
	w := c.group.w
	s, err := c.group.get()
	if err != nil {
		return false, err
	}
	var value int64
	done := s.offer(func() int64 {
		value = w.values.Add(1)
		w.recorder.InvokeAt(c.process, history.Append, value, s.name, "")
		return value
	})
	select {
	case <-done:
		w.recorder.OK(c.process, value)
		w.counters.ok.Add(1)
		w.acknowledged(value)
		return true, nil
	case <-s.over:
		c.unknown(fmt.Sprintf("the session ended: %v", s.err))
		c.group.leave(s)
	case <-time.After(c.patience()):
		c.unknown("no acknowledgement in time")
		if c.random.IntN(leaveOneIn) == 0 {
			c.group.leave(s)
		}
	case <-ctx.Done():
		c.unknown("the run ends")
	}
	return false, nil
}

func (c *roleClient) unknown(why string) {
	c.process = c.group.w.recorder.Info(c.process, why)
	c.group.w.counters.info.Add(1)
}

// final waits until all learners have printed the same, and all that was acknowledged;
// then it takes what they printed as their reads.
func (w *roleWorkload) final(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, finalPatience, fmt.Errorf("not within %s", finalPatience))
	defer cancel()
	var why error
	for {
		if why = w.inStep(); why == nil {
			break
		}
		if ctx.Err() != nil {
			why = fmt.Errorf("all is healed, but the learners have not all printed the same: %w: %w", context.Cause(ctx), why)
			break
		}
		sleep(ctx, 100*time.Millisecond)
	}
	for _, i := range w.fleet.learners() {
		if err := w.readFinal(i); err != nil {
			return err
		}
	}
	return why
}

func (w *roleWorkload) acknowledged(value int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked = append(w.acked, value)
}

// inStep says why the learners are not in step.
func (w *roleWorkload) inStep() error {
	var first []byte
	for n, i := range w.fleet.learners() {
		text, err := os.ReadFile(w.fleet.output(i))
		if err != nil {
			return err
		}
		if n == 0 {
			first = text
		} else if !bytes.Equal(first, text) {
			return fmt.Errorf("one learner has printed %d bytes, %s has %d, or others", len(first), w.fleet.all[i].name, len(text))
		}
	}
	return w.allPrinted(first)
}

// allPrinted fails if a value is missing that was acknowledged.
func (w *roleWorkload) allPrinted(text []byte) error {
	values, err := parseLines(text)
	if err != nil {
		return err
	}
	there := make(map[int64]bool, len(values))
	for _, v := range values {
		there[v] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.acked {
		if !there[v] {
			return fmt.Errorf("value %d is acknowledged, and not among the %d that the learners have printed", v, len(values))
		}
	}
	return nil
}

// readFinal records what a learner has printed, and compares it with what it printed in
// its earlier lives.
func (w *roleWorkload) readFinal(i int) error {
	name, files := w.fleet.all[i].name, w.fleet.outputs(i)
	process := w.recorder.NewProcess()
	w.recorder.InvokeAt(process, history.Read, nil, "final", name)
	last := files[len(files)-1]
	text, err := os.ReadFile(last)
	if err != nil {
		w.recorder.Fail(process, short(err))
		return fmt.Errorf("read what %s printed: %w", name, err)
	}
	values, err := parseLines(text)
	if err != nil {
		w.recorder.Fail(process, short(err))
		return fmt.Errorf("%s: %w", last, err)
	}
	w.recorder.OK(process, history.List(values))
	for _, file := range files[:len(files)-1] {
		if err := isPrefix(file, text); err != nil {
			return err
		}
	}
	return nil
}

// isPrefix fails if whole lines of a file are not those that text begins with.
func isPrefix(file string, text []byte) error {
	earlier, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read what a learner printed: %w", err)
	}
	earlier = earlier[:bytes.LastIndexByte(earlier, '\n')+1]
	if !bytes.HasPrefix(text, earlier) {
		return fmt.Errorf("%s, of an earlier life of the learner, is not how its output of now begins", file)
	}
	return nil
}

// parseLines reads integers, one a line. What stands behind the last line is still being printed.
func parseLines(text []byte) (values []int64, err error) {
	for line := range bytes.Lines(text[:bytes.LastIndexByte(text, '\n')+1]) {
		v, err := strconv.ParseInt(string(bytes.TrimSuffix(line, []byte("\n"))), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a value that no client submitted: %w", err)
		}
		values = append(values, v)
	}
	return values, nil
}
