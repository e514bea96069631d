package listclient

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"paxos/server/value"
)

// begin begins so many integers, from the same goroutine.
func begin(t *testing.T, c *Client, from, n int) (begun []Pending) {
	t.Helper()
	for _, v := range ints(from, n) {
		begun = append(begun, c.Begin(background(t), v))
	}
	return begun
}

func TestValuesThatOneGoroutineHasBegunStandInItsOrder(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	begun := begin(t, c, 0, 3000)
	for n, p := range begun {
		if n%7 == 0 {
			continue // nobody need wait
		}
		if at, err := p.Wait(background(t)); err != nil || at != (Position{Index: uint64(n), Instance: 9}) {
			t.Fatalf("value %d is at %+v, %v", n, at, err)
		}
	}
	if n := f.count("/v1/list"); n > 300 {
		t.Errorf("%d requests: what one goroutine has under way goes in batches", n)
	}
}

func TestWhatWasBegunSurvivesTheDeathOfItsServer(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 2)
	c := open(t, names)
	mustAppend(t, c, value.Int(0))
	doors[0].script("/v1/list", resetAfter) // it is done, and nobody is told
	release := doors[0].holdOne()
	begun := begin(t, c, 1, 100)
	for f.count("/v1/list") < 2 {
		time.Sleep(time.Millisecond)
	}
	doors[0].kill()
	release()
	for n, p := range begun {
		if at, err := p.Wait(background(t)); err != nil || at.Index != uint64(n+1) {
			t.Fatalf("value %d is at %d, %v", n+1, at.Index, err)
		}
	}
	if n := len(f.from(0)); n != 101 {
		t.Errorf("%d values instead of 101", n)
	}
}

func TestAWaitThatEndsTakesBackWhatWasNotSent(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(0))
	release := doors[0].holdOne()
	sent := begin(t, c, 1, 1)
	doors[0].awaitHeld(1)
	queued := begin(t, c, 2, 3)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := queued[1].Wait(ended); !errors.Is(err, ErrNotDone) || !errors.Is(err, context.Canceled) {
		t.Errorf("queued: %v", err)
	}
	if _, err := sent[0].Wait(ended); !errors.Is(err, ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("sent: %v", err)
	}
	release()
	if at, err := queued[2].Wait(background(t)); err != nil || at.Index != 3 {
		t.Errorf("what was begun later is at %d, %v", at.Index, err)
	}
	if at, err := queued[0].Wait(ended); err != nil || at.Index != 2 {
		t.Errorf("an answer that is there: at %d, %v", at.Index, err)
	}
	if got := strings.Join(f.from(0), " "); got != "0 1 2 4" {
		t.Errorf("the list is %s", got)
	}
}

func TestBeginWaitsForRoomAsLongAsItsContextLets(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names, func(cfg *Config) { cfg.QueueBytes = 64 << 10 })
	mustAppend(t, c, value.Int(0))
	release := doors[0].holdOne()
	begun := begin(t, c, 1, 1)
	doors[0].awaitHeld(1)
	long := value.String(strings.Repeat("x", 16000))
	for range 4 {
		begun = append(begun, c.Begin(background(t), long))
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Begin(ended, long).Wait(background(t)); !errors.Is(err, ErrNotDone) || !errors.Is(err, context.Canceled) {
		t.Errorf("without room: %v", err)
	}
	release()
	for n, p := range begun {
		if at, err := p.Wait(background(t)); err != nil || at.Index != uint64(n+1) {
			t.Errorf("value %d is at %d, %v", n+1, at.Index, err)
		}
	}
}

func TestCloseAnswersAllThatWasBegun(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(0))
	release := doors[0].holdOne()
	defer release()
	sent := begin(t, c, 1, 1)
	doors[0].awaitHeld(1)
	queued := begin(t, c, 2, 1)
	c.Close()
	later := begin(t, c, 3, 1)
	for _, tc := range []struct {
		name    string
		begun   Pending
		outcome error
	}{{"sent", sent[0], ErrUnknown}, {"queued", queued[0], ErrNotDone}, {"after Close", later[0], ErrNotDone}} {
		if _, err := tc.begun.Wait(context.Background()); !errors.Is(err, ErrClosed) || !errors.Is(err, tc.outcome) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestASecondWaitPanics(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names)
	good := c.Begin(background(t), value.Int(1))
	if _, err := good.Wait(background(t)); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, c, value.Int(2)) // may have the same group, from the pool
	doors[0].script("/v1/list", noSpace)
	refused := c.Begin(background(t), value.Int(3))
	if _, err := refused.Wait(background(t)); !errors.Is(err, ErrNoSpace) {
		t.Fatal(err)
	}
	for name, p := range map[string]Pending{"answered": good, "refused": refused, "never begun": {}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a wait too many returned", name)
				}
			}()
			p.Wait(background(t))
		}()
	}
}
