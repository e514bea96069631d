package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/linearizable"
	"paxos/server/listclient"
	"paxos/server/value"
)

// writers are clients that append, and read the list's length, all the time;
// what they saw is judged in the end.
type writers struct {
	s       serving
	history *linearizable.History
	cancel  context.CancelFunc
	playing sync.WaitGroup
	done    atomic.Int64 // appends that were acknowledged
}

// write lets eight clients write, each through a Go client of its own that knows
// all servers, those that do not run yet, too.
func (s serving) write() *writers {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	w := &writers{s: s, history: linearizable.NewHistory(), cancel: cancel}
	for range 8 {
		c, err := listclient.New(listclient.Config{Servers: s.Addresses(), Timeout: time.Second})
		ok(s.t, err)
		process := w.history.NewClient()
		w.playing.Go(func() {
			defer c.Close()
			for ctx.Err() == nil {
				w.append(ctx, c, process)
				w.read(ctx, c, process)
				time.Sleep(time.Millisecond)
			}
		})
	}
	s.t.Cleanup(w.stop)
	return w
}

func (w *writers) stop() {
	w.cancel()
	w.playing.Wait()
}

func (w *writers) append(ctx context.Context, c *listclient.Client, process *linearizable.Client) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	o := process.Append(linearizable.Append, 0)
	place, err := c.Append(ctx, value.Int(o.Value))
	switch {
	case err == nil:
		o.Length = int64(place.Index) + 1
		process.Done(o)
		w.done.Add(1)
	case errors.Is(err, listclient.ErrNotDone):
		process.Refused(o)
	default:
		process.Unknown(o)
	}
}

func (w *writers) read(ctx context.Context, c *listclient.Client, process *linearizable.Client) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	o := process.Read(linearizable.ReadLength, 0)
	length, err := c.Length(ctx)
	if err != nil {
		process.Refused(o)
		return
	}
	o.Length = int64(length)
	process.Done(o)
}

// goOn waits until more appends have been acknowledged.
func (w *writers) goOn() {
	w.s.t.Helper()
	want := w.done.Load() + 50
	ok(w.s.t, w.s.Wait(w.s.ctx, "appends to go on", func() bool { return w.done.Load() >= want }))
}

// judge stops the writers and judges what they saw: by the list that a server
// has in the end, all answers are linearizable, and each acknowledged append
// stands there once.
func (w *writers) judge(server int) {
	t := w.s.t
	t.Helper()
	w.stop()
	ctx := w.s.ctx
	c, err := listclient.New(listclient.Config{Servers: []string{w.s.Address(server)}})
	ok(t, err)
	defer c.Close()
	var final []int64
	for e, err := range c.List(ctx, 0) {
		ok(t, err)
		v, err := strconv.ParseInt(e.Value.String(), 10, 64)
		ok(t, err)
		final = append(final, v)
	}
	ok(t, errors.Join(linearizable.Check(w.history.Ops(), final, time.Minute), linearizable.Audit(w.history, final)))
	t.Logf("%d appends acknowledged, %d entries", w.done.Load(), len(final))
}
