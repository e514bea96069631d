package listclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/server/value"
)

func TestGetFindsWhatIsThere(t *testing.T) {
	f := newFake()
	f.list = []string{"5", `"a, b]"`, "-12345678901234567890123"}
	_, names := f.open(t, 1)
	c := open(t, names)
	for i, want := range f.from(0) {
		if v, err := c.Get(background(t), uint64(i)); err != nil || v.String() != want {
			t.Errorf("%d is %v, %v", i, v, err)
		}
	}
	if _, err := c.Get(background(t), 3); !errors.Is(err, ErrNotFound) {
		t.Errorf("beyond the end: %v", err)
	}
	if n, err := c.Length(background(t)); n != 3 || err != nil {
		t.Errorf("length %d, %v", n, err)
	}
}

// TestReadsAreLinearizableUnderFaults: whoever has appended finds it, at once and by any call.
func TestReadsAreLinearizableUnderFaults(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 3)
	c := open(t, names, func(cfg *Config) { cfg.Timeout = 100 * time.Millisecond })
	for i, d := range doors {
		d.slow = 150 * time.Millisecond
		d.setFault(randomly(rand.New(rand.NewPCG(1, uint64(i))), 6))
	}
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			for k := range 40 {
				want := value.Int(int64(1000*i + k))
				p, err := c.Append(background(t), want)
				if err != nil {
					t.Error(err)
					return
				}
				v, err := c.Get(background(t), p.Index)
				n, lengthErr := c.Length(background(t))
				if err != nil || v != want || lengthErr != nil || n <= p.Index {
					t.Errorf("%v at %d of %d, appended was %v (%v, %v)", v, p.Index, n, want, err, lengthErr)
				}
			}
		})
	}
	running.Wait()
}

// TestAReadIsAnsweredByARequestSentAfterIt: a request that is under way already does not answer it, even though the
// entry is the same.
func TestAReadIsAnsweredByARequestSentAfterIt(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.ReadPipeline = 1 })
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	doors[0].setHold(hold, held)
	var running sync.WaitGroup
	get := func() {
		if _, err := c.Length(background(t)); err != nil {
			t.Error(err)
		}
	}
	running.Go(get)
	<-held
	for range 10 {
		running.Go(get)
	}
	c.reads.awaitQueued(10)
	close(hold)
	running.Wait()
	if n := f.count("/v1/list/length"); n != 2 {
		t.Errorf("%d requests; the first was under way, one more answers the ten", n)
	}
}

func (r *reader) awaitQueued(n int) {
	for {
		r.mu.Lock()
		queued := r.queue.len()
		r.mu.Unlock()
		if queued >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWhatABrokenAnswerSaidIsForgotten(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	doors[0].script("/v1/list", brokenJSON)
	c := open(t, names)
	if v, err := c.Get(background(t), 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, %v", v, err)
	}
}

func TestManyGetsShareRequests(t *testing.T) {
	f := newFake()
	f.fill(3000)
	doors, names := f.open(t, 1)
	c := open(t, names)
	release := doors[0].holdOne()
	var running sync.WaitGroup
	running.Go(func() {
		if _, err := c.Length(background(t)); err != nil {
			t.Error(err)
		}
	})
	doors[0].awaitHeld(1)
	for i := range 4000 {
		running.Go(func() {
			v, err := c.Get(background(t), uint64(i))
			switch {
			case i >= 3000 && !errors.Is(err, ErrNotFound), i < 3000 && (err != nil || v != value.Int(int64(i))):
				t.Errorf("entry %d: %v, %v", i, v, err)
			}
		})
	}
	c.reads.awaitQueued(4000)
	release()
	running.Wait()
	if n, want := f.count("/v1/list"), (4000+maxReads-1)/maxReads; n != want {
		t.Errorf("%d requests for the 4000 entries that were wanted meanwhile, want %d", n, want)
	}
}

func TestAGetThatNobodyWaitsForIsDropped(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.ReadPipeline = 1 })
	doors[0].kill()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range 5 {
		running.Go(func() {
			if _, err := c.Get(ctx, 0); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNotDone) {
				t.Error(err)
			}
		})
	}
	for !c.servers.anyFailed() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
	doors[0].start(t)
	if _, err := c.Length(background(t)); err != nil {
		t.Error(err)
	}
	if n := f.count("/v1/list"); n > 0 {
		t.Errorf("%d requests for nobody", n)
	}
}

func (p *servers) anyFailed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[0].fails > 0
}

func collect(t *testing.T, c *Client, from uint64) (got []string) {
	t.Helper()
	next := from
	for e, err := range c.List(background(t), from) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Index != next {
			t.Fatalf("entry %d instead of %d", e.Index, next)
		}
		next++
		got = append(got, e.Value.String())
	}
	return got
}

func TestListReadsFromAnIndexToTheEnd(t *testing.T) {
	f := newFake()
	f.fill(20_000)
	_, names := f.open(t, 1)
	c := open(t, names)
	for _, from := range []int{0, 1, 19_999, 20_000, 30_000} {
		got := collect(t, c, uint64(from))
		if want := f.from(from); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("from %d: %d entries instead of %d", from, len(got), len(want))
		}
	}
}

