package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/torture/history"
	"paxos/internal/torture/history/edn"
)

// keyWorkload is what clients do to the keys of a key-value store.
type keyWorkload struct {
	fleet    *programFleet
	recorder *history.Recorder
	counters *counters
	keys     keys
	values   atomic.Int64 // written so far; the next one is one more, so that all differ
}

func newKeyWorkload(f *programFleet, r *history.Recorder, c *counters) *keyWorkload {
	return &keyWorkload{fleet: f, recorder: r, counters: c}
}

func (w *keyWorkload) close() { w.fleet.client.CloseIdleConnections() }

// keyMix is how often each deed is drawn, out of a hundred.
var keyMix = [...]int{readKey: 45, writeKey: 20, swapKey: 30, deleteKey: 5}

func drawKeyDeed(r *rand.Rand) keyDeed {
	at := r.IntN(100)
	for d, share := range keyMix {
		if at -= share; at < 0 {
			return keyDeed(d)
		}
	}
	panic("torture: a mix has not a hundred parts")
}

// keyClient is a client that does random things to random keys at random members.
type keyClient struct {
	*caller
	diary
	w    *keyWorkload
	name string
	only int // if not 0, the one member that it asks, to write
}

func (w *keyWorkload) client(number int, r *rand.Rand) client { return w.newClient(number, r) }

func (w *keyWorkload) newClient(number int, r *rand.Rand) *keyClient {
	return &keyClient{
		caller: newCaller(len(w.fleet.all), r), diary: newDiary(w.recorder, w.counters),
		w: w, name: fmt.Sprintf("client-%d", number),
	}
}

func (w *keyWorkload) probes(r *rand.Rand) (all []client) {
	for i := range w.fleet.all {
		c := w.newClient(0, r)
		c.name, c.only = fmt.Sprintf("probe-%d", i+1), i+1
		all = append(all, c)
	}
	return all
}

func (c *keyClient) one(ctx context.Context) (bool, error) {
	if c.only > 0 {
		return c.do(ctx, c.w.keys.draw(c.random), &keyQuestion{deed: writeKey, node: c.only - 1}, time.Second)
	}
	q := &keyQuestion{deed: drawKeyDeed(c.random), node: c.choose()}
	done, err := c.do(ctx, c.w.keys.draw(c.random), q, c.patience())
	if !done {
		c.silent(q.node)
	}
	return done, err
}

// do does and records one operation. A compare and set that found something else was
// answered, and did nothing.
func (c *keyClient) do(ctx context.Context, k *key, q *keyQuestion, patience time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c.complete(q, k)
	c.recorder.InvokeAt(c.process, q.operation(), q.asked(), c.name, c.w.fleet.all[q.node].name)
	found, err := c.w.fleet.ask(ctx, q)
	done, forbidden := c.end(q.deed != readKey, q.answered(found), err)
	switch {
	case done && q.deed == readKey:
		c.w.keys.holds(k, found)
	case done:
		c.w.keys.holds(k, q.value)
	case q.deed != readKey && !is(err, errNotDone):
		c.w.keys.lost(k)
	}
	return done || is(err, errDifferent), forbidden
}

// complete fills in what a question is about. A compare and set wants to find what
// somebody has just seen; where nobody saw anything, the key is read instead.
func (c *keyClient) complete(q *keyQuestion, k *key) {
	q.key = k.number
	switch q.deed {
	case swapKey:
		if q.old = c.w.keys.guess(k); q.old == 0 {
			q.deed = readKey
		}
	case deleteKey:
		if !c.w.keys.mayDelete(k) {
			q.deed = writeKey
		}
	}
	if q.deed == writeKey || q.deed == swapKey {
		q.value = c.w.values.Add(1)
	}
}

// operation is what the history calls a question.
func (q *keyQuestion) operation() history.F {
	return [...]history.F{readKey: history.Read, writeKey: history.Write, swapKey: history.CAS, deleteKey: history.Write}[q.deed]
}

// asked is a question's value in the history: [key value], as Jepsen's independent
// generators have it.
func (q *keyQuestion) asked() any {
	switch q.deed {
	case writeKey:
		return edn.Vector{q.key, q.value}
	case swapKey:
		return edn.Vector{q.key, edn.Ints{q.old, q.value}}
	}
	return edn.Vector{q.key, nil}
}

// answered is the value of an operation that was done.
func (q *keyQuestion) answered(found int64) any {
	if q.deed == readKey && found != 0 {
		return edn.Vector{q.key, found}
	}
	return q.asked()
}

// final reads every key that was used at every member.
func (w *keyWorkload) final(ctx context.Context) error {
	errs := make([]error, len(w.fleet.all))
	var reading sync.WaitGroup
	for i := range w.fleet.all {
		reading.Go(func() { errs[i] = w.readAll(ctx, i) })
	}
	reading.Wait()
	return errors.Join(errs...)
}

// readAll reads all keys at one member.
func (w *keyWorkload) readAll(ctx context.Context, node int) error {
	c := w.newClient(0, nil)
	c.name = "final"
	for number := range w.keys.used() {
		if err := c.readFinal(ctx, &key{number: number + 1}, node); err != nil {
			return err
		}
	}
	return nil
}

// readFinal reads a key until the member answers.
func (c *keyClient) readFinal(ctx context.Context, k *key, node int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, finalPatience, fmt.Errorf("not within %s", finalPatience))
	defer cancel()
	for {
		done, err := c.do(ctx, k, &keyQuestion{deed: readKey, node: node}, time.Second)
		switch {
		case done || err != nil:
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("all is healed, but %s does not answer a read of key %d: %w", c.w.fleet.all[node].name, k.number, context.Cause(ctx))
		}
		sleep(ctx, 10*time.Millisecond)
	}
}
