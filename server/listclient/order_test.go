package listclient

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/server/value"
)

// awaitUnderway waits until so many batches are under way.
func (a *appender) awaitUnderway(n int) (span uint64) {
	for {
		a.mu.Lock()
		underway := len(a.underway)
		if underway > 0 {
			span = a.next - a.underway[0].first
		}
		a.mu.Unlock()
		if underway >= n {
			return span
		}
		time.Sleep(time.Millisecond)
	}
}

// collector takes the answers of Go.
type collector struct {
	sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

func (k *collector) send(t *testing.T, c *Client, n int) {
	k.Add(1)
	c.Go(background(t), value.Int(int64(n)), func(_ Position, err error) {
		k.mu.Lock()
		k.errs = append(k.errs, err)
		k.mu.Unlock()
		k.Done()
	})
}

func TestARefusalDoesNotTouchAnEarlierBatchThatIsUnderWay(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Pipeline = 2 })
	doors[0].script("/v1/list", lateAnswer, noSpace)
	var first, second collector
	first.send(t, c, 1)
	for len(f.from(0)) == 0 {
		time.Sleep(time.Millisecond)
	}
	second.send(t, c, 2)
	first.Wait()
	second.Wait()
	if first.errs[0] != nil || !errors.Is(second.errs[0], ErrNoSpace) || !errors.Is(second.errs[0], ErrNotDone) {
		t.Errorf("%v; %v", first.errs, second.errs)
	}
	mustAppend(t, c, value.Int(3))
	if got := strings.Join(f.from(0), " "); got != "1 3" {
		t.Errorf("the list is %s", got)
	}
}

func TestBatchesBehindARefusalAreSentAgainInOrder(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Pipeline = 4 })
	doors[0].script("/v1/list", lateNoSpace)
	var refused, others collector
	refused.send(t, c, 1)
	c.appends.awaitUnderway(1)
	for i := range 3 {
		others.send(t, c, 2+i)
	}
	refused.Wait()
	others.Wait()
	if !errors.Is(refused.errs[0], ErrNoSpace) || errors.Join(others.errs...) != nil {
		t.Errorf("%v; %v", refused.errs, others.errs)
	}
	if got := strings.Join(f.from(0), " "); got != "2 3 4" {
		t.Errorf("the list is %s", got)
	}
}

// TestRestartQueuesBatchesInOrder looks at what the last test cannot rely on: that there are several batches.
func TestRestartQueuesBatchesInOrder(t *testing.T) {
	c := open(t, []string{"127.0.0.1:1"})
	a := c.appends
	var all []*batch
	for i := range 4 {
		b := &batch{}
		for k := range 3 {
			g := newGroup(1)
			g.sent = true
			b.commands = append(b.commands, command{value: value.Int(int64(10*i + k)), group: g})
		}
		all = append(all, b)
	}
	a.underway, a.session = all, 1
	a.restart(all[0], false)
	var got []string
	for a.queue.len() > 0 {
		got = append(got, a.queue.pop().value.String())
	}
	if s := strings.Join(got, " "); s != "10 11 12 20 21 22 30 31 32" || a.session != 0 {
		t.Errorf("queued are %s", s)
	}
}

func TestTheWindowIsKept(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.Pipeline = 4 })
	mustAppend(t, c, value.Int(0))
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	doors[0].setHold(hold, held)
	var k collector
	k.send(t, c, 1)
	c.appends.awaitUnderway(1)
	var running sync.WaitGroup
	running.Go(func() {
		if _, err := c.AppendAll(background(t), ints(2, 5000)); err != nil {
			t.Error(err)
		}
	})
	c.appends.awaitQueued(1500) // more than the window is there
	for len(held) < 2 {
		time.Sleep(time.Millisecond)
	}
	if span := c.appends.awaitUnderway(2); span > 1024 {
		t.Errorf("%d commands are under way", span)
	}
	close(hold)
	running.Wait()
	k.Wait()
}

func TestTheRestOfACallDoesNotOvertakeWhatWasLost(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(0))
	f.expire()
	if places, err := c.AppendAll(background(t), ints(10, 5000)); !errors.Is(err, ErrUnknown) || len(places) > 0 {
		t.Errorf("%d places, %v", len(places), err)
	}
	mustAppend(t, c, value.Int(1))
	if got := strings.Join(f.from(0), " "); got != "0 1" {
		t.Errorf("the list is %.100s", got)
	}
}
