package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheLoopIsClosedAndEveryCallerTakesPart(t *testing.T) {
	const callers = 8
	var now, most atomic.Int64
	var seen sync.Map
	var ended atomic.Uint64
	p := Phase{InFlight: callers, Bytes: 100, Duration: 20 * time.Millisecond}
	r, err := Run(context.Background(), p, NewPayloads(), func(_ context.Context, caller int, payload []byte) error {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		defer now.Add(-1)
		defer ended.Add(1)
		seen.Store(caller, true)
		if len(payload) != p.Bytes {
			return errors.New("a payload of the wrong size")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if most.Load() > callers {
		t.Errorf("%d at once, want at most %d", most.Load(), callers)
	}
	for caller := range callers {
		if _, ok := seen.Load(caller); !ok {
			t.Errorf("caller %d did nothing", caller)
		}
	}
	if r.All != ended.Load() || r.Operations > r.All {
		t.Errorf("counted %d of which %d in time, want %d", r.All, r.Operations, ended.Load())
	}
}

func TestTheFirstErrorEndsThePhase(t *testing.T) {
	broken := errors.New("broken")
	_, err := Run(context.Background(), Phase{InFlight: 4, Bytes: 1, Duration: time.Hour}, NewPayloads(), func(ctx context.Context, caller int, _ []byte) error {
		if caller == 2 {
			return broken
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestOnlyWhatEndsWithinTheTimeCounts(t *testing.T) {
	m := NewMeter(Phase{InFlight: 1, Warmup: time.Second, Duration: time.Second})
	begin := m.begin
	m.Count(0, begin, begin.Add(-time.Millisecond))
	m.Count(1, begin.Add(-time.Second), begin.Add(time.Millisecond))
	m.Count(40, begin, begin.Add(3*time.Millisecond))
	m.Count(2, begin, m.End().Add(time.Millisecond))
	r := m.Result()
	if r.All != 4 || r.Operations != 2 || r.Max != 1001*time.Millisecond || r.PerSecond() != 2 {
		t.Errorf("%+v", r)
	}
}

func TestPayloadsHaveTheirSizeAndOnlyLetters(t *testing.T) {
	p := NewPayloads()
	for caller := range 3 {
		for i := range uint64(2000) {
			cut := p.Cut(caller, i, 1024)
			if len(cut) != 1024 || cap(cut) != 1024 {
				t.Fatalf("a payload of %d bytes", len(cut))
			}
			if c := cut[i%1024]; c <= ' ' || c == '"' || c == '\\' || c > '~' {
				t.Fatalf("byte %q in it", c)
			}
		}
	}
}
