package listclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"paxos/server/value"
)

// ledger is what callers were told of their values.
type ledger struct {
	mu   sync.Mutex
	told map[string]told
}

type told struct {
	at  uint64
	err error
}

func (l *ledger) note(v value.Value, p Position, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[v.String()] = told{p.Index, err}
}

// check compares what was told with the list: acknowledged values stand in it once, where they were said to be; unknown
// ones at most once; the others never. Values of a caller ("caller-number") that were
// acknowledged stand in his order.
func (l *ledger) check(t *testing.T, list []string) (acknowledged, unknown, refused int) {
	t.Helper()
	at := map[string][]int{}
	last := map[string]int{}
	for i, v := range list {
		at[v] = append(at[v], i)
		caller, number := split(v)
		if said, ok := l.told[v]; !ok {
			t.Errorf("%s is in the list, nobody appended it", v)
		} else if said.err == nil {
			if before, ok := last[caller]; ok && before > number {
				t.Errorf("caller %s: %d stands behind %d", caller, number, before)
			}
			last[caller] = number
		}
	}
	for v, said := range l.told {
		switch {
		case said.err == nil:
			acknowledged++
			if len(at[v]) != 1 || uint64(at[v][0]) != said.at {
				t.Errorf("%s was said to be at %d, is at %v", v, said.at, at[v])
			}
		case errors.Is(said.err, ErrUnknown):
			unknown++
			if len(at[v]) > 1 {
				t.Errorf("%s, of which nothing is known, is at %v", v, at[v])
			}
		case errors.Is(said.err, ErrNotDone):
			refused++
			if len(at[v]) > 0 {
				t.Errorf("%s was said to be not done, but is at %v (%v)", v, at[v], said.err)
			}
		default:
			t.Errorf("%s: an error that does not tell the outcome: %v", v, said.err)
		}
	}
	return acknowledged, unknown, refused
}

func split(v string) (caller string, number int) {
	text, _ := strconv.Unquote(v)
	fmt.Sscanf(text, "%1s-%d", &caller, &number)
	return caller, number
}

// caller appends its values, one after the other, by all the ways there are.
func (l *ledger) caller(c *Client, name string, n int, rng *rand.Rand, impatient bool) {
	v := func(i int) value.Value { return value.String(fmt.Sprintf("%s-%d", name, i)) }
	var async sync.WaitGroup
	defer async.Wait()
	for i := 0; i < n; {
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if impatient && rng.IntN(8) == 0 {
			ctx, cancel = context.WithTimeout(ctx, rand.N(20*time.Millisecond))
		}
		switch rng.IntN(4) {
		case 0:
			p, err := c.Append(ctx, v(i))
			l.note(v(i), p, err)
			i++
		case 1:
			async.Add(1)
			v := v(i)
			c.Go(ctx, v, func(p Position, err error) {
				l.note(v, p, err)
				async.Done()
			})
			if i++; rng.IntN(2) == 0 {
				async.Wait()
			}
		case 2:
			count := min(1+rng.IntN(12), n-i)
			l.batch(ctx, c, count, func(k int) value.Value { return v(i + k) })
			i += count
		case 3:
			count := min(1+rng.IntN(12), n-i)
			l.ahead(ctx, c, count, func(k int) value.Value { return v(i + k) })
			i += count
		}
		cancel()
	}
}

func (l *ledger) batch(ctx context.Context, c *Client, count int, v func(int) value.Value) {
	var values []value.Value
	for k := range count {
		values = append(values, v(k))
	}
	places, err := c.AppendAll(ctx, values)
	for k, v := range values {
		if k < len(places) {
			l.note(v, places[k], nil)
		} else {
			l.note(v, Position{}, err)
		}
	}
}

// ahead begins all, and then waits for each.
func (l *ledger) ahead(ctx context.Context, c *Client, count int, v func(int) value.Value) {
	var begun []Pending
	for k := range count {
		begun = append(begun, c.Begin(ctx, v(k)))
	}
	for k, b := range begun {
		p, err := b.Wait(ctx)
		l.note(v(k), p, err)
	}
}

// trouble is what happens in a run.
type trouble struct {
	oneIn     int  // requests meet a fault
	expire    bool // sessions expire
	kill      bool // servers are killed and started again
	full      bool // the disks are full now and then
	impatient bool // contexts end
	giveUp    time.Duration
}

// run lets clients append in trouble; all times are so many times as long. It returns how many values were acknowledged.
func run(t *testing.T, seed uint64, tr trouble, times time.Duration) (acknowledged int) {
	f := newFake()
	doors, names := f.open(t, 3)
	for i, d := range doors {
		d.slow = times * 60 * time.Millisecond
		d.setFault(randomly(rand.New(rand.NewPCG(seed, uint64(i))), tr.oneIn))
	}
	c := open(t, names, func(cfg *Config) {
		cfg.Timeout, cfg.GiveUp, cfg.Pipeline = times*40*time.Millisecond, times*tr.giveUp, 1+int(seed%4)
	})
	l := &ledger{told: map[string]told{}}
	over := make(chan struct{})
	var disturbing, calling sync.WaitGroup
	disturbing.Go(func() { disturb(t, f, doors, tr, rand.New(rand.NewPCG(seed, 9)), over) })
	for i := range 4 {
		rng := rand.New(rand.NewPCG(seed, uint64(100+i)))
		calling.Go(func() { l.caller(c, strconv.Itoa(i), 400, rng, tr.impatient) })
	}
	calling.Wait()
	close(over)
	disturbing.Wait()
	c.Close()
	f.running.wait() // late requests, too
	a, u, r := l.check(t, f.from(0))
	t.Logf("seed %d: %d acknowledged, %d unknown, %d not done, %d requests", seed, a, u, r, f.count("/v1/list"))
	return a
}

func disturb(t *testing.T, f *fake, doors []*door, tr trouble, rng *rand.Rand, over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(5+rng.IntN(20)) * time.Millisecond):
		}
		d := doors[rng.IntN(len(doors))]
		switch rng.IntN(6) {
		case 0:
			if tr.expire {
				f.expire()
			}
		case 1:
			if tr.kill {
				d.kill()
			}
		case 2, 3:
			if d.isDown() {
				d.start(t)
			}
		case 4:
			f.setFull(tr.full)
		case 5:
			f.setFull(false)
		}
	}
}

func TestExactlyOnceWhateverFails(t *testing.T) {
	troubles := map[string]trouble{
		"faults":          {oneIn: 4, giveUp: time.Minute},
		"kills":           {oneIn: 20, giveUp: time.Minute, kill: true},
		"expiry":          {oneIn: 6, giveUp: time.Minute, expire: true},
		"impatience":      {oneIn: 4, giveUp: time.Minute, impatient: true},
		"full disks":      {oneIn: 6, giveUp: time.Minute, full: true},
		"giving up early": {oneIn: 2, giveUp: 30 * time.Millisecond, kill: true},
		"everything":      {oneIn: 4, giveUp: 300 * time.Millisecond, kill: true, expire: true, impatient: true, full: true},
	}
	for name, tr := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				// On a busy machine nearly everything may come too late; then there has to be more time.
				for times := time.Duration(1); run(t, seed, tr, times) < 200; times *= 4 {
					if times > 100 {
						t.Fatalf("with times %d times as long less than 200 values of 1600 were acknowledged", times)
					}
				}
			}
		})
	}
}
