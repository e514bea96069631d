package node

import (
	"sync/atomic"
	"testing"
	"time"

	"paxos/client"
	"paxos/protocol"
)

// loaded is a proposer that makes load, phase by phase.
type loaded struct {
	*role
	phases chan Phase
	taken  atomic.Uint64 // payloads
}

func startLoaded(c *testCluster) *loaded {
	l := &loaded{phases: make(chan Phase, 1)}
	c.tune = func(o *Options) {
		if o.Self.Role == protocol.RoleProposer {
			o.Load = &Load{Phases: l.phases, Payload: func(n int) []byte {
				l.taken.Add(1)
				return make([]byte, n)
			}}
		}
	}
	l.role = c.start(protocol.RoleProposer, 1)
	return l
}

// begin begins a phase.
func (l *loaded) begin(p Phase) <-chan LoadReport {
	done := make(chan LoadReport, 1)
	p.Done = func(r LoadReport) { done <- r }
	l.phases <- p
	l.wake()
	return done
}

func awaitReport(t *testing.T, done <-chan LoadReport) LoadReport {
	t.Helper()
	select {
	case r := <-done:
		return r
	case <-time.After(patience):
		t.Fatalf("a phase did not end within %v", patience)
		return LoadReport{}
	}
}

func TestALoadTakesPhasesAsTheyComeAndEndsAfterTheLast(t *testing.T) {
	c := newTestCluster(t, 3)
	others := c.startAll(3, 0, 1)
	l := startLoaded(c)
	all := uint64(0)
	for _, p := range []Phase{{InFlight: 7, PayloadBytes: 16, Commands: 500}, {InFlight: 1, PayloadBytes: 1, Commands: 3}, {InFlight: protocol.SessionWindow, PayloadBytes: 64, Warmup: 5 * time.Millisecond, Duration: 20 * time.Millisecond}} {
		r := awaitReport(t, l.begin(p))
		all += r.All
		if r.Acked < p.Commands || r.Elapsed < p.Duration || r.All < r.Acked || r.Latency.Count() != r.Acked {
			t.Errorf("%+v: %d acknowledged in %v, %d with those around, %d latencies", p, r.Acked, r.Elapsed, r.All, r.Latency.Count())
		}
		if taken := l.taken.Load(); taken != all {
			t.Errorf("%+v: it ended while %d payloads were taken and %d acknowledged", p, taken, all)
		}
	}
	close(l.phases)
	l.wake()
	if err := <-l.done; err != nil {
		t.Fatal(err)
	}
	others[3].output.wait(t, int(all))
	for _, r := range others {
		r.stop()
	}
	if n := len(others[3].output.copy()); n != int(all) {
		t.Errorf("%d values are in the list, %d were acknowledged", n, all)
	}
}

func TestALoadHasNoMoreInFlightThanAsked(t *testing.T) {
	c := newTestCluster(t, 3)
	l := startLoaded(c) // alone: nothing is acknowledged
	done := l.begin(Phase{InFlight: 5, PayloadBytes: 10, Commands: 20})
	for deadline := time.Now().Add(patience); l.taken.Load() < 5 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := l.taken.Load(); n != 5 {
		t.Errorf("%d payloads are on their way, want 5", n)
	}
	others := c.startAll(3, 0, 0)
	if r := awaitReport(t, done); r.Acked < 20 {
		t.Errorf("%d acknowledged, want 20", r.Acked)
	}
	l.stop()
	for _, r := range others {
		r.stop()
	}
}

func TestALoadWithoutAPhaseAsksForNoTurn(t *testing.T) {
	l := newLoad(&Load{Phases: make(chan Phase)}, nil, nil, protocol.Sender{})
	l.step(1)
	if at := l.deadline(); at != 0 || l.finished() {
		t.Errorf("a turn is due at %d, finished: %t", at, l.finished())
	}
}

// The list may not know the load's session any more, or have no majority for as long as you like.
func TestAPhaseEndsThoughItsLastCommandsAreNotAcknowledged(t *testing.T) {
	phases, told := make(chan Phase, 1), 0
	l := newLoad(&Load{Phases: phases, Payload: func(n int) []byte { return make([]byte, n) }}, client.New(client.Config{SubmitBytes: 1000}), newTestMachine(t), protocol.Sender{})
	phases <- Phase{InFlight: 5, PayloadBytes: 10, Duration: time.Second, Done: func(r LoadReport) { told++ }}
	now := protocol.Time(1)
	l.step(now)
	if l.part = loadCounting; l.offered != 5 {
		t.Fatalf("%d commands are on their way, want 5", l.offered)
	}
	for range 100 { // turns, when they are due
		if told > 0 {
			break
		}
		now = max(now+1, l.deadline())
		l.step(now)
	}
	if ended := protocol.Time(1).Add(time.Second + loadPatience); told != 1 || now < ended {
		t.Errorf("at %d the phase was told of %d times, want once, at %d", now, told, ended)
	}
}
