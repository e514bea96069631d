package proposer

import (
	"testing"
	"time"

	"paxos/protocol"
)

// Where an answer takes longer than the first wait, no answer tells which of several
// Accepts it is for. Heartbeats tell all the same.
func TestAFarNetworkIsNotFlooded(t *testing.T) {
	for _, far := range []time.Duration{6 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond} {
		w := newWorld(t, 1, 3, 1)
		w.far = far
		c := w.addClient(400, 16)
		w.run(20*time.Second, func() bool { return c.c.Acked() >= 50 }) // till then it does not know better
		before := w.proposers[0].p.Stats()
		w.mustFinish(60 * time.Second)
		after := w.proposers[0].p.Stats()
		proposed, again := after.Values-before.Values, after.Retransmitted-before.Retransmitted
		if t.Logf("%v: %d instances, %d sent again", far, proposed, again); proposed < 10 || again > proposed {
			t.Errorf("%v to each: %d Accepts for %d instances were repeated, though nothing was lost", far, again, proposed)
		}
	}
}

// A pause of the process is no round trip.
func TestTheWaitStaysBounded(t *testing.T) {
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Self: protocol.Sender{Peer: protocol.Peer{ID: 1}}, Quorum: q}.withDefaults()
	var r rtt
	for range 100 {
		r.sample(time.Hour)
	}
	for tries := range 30 {
		if d := r.timeout(cfg, tries); d > cfg.ElectionMin {
			t.Fatalf("after %d tries: %v", tries, d)
		}
	}
}
