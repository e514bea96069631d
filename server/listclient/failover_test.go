package listclient

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paxos/server/value"
)

func TestADeadServerIsPassedOver(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 3)
	doors[0].kill()
	c := open(t, names)
	for i := range 20 {
		mustAppend(t, c, value.Int(int64(i)))
	}
	if f.count("/v1/list") != 20 {
		t.Errorf("%d requests for 20 values", f.count("/v1/list"))
	}
}

func TestAServerThatDiesIsReplacedAndValuesStandOnce(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 2)
	c := open(t, names)
	mustAppend(t, c, value.Int(0))
	for i := range 10 {
		doors[i%2].kill()
		mustAppend(t, c, value.Int(int64(i+1)))
		doors[i%2].start(t)
	}
	if n := len(f.from(0)); n != 11 {
		t.Errorf("%d values instead of 11", n)
	}
}

func TestTheClientStaysWithTheServerThatWorks(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 3)
	var asked [3]atomic.Int32
	for i, d := range doors {
		d.setFault(func(path string) fault {
			if path == "/v1/status" {
				return none
			}
			asked[i].Add(1)
			if i == 0 {
				return timeoutBefore
			}
			return none
		})
	}
	c := open(t, names)
	for i := range 20 {
		mustAppend(t, c, value.Int(int64(i)))
	}
	if asked[0].Load() > 1 || asked[2].Load() > 0 {
		t.Errorf("requests by server: %d, %d, %d", asked[0].Load(), asked[1].Load(), asked[2].Load())
	}
}

func TestTheLeaderIsPreferred(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 3)
	f.leader = names[2]
	var leading atomic.Int32
	doors[2].setFault(func(path string) fault {
		if path == "/v1/list" {
			leading.Add(1)
		}
		return none
	})
	c := open(t, names)
	for i := 0; leading.Load() == 0; i++ {
		mustAppend(t, c, value.Int(int64(i)))
	}
	doors[2].kill()
	mustAppend(t, c, value.Int(0)) // a leader that does not work is left alone
}

// TestAnAnswerThatComesTooLateIsNotTakenForTheNext: the bug that the property test found first.
func TestAnAnswerThatComesTooLateIsNotTakenForTheNext(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Timeout, cfg.Pipeline = 300*time.Millisecond, 1 })
	mustAppend(t, c, value.Int(0))
	doors[0].slow = 400 * time.Millisecond
	doors[0].script("/v1/list", slow)
	for i := 1; i < 5; i++ {
		if p := mustAppend(t, c, value.Int(int64(i))); p.Index != uint64(i) {
			t.Errorf("value %d is said to be at %d", i, p.Index)
		}
	}
}

func TestAnExpiredSessionIsUnknownForThoseUnderWayAndReplaced(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(1))
	f.expire()
	if _, err := c.Append(background(t), value.Int(2)); !errors.Is(err, ErrUnknown) || !errors.Is(err, ErrExpired) {
		t.Errorf("%v", err)
	}
	if p := mustAppend(t, c, value.Int(3)); p.Index != 1 {
		t.Errorf("at %d", p.Index)
	}
	if n := f.count("/v1/sessions"); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

func TestAnExpiredSessionOfWhichNothingWasDoneIsReplacedUnseen(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(1))
	doors[0].script("/v1/list", expiredNotDone)
	if p := mustAppend(t, c, value.Int(2)); p.Index != 1 {
		t.Errorf("at %d", p.Index)
	}
}

func TestACallThatEndsSaysWhetherItWasSent(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Pipeline = 1 })
	mustAppend(t, c, value.Int(0))
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	doors[0].setHold(hold, held)

	ctx, cancel := context.WithCancel(context.Background())
	var sent, queued error
	var running sync.WaitGroup
	running.Go(func() { _, sent = c.Append(ctx, value.Int(1)) })
	<-held // it is under way, and fills the pipeline
	running.Go(func() { _, queued = c.Append(ctx, value.Int(2)) })
	c.appends.awaitQueued(1)
	cancel()
	running.Wait()
	close(hold)
	if !errors.Is(sent, ErrUnknown) || !errors.Is(sent, context.Canceled) {
		t.Errorf("sent: %v", sent)
	}
	if !errors.Is(queued, ErrNotDone) || !errors.Is(queued, context.Canceled) {
		t.Errorf("queued: %v", queued)
	}
	if p := mustAppend(t, c, value.Int(3)); p.Index != 2 {
		t.Errorf("at %d: what was sent is done all the same, what was queued is not", p.Index)
	}
	if n := f.count("/v1/sessions"); n != 1 {
		t.Errorf("%d sessions: the numbers have a gap", n)
	}
}

