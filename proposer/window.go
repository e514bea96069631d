package proposer

import (
	"paxos/protocol"
)

// window bounds the bytes of Accepts under way, so that they fit into the
// receivers' socket buffers, and knows when what was sent must be lost. The
// bound is halved when something had to be sent again, and grows back by one
// value for each windowful that came through.
type window struct {
	one      int   // bytes of one full value's Accept
	most     int   // what the configuration allows
	offered  []int // by place: what the acceptor allows; 0: it did not say
	limit    int   // the least of them
	inFlight int   // values under way
	bytes    int   // in them

	congestion   int // what may be under way now, up to limit
	halvedAt     protocol.Time
	rtt          rtt
	retransmitAt protocol.Time // when something may be due again; 0: nothing is under way
}

func newWindow(cfg Config) window {
	one := cfg.ValueBytes + protocol.AcceptOverhead + protocol.FrameOverhead
	limit := max(cfg.WindowBytes, one)
	return window{one: one, most: limit, limit: limit, congestion: limit, offered: make([]int, cfg.Quorum.Size())}
}

// clear forgets what is under way, and keeps what was measured.
func (w *window) clear() {
	w.inFlight, w.bytes, w.retransmitAt = 0, 0, 0
}

func (w *window) room(cost int) bool {
	return w.inFlight == 0 || w.bytes+cost <= w.congestion
}

func (w *window) sent(cost int) {
	w.inFlight++
	w.bytes += cost
}

func (w *window) settled(cost int) {
	w.inFlight--
	w.bytes -= cost
	if w.inFlight < 0 || w.bytes < 0 {
		panic("proposer: more instances settled than proposed")
	}
	w.congestion = min(w.congestion+max(w.one*cost/w.congestion, 1), w.limit)
}

// lost halves the window, once for all losses of one time-out; never below an
// eighth of the limit, nor below one value: chance loses datagrams, too.
func (w *window) lost(now protocol.Time, cfg Config) {
	if now < w.halvedAt.Add(w.rtt.timeout(cfg, 1)) && w.halvedAt != 0 {
		return
	}
	w.halvedAt = now
	w.congestion = min(max(w.congestion/2, w.limit/8, w.one), w.limit)
}

// offer notes how many bytes the acceptor at place can take at once.
func (w *window) offer(place int, bytes uint32) {
	w.offered[place] = int(bytes)
	w.findLimit()
}

// findLimit makes the least of what is allowed the limit.
func (w *window) findLimit() {
	w.limit = w.most
	for _, n := range w.offered {
		if n != 0 {
			w.limit = min(w.limit, n)
		}
	}
	w.limit = max(w.limit, w.one)
	w.congestion = min(w.congestion, w.limit)
}

// arm makes sure that a Tick comes at the given time.
func (w *window) arm(at protocol.Time) {
	if w.retransmitAt == 0 || at < w.retransmitAt {
		w.retransmitAt = at
	}
}