func TestAListThatBreaksOffGoesOnElsewhere(t *testing.T) {
	f := newFake()
	f.fill(5000)
	doors, names := f.open(t, 3)
	doors[0].script("/v1/list", cutAnswer, cutAnswer)
	doors[1].script("/v1/list", shortAnswer, resetBefore)
	doors[2].script("/v1/list", unavailable, nonsense, cutAnswer)
	c := open(t, names)
	if got := collect(t, c, 10); strings.Join(got, " ") != strings.Join(f.from(10), " ") {
		t.Errorf("%d entries instead of 4990", len(got))
	}
	if n := f.count("/v1/list"); n < 4 {
		t.Errorf("%d requests, it did not break off", n)
	}
}

func TestLeavingAListEndsIt(t *testing.T) {
	f := newFake()
	f.fill(100_000)
	_, names := f.open(t, 1)
	c := open(t, names)
	n := 0
	for range c.List(background(t), 0) {
		if n++; n == 10 {
			break
		}
	}
	if f.count("/v1/list") != 1 || n != 10 {
		t.Errorf("%d requests, %d entries", f.count("/v1/list"), n)
	}
}

func TestAListGivesUpAndSaysWhy(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	doors[0].kill()
	c := open(t, names, func(cfg *Config) { cfg.GiveUp = 20 * time.Millisecond })
	var errs []error
	for _, err := range c.List(background(t), 0) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrUnavailable) {
		t.Errorf("%v", errs)
	}
}

func TestAWatchFollowsTheListOverAllFailures(t *testing.T) {
	f := newFake()
	f.fill(5)
	doors, names := f.open(t, 3)
	c := open(t, names)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	next, last := 3, error(nil)
	for e, err := range c.Watch(ctx, 3) {
		if err != nil {
			last = err
			continue
		}
		if e.Index != uint64(next) || e.Value != value.Int(int64(next)) {
			t.Fatalf("entry %d is %v, %d is due", e.Index, e.Value, next)
		}
		if next++; next == 50 {
			cancel()
			continue
		}
		if d := doors[next%3]; next%5 == 0 && !d.isDown() {
			d.kill()
		} else if d.isDown() {
			d.start(t)
		}
		if next > 4 {
			mustAppendInt(t, f, next)
		}
	}
	if next != 50 || !errors.Is(last, context.Canceled) {
		t.Errorf("ended before %d with %v", next, last)
	}
}

// mustAppendInt appends to the fake's list, and tells watchers.
func mustAppendInt(t *testing.T, f *fake, n int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == n {
		f.list = append(f.list, fmt.Sprint(n))
		close(f.changed)
		f.changed = make(chan struct{})
	}
}

func TestAWatchFromTheEndBeginsThere(t *testing.T) {
	f := newFake()
	f.fill(5)
	_, names := f.open(t, 1)
	c := open(t, names)
	appending := make(chan struct{})
	go func() {
		defer close(appending)
		for f.count("/v1/watch") == 0 {
			time.Sleep(time.Millisecond)
		}
		mustAppendInt(t, f, 5)
	}()
	for e, err := range c.Watch(background(t), FromEnd) {
		if err != nil || e.Index != 5 {
			t.Errorf("%v, %v", e, err)
		}
		break
	}
	<-appending
}

func TestASilentWatchIsTakenElsewhere(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 2)
	c := open(t, names, func(cfg *Config) { cfg.WatchSilence = 300 * time.Millisecond })
	go func() {
		for f.count("/v1/watch") < 3 {
			time.Sleep(time.Millisecond)
		}
		mustAppendInt(t, f, 0)
	}()
	for e, err := range c.Watch(background(t), 0) {
		if err != nil || e.Index != 0 {
			t.Errorf("%v, %v", e, err)
		}
		break
	}
}

func TestLocalReadsSayHowStaleTheyAre(t *testing.T) {
	f := newFake()
	f.fill(5)
	f.stale = 70 * time.Millisecond
	_, names := f.open(t, 2)
	c := open(t, names)
	want := Freshness{Applied: 7, Stale: 70 * time.Millisecond}
	l := c.Local(names[1])
	if e, fresh, err := l.Get(background(t), 4); err != nil || fresh != want || e.Value != value.Int(4) || e.Index != 4 {
		t.Errorf("%v, %v, %v", e, fresh, err)
	}
	if n, fresh, err := l.Length(background(t)); err != nil || fresh != want || n != 5 {
		t.Errorf("%v, %v, %v", n, fresh, err)
	}
	var fresh Freshness
	n := 0
	for _, err := range l.List(background(t), 2, &fresh) {
		if n++; err != nil || fresh != want {
			t.Errorf("%v, %v", fresh, err)
		}
	}
	if n != 3 {
		t.Errorf("%d entries", n)
	}
	if c.Local(names[1]) != l {
		t.Error("each call of Local makes another one")
	}
	if _, _, err := c.Local("elsewhere:1").Get(background(t), 0); !errors.Is(err, ErrBadRequest) {
		t.Errorf("%v", err)
	}
}
