package node

import (
	"paxos/internal/histogram"
	"paxos/protocol"
)

// figures is what a client's loop tells.
func (r *clientRunner) figures(now protocol.Time) Figures {
	return Figures{
		Status: Status{Cluster: r.Cluster, Self: Member{ID: r.Self.ID}, Uptime: now.Sub(0), Drops: r.in.drops.byReason()},
		Role:   protocol.RoleClient,
		Client: &ClientFigures{
			Submitted: r.offered, Acked: uint64(r.core.Acked()), Repeated: r.core.Repeated(),
			Outstanding: r.core.Outstanding(), Session: r.core.Ready(), RTO: r.core.RTO(),
		},
	}
}

// lookAside adds what anybody may look at.
func (r *clientRunner) lookAside(f *Figures) {
	f.Network, f.Histograms.Acks = r.Transport.Stats(), r.acks.took.Counts()
}

// ackTimer measures how long it takes until a value is acknowledged: of one value
// at a time, so that it costs next to nothing.
type ackTimer struct {
	took  *histogram.Fixed // nanoseconds
	value uint64           // that it waits for, by number from 1 on; 0: none
	began protocol.Time
}

func newAckTimer() ackTimer {
	return ackTimer{took: histogram.NewFixed(histogram.Steps(10*microsecond, 10*second))}
}

// look is called each turn, with how many values were offered and acknowledged.
func (t *ackTimer) look(now protocol.Time, offered, acked uint64) {
	if t.value != 0 && acked >= t.value {
		t.took.Add(since(t.began, now))
		t.value = 0
	}
	if t.value == 0 && offered > acked {
		t.value, t.began = offered, now
	}
}