// awaitQueued waits until so many commands are queued.
func (a *appender) awaitQueued(n int) {
	for {
		a.mu.Lock()
		queued := a.queue.len()
		a.mu.Unlock()
		if queued >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestGivingUpTellsTheOutcome(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.GiveUp = 50 * time.Millisecond })
	mustAppend(t, c, value.Int(0))
	doors[0].always("/v1/list", timeoutBefore)
	if _, err := c.Append(background(t), value.Int(1)); !errors.Is(err, ErrUnknown) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("where it may have been done: %v", err)
	}
	doors[0].always("/v1/list", busyAnswer)
	if _, err := c.Append(background(t), value.Int(2)); !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrBusy) {
		t.Errorf("where it was not done: %v", err)
	}
	doors[0].kill()
	if _, err := c.Append(background(t), value.Int(3)); !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("where there is nobody: %v", err)
	}
	doors[0].setFault(nil)
	doors[0].start(t)
	if p := mustAppend(t, c, value.Int(4)); p.Index != 1 {
		t.Errorf("at %d", p.Index)
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.QueueBytes, cfg.Pipeline = 64<<10, 1 })
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	doors[0].setHold(hold, held)
	ctx, cancel := context.WithCancel(context.Background())
	places, failed := []Position(nil), error(nil)
	var running sync.WaitGroup
	running.Go(func() { places, failed = c.AppendAll(ctx, ints(0, 100_000)) })
	<-held
	c.appends.awaitQueued(100)
	cancel()
	running.Wait()
	close(hold)
	if len(places) > 0 || !errors.Is(failed, context.Canceled) {
		t.Errorf("%d places, %v", len(places), failed)
	}
	if !c.appends.room.TryAcquire(64 << 10) {
		t.Error("room in the queue is lost")
	}
	c.appends.room.Release(64 << 10)
}

func TestCloseEndsAllCallsAndLeavesNothing(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Pipeline = 1 })
	mustAppend(t, c, value.Int(0))
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	defer close(hold)
	doors[0].setHold(hold, held)
	calls := map[string]func() error{
		"sent":   func() error { _, err := c.Append(context.Background(), value.Int(1)); return err },
		"get":    func() error { _, err := c.Get(context.Background(), 0); return err },
		"status": func() error { _, err := c.Status(context.Background(), ""); return err },
		"list": func() (last error) {
			for _, err := range c.List(context.Background(), 0) {
				last = err
			}
			return last
		},
	}
	var running sync.WaitGroup
	for name, call := range calls {
		running.Go(func() {
			err := call()
			if !errors.Is(err, ErrClosed) || errors.Is(err, ErrUnknown) != (name == "sent") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for range calls {
		<-held
	}
	running.Go(func() {
		if _, err := c.Append(context.Background(), value.Int(2)); !errors.Is(err, ErrClosed) || !errors.Is(err, ErrNotDone) {
			t.Errorf("queued: %v", err)
		}
	})
	c.appends.awaitQueued(1)
	c.Close() // waits for all goroutines of the client
	running.Wait()
	c.Close()
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrClosed) || !errors.Is(err, ErrNotDone) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestAServerThatTakesConnectionsAndSaysNothingIsLeft(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // nobody accepts: the kernel does, as for a process that is stopped
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, append([]string{ln.Addr().String()}, names...), func(cfg *Config) { cfg.Timeout = 300 * time.Millisecond })
	mustAppend(t, c, value.Int(1))
	if _, err := c.Get(background(t), 0); err != nil {
		t.Error(err)
	}
}
