package torture

import (
	"math/rand/v2"
	"time"

	"paxos/internal/torture/history"
)

// caller chooses whom a client asks next, and how long it waits for the answer.
// Those who can be asked are numbered from 0.
type caller struct {
	random *rand.Rand
	avoid  []time.Time // until when somebody is asked less, because there was no answer
}

func newCaller(count int, r *rand.Rand) *caller {
	return &caller{random: r, avoid: make([]time.Time, count)}
}

// avoidFor is how long somebody who has not answered is mostly left alone.
const avoidFor = 300 * time.Millisecond

// choose draws one, rarely one that has just not answered.
func (c *caller) choose() int {
	for {
		i := c.random.IntN(len(c.avoid))
		if time.Now().After(c.avoid[i]) || c.random.IntN(10) == 0 {
			return i
		}
	}
}

// silent notes that one did not do what it was asked for.
func (c *caller) silent(i int) { c.avoid[i] = time.Now().Add(avoidFor) }

// patience is how long the client waits for an answer: mostly so short that it plays on
// while some hang, now and then so long that it sees what they say when they come back.
func (c *caller) patience() time.Duration {
	switch n := c.random.IntN(100); {
	case n < 2:
		return 6 * time.Second
	case n < 10:
		return 2 * time.Second
	}
	return 500 * time.Millisecond
}

// diary is what a client writes into the history, one operation after another.
type diary struct {
	recorder *history.Recorder
	counters *counters
	process  int
}

func newDiary(r *history.Recorder, c *counters) diary {
	return diary{recorder: r, counters: c, process: r.NewProcess()}
}

// end ends an operation in the history. Of one that changes something and failed nobody
// knows if it was done, unless the error says that it was not. The error that is returned
// ends the run.
func (d *diary) end(changes bool, answer any, err error) (done bool, forbidden error) {
	switch {
	case err == nil:
		d.recorder.OK(d.process, answer)
		d.counters.ok.Add(1)
		return true, nil
	case !changes || is(err, errNotDone):
		d.recorder.Fail(d.process, short(err))
		d.counters.fail.Add(1)
	default:
		d.process = d.recorder.Info(d.process, short(err))
		d.counters.info.Add(1)
	}
	if is(err, errForbidden) {
		return false, err
	}
	return false, nil
}
