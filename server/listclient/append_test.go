package listclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/server/value"
)

// patience is how long something may take that takes a moment where the machine has nothing else to do.
const patience = 2 * time.Minute

// open makes a client that is in no hurry: doors that fail do so at once.
func open(t testing.TB, names []string, change ...func(*Config)) *Client {
	cfg := Config{Servers: names, Timeout: patience, DialTimeout: patience, GiveUp: patience}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func background(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func ints(from, n int) (values []value.Value) {
	for i := range n {
		values = append(values, value.Int(int64(from+i)))
	}
	return values
}

func mustAppend(t *testing.T, c *Client, v value.Value) Position {
	t.Helper()
	p, err := c.Append(background(t), v)
	if err != nil {
		t.Fatalf("append %v: %v", v, err)
	}
	return p
}

func TestAppendTellsThePlace(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	for i, v := range []value.Value{value.Int(5), value.String("a \"b\"\n"), value.Int(-7)} {
		if p := mustAppend(t, c, v); p != (Position{Index: uint64(i), Instance: 9}) {
			t.Errorf("value %d is at %+v", i, p)
		}
	}
	if got := strings.Join(f.from(0), " "); got != `5 "a \"b\"\n" -7` {
		t.Errorf("the list is %s", got)
	}
}

func TestAppendAllKeepsTheOrderAndCrossesBatches(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	places, err := c.AppendAll(background(t), ints(0, 5000))
	if err != nil || len(places) != 5000 {
		t.Fatalf("%d places, %v", len(places), err)
	}
	for i, p := range places {
		if p.Index != uint64(i) || f.from(i)[0] != fmt.Sprint(i) {
			t.Fatalf("value %d is at %d, where %s is", i, p.Index, f.from(i)[0])
		}
	}
	if n := f.count("/v1/sessions"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestAppendAllOfNothing(t *testing.T) {
	c := open(t, []string{"127.0.0.1:1"})
	if places, err := c.AppendAll(background(t), nil); places != nil || err != nil {
		t.Errorf("%v, %v", places, err)
	}
}

func TestConcurrentAppendsShareRequests(t *testing.T) {
	f := newFake()
	doors, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(-1)) // the session is open
	release := doors[0].holdOne()
	var running sync.WaitGroup
	add := func(v value.Value) {
		running.Go(func() {
			if _, err := c.Append(background(t), v); err != nil {
				t.Error(err)
			}
		})
	}
	add(value.Int(-2))
	c.appends.awaitUnderway(1)
	for i := range 500 {
		add(value.Int(int64(i)))
	}
	c.appends.awaitQueued(500)
	release()
	running.Wait()
	if n := f.count("/v1/list"); n != 3 {
		t.Errorf("the 500 values that waited for an answer took %d requests", n-2)
	}
}

func TestGoCallsBackInOrder(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 1)
	c := open(t, names)
	var places [3000]uint64
	var running sync.WaitGroup
	running.Add(len(places))
	for i := range places {
		c.Go(background(t), value.Int(int64(i)), func(p Position, err error) {
			if err != nil {
				t.Error(err)
			}
			places[i] = p.Index
			running.Done()
		})
	}
	running.Wait()
	for i, at := range places {
		if at != uint64(i) {
			t.Fatalf("value %d is at %d", i, at)
		}
	}
}

func TestTooLongValuesAreNotSent(t *testing.T) {
	c := open(t, []string{"127.0.0.1:1"})
	long := value.String(strings.Repeat("x", 16<<10))
	_, one := c.Append(background(t), long)
	_, all := c.AppendAll(background(t), []value.Value{value.Int(1), long})
	_, begun := c.Begin(background(t), long).Wait(background(t))
	var async error
	c.Go(background(t), long, func(_ Position, err error) { async = err })
	for _, err := range []error{one, all, begun, async} {
		if !errors.Is(err, ErrTooLarge) || !errors.Is(err, ErrNotDone) {
			t.Errorf("%v", err)
		}
	}
}

func TestOneValueTooLargeForTheServersFailsAlone(t *testing.T) {
	f := newFake()
	f.limit = 10
	doors, names := f.open(t, 1)
	c := open(t, names)
	mustAppend(t, c, value.Int(-1))
	release := doors[0].holdOne()
	var running sync.WaitGroup
	running.Go(func() {
		if _, err := c.Append(background(t), value.Int(-2)); err != nil {
			t.Error(err)
		}
	})
	c.appends.awaitUnderway(1)
	for i := range 16 {
		running.Go(func() {
			v := value.Int(int64(i))
			if i == 7 {
				v = value.String("longer than ten")
			}
			_, err := c.Append(background(t), v)
			if (err != nil) != (i == 7) || err != nil && (!errors.Is(err, ErrTooLarge) || !errors.Is(err, ErrNotDone)) {
				t.Errorf("value %d: %v", i, err)
			}
		})
	}
	c.appends.awaitQueued(16) // the others go in one batch
	release()
	running.Wait()
	if n := len(f.from(0)); n != 17 {
		t.Errorf("%d values instead of 17", n)
	}
}

func TestNoSpaceIsSaidAtOnceAndPasses(t *testing.T) {
	f := newFake()
	_, names := f.open(t, 2)
	c := open(t, names)
	mustAppend(t, c, value.Int(1))
	f.setFull(true)
	places, err := c.AppendAll(background(t), ints(0, 5000))
	if !errors.Is(err, ErrNoSpace) || !errors.Is(err, ErrNotDone) || len(places) > 0 {
		t.Errorf("%d places, %v", len(places), err)
	}
	f.setFull(false)
	if p := mustAppend(t, c, value.Int(2)); p.Index != 1 {
		t.Errorf("at %d, nothing else was appended", p.Index)
	}
}
