package main

import (
	"io"
	"sync"
	"time"

	"paxos/bench/load"
)

// window hands out payloads so that a fixed number of them is on its way, to a
// client that takes them one after the other and tells how many are acknowledged.
type window struct {
	meter    *load.Meter
	size     int
	payloads *load.Payloads

	mu      sync.Mutex
	changed sync.Cond
	started []time.Time // when each payload on its way was handed out, by number
	taken   uint64
	done    uint64
	quit    bool
}

func newWindow(p load.Phase, payloads *load.Payloads) *window {
	w := &window{meter: load.NewMeter(p), size: p.Bytes, payloads: payloads, started: make([]time.Time, p.InFlight)}
	w.changed.L = &w.mu
	return w
}

// next waits until there is room, and ends with the phase; at least one payload
// is handed out.
func (w *window) next() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.full() && !w.quit {
		w.changed.Wait()
	}
	now := time.Now()
	if w.quit || w.taken > 0 && now.After(w.meter.End()) {
		return nil, io.EOF
	}
	w.started[w.taken%uint64(len(w.started))] = now
	w.taken++
	return w.payloads.Cut(0, w.taken, w.size), nil
}

// full reports whether as many are on their way as may be.
func (w *window) full() bool { return w.taken-w.done == uint64(len(w.started)) }

// acked notes that the first so many payloads are acknowledged.
func (w *window) acked(total uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for now := time.Now(); w.done < total; w.done++ {
		w.meter.Count(0, w.started[w.done%uint64(len(w.started))], now)
	}
	w.changed.Signal()
}

// stop lets next end.
func (w *window) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quit = true
	w.changed.Broadcast()
}
