package proposer

import (
	"math/rand/v2"
	"testing"
	"time"

	"paxos/protocol"
)

func windowConfig(t *testing.T) Config {
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}}, Quorum: q, ValueBytes: 1000, WindowBytes: 20_000,
	}.withDefaults()
}

func TestWindowHalvesOncePerTimeoutAndGrowsBack(t *testing.T) {
	cfg := windowConfig(t)
	w := newWindow(cfg)
	now := protocol.Time(time.Second)
	w.lost(now, cfg)
	w.lost(now.Add(time.Millisecond), cfg)
	if w.congestion != 10_000 {
		t.Fatalf("window %d after the losses of one time-out", w.congestion)
	}
	for range 10 {
		now = now.Add(time.Second)
		w.lost(now, cfg)
	}
	if w.congestion != 20_000/8 {
		t.Fatalf("window %d after many losses", w.congestion)
	}
	for range 500 {
		w.sent(1000)
		w.settled(1000)
	}
	if w.congestion != 20_000 {
		t.Fatalf("window %d after a long peace", w.congestion)
	}
}

func TestWindowFollowsTheLeastAcceptor(t *testing.T) {
	w := newWindow(windowConfig(t))
	w.offer(0, 8000)
	w.offer(1, 5000)
	w.offer(2, 0) // did not say
	if w.limit != 5000 || w.congestion != 5000 {
		t.Fatalf("limit %d, window %d", w.limit, w.congestion)
	}
	w.offer(1, 10)
	if w.limit != w.one {
		t.Fatalf("limit %d: one value must always fit", w.limit)
	}
	w.offer(1, 1<<30)
	if w.limit != 8000 {
		t.Fatalf("limit %d after the least one grew", w.limit)
	}
}

// TestBytesUnderWayStayInTheWindow: however much waits, and however slowly
// acceptors answer, no more is under way than the window allows.
func TestBytesUnderWayStayInTheWindow(t *testing.T) {
	d := newDriver(t, 1000)
	d.list.last[1] = 0
	rng := rand.New(rand.NewPCG(1, 1))
	full := 0
	for next := 1; next < 3000; {
		run := makeRun(1, next, 1+rng.IntN(60), 20)
		if int(run.Last()) <= int(d.list.last[1])+protocol.SessionWindow {
			d.submit(run)
			next = int(run.Last()) + 1
		}
		d.p.onHeartbeatAck(0, 1, &protocol.HeartbeatAck{Ballot: d.p.ballot, Window: 5000}, new(protocol.Output))
		d.flush()
		bytes := 0
		for _, a := range d.open {
			bytes += len(a.Value)
		}
		if bytes > 5000 {
			t.Fatalf("%d bytes under way", bytes)
		}
		if bytes > 3500 {
			full++
		}
		if rng.IntN(3) == 0 {
			d.settle(1 + rng.IntN(3))
		}
	}
	if full < 20 {
		t.Fatalf("the window was full only %d times: the test proves nothing", full)
	}
}

func TestTimeoutFollowsTheRoundTrips(t *testing.T) {
	cfg := windowConfig(t)
	var r rtt
	if got := r.timeout(cfg, 1); got != cfg.RetransmitMin {
		t.Fatalf("without a sample: %v", got)
	}
	for range 200 {
		r.sample(30 * time.Millisecond)
	}
	if got := r.timeout(cfg, 1); got < 30*time.Millisecond || got > 40*time.Millisecond {
		t.Fatalf("after steady answers in 30 ms: %v", got)
	}
	if got := r.timeout(cfg, 40); got != cfg.RetransmitMax {
		t.Fatalf("after many tries: %v", got)
	}
}
