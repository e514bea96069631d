package load

import (
	"context"
	"errors"
	"testing"
	"time"
)

// queue is a system that acknowledges in the order in which it was asked.
type queue struct {
	begun, ended, most int
	wrong              bool // an operation was not waited for in its turn
	fails              int  // the operation that fails; 0: none
}

func (q *queue) async() Async[int] {
	return Async[int]{
		Begin: func(payload []byte) (int, error) {
			q.begun++
			q.most = max(q.most, q.begun-q.ended)
			q.wrong = q.wrong || len(payload) != 100
			return q.begun, nil
		},
		Wait: func(_ context.Context, n int) error {
			if n == q.fails {
				return errors.New("broken")
			}
			q.ended++
			q.wrong = q.wrong || n != q.ended
			return nil
		},
	}
}

func TestOneCallerHasAsManyUnderWayAsAskedAndWaitsForAll(t *testing.T) {
	for _, inFlight := range []int{1, 7} {
		var q queue
		r, err := RunAhead(context.Background(), Phase{InFlight: inFlight, Bytes: 100, Duration: 5 * time.Millisecond}, NewPayloads(), q.async())
		if err != nil {
			t.Fatal(err)
		}
		if q.most != inFlight || q.wrong {
			t.Errorf("%d at once, want %d; each in its turn, with its payload: %t", q.most, inFlight, !q.wrong)
		}
		if q.begun != q.ended || r.All != uint64(q.ended) || r.Operations > r.All {
			t.Errorf("begun %d, ended %d; counted %d of which %d in time", q.begun, q.ended, r.All, r.Operations)
		}
	}
}

func TestAnOperationThatFailsEndsThePhaseOfASingleCaller(t *testing.T) {
	q := queue{fails: 20}
	_, err := RunAhead(context.Background(), Phase{InFlight: 4, Bytes: 100, Duration: time.Hour}, NewPayloads(), q.async())
	if err == nil || q.ended != 19 {
		t.Errorf("error %v after %d", err, q.ended)
	}
}
