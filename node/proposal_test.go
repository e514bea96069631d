package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"paxos/protocol"
)

// outcome is what Propose said of a payload.
type outcome struct {
	payload string
	index   any // the result of hurried
	err     error
}

// propose proposes payloads, each in a goroutine of its own, and tells what became
// of them.
func propose(ctx func() context.Context, s *Server, payloads ...string) <-chan outcome {
	told := make(chan outcome, len(payloads))
	for _, p := range payloads {
		go func() {
			index, err := s.Propose(ctx(), []byte(p))
			told <- outcome{p, index, err}
		}()
	}
	return told
}

// hurried answers proposals with their index, some at once and some later, and fails
// some of them.
func hurried(readers *sync.WaitGroup) func([]*Proposal) {
	return func(proposals []*Proposal) {
		for _, p := range proposals {
			switch p.Index() % 4 {
			case 0:
				p.Fail(fmt.Errorf("%w: by the reader", ErrUnknown))
			case 1:
				p.Finish(p.Index())
			default:
				readers.Go(func() { p.Finish(p.Index()) })
			}
		}
	}
}

// Answers, contexts that end and the server's end meet in all orders. Each caller
// gets one answer, and its own, though the Proposals are used again and again; and
// what is said to be not done stands nowhere.
func TestEveryProposalGetsItsOwnAnswerOnce(t *testing.T) {
	for round := range 2 {
		c := newTestCluster(t, 1)
		var readers sync.WaitGroup
		c.tune = func(o *Options) { o.Placed = hurried(&readers) }
		s := c.startServer(1)
		if _, err := s.Propose(patient(t), []byte("first")); err != nil && !errors.Is(err, ErrUnknown) {
			t.Fatal(err)
		}
		const callers, each = 32, 60
		told := make(chan outcome, callers*each)
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(round), uint64(caller)))
				for n := range each {
					payload := fmt.Sprintf("%d.%d", caller, n)
					ctx, cancel := context.WithTimeout(patient(t), []time.Duration{0, time.Duration(rng.IntN(2000)) * time.Microsecond, time.Hour}[rng.IntN(3)])
					index, err := s.Propose(ctx, []byte(payload))
					cancel()
					told <- outcome{payload, index, err}
					if n == each/2 && caller == 0 {
						go s.cancel() // as Stop does
					}
				}
			})
		}
		all.Wait()
		close(told)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		readers.Wait()
		c.judge(told)
	}
}

// judge starts the only server of a cluster again and compares its list with what
// was told.
func (c *testCluster) judge(told <-chan outcome) {
	c.t.Helper()
	c.tune = func(o *Options) { o.Init = false }
	s := c.startServer(1)
	if err := s.Barrier(patient(c.t)); err != nil {
		c.t.Fatal(err)
	}
	entries := entriesOf(c.t, s)
	times := map[string]int{}
	for _, e := range entries {
		times[e]++
	}
	for o := range told {
		switch n := times[o.payload]; {
		case o.err == nil && (n != 1 || entries[o.index.(uint64)] != o.payload):
			c.t.Errorf("%s was answered with place %v, and stands %d times in the list", o.payload, o.index, n)
		case o.err != nil && !errors.Is(o.err, ErrUnknown) && n > 0, n > 1:
			c.t.Errorf("%s stands %d times in the list: %v", o.payload, n, o.err)
		}
	}
}

// A server that ends answers what it never got to: what waits for a majority, what
// waits for room in the window, and what the loop has not looked at.
func TestTheEndAnswersEveryProposal(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) {
		o.Placed = func([]*Proposal) { t.Error("there is no majority") }
		o.Budgets.Desk = 64 << 10
	}
	s := c.startServer(1)
	ctx := func() context.Context { return patient(t) }
	large := make([]string, 100) // more than the window
	for i := range large {
		large[i] = fmt.Sprintf("%01500d", i)
	}
	under := propose(ctx, s, large...)
	for s.Status().Waiting < len(large) {
		time.Sleep(time.Millisecond)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	s.r.box.ask(func(now protocol.Time) { close(held); <-hold })
	<-held
	unseen := propose(ctx, s, numbered("unseen", 20)...)
	for waiting := 0; waiting < 20; {
		s.r.box.mu.Lock()
		waiting = len(s.r.box.asks)
		s.r.box.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	s.cancel()
	close(hold)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	unknown := 0
	for range large {
		o := <-under
		if !errors.Is(o.err, ErrStopped) {
			t.Errorf("under way at the end: %v", o.err)
		}
		if errors.Is(o.err, ErrUnknown) {
			unknown++
		}
	}
	if unknown == 0 || unknown == len(large) {
		t.Errorf("of %d, others may have heard of %d: want those in the window, and not the rest", len(large), unknown)
	}
	for range 20 {
		if o := <-unseen; !errors.Is(o.err, ErrStopped) || errors.Is(o.err, ErrUnknown) {
			t.Errorf("nobody has heard of %s: %v", o.payload, o.err)
		}
	}
	if _, err := s.Propose(patient(t), []byte("late")); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnknown) {
		t.Errorf("after the end: %v", err)
	}
}
