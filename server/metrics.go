package server

import (
	"sync/atomic"
	"time"
)

// metrics are the counts of this package.
type metrics struct {
	requests, appends, reads atomic.Uint64
	barriers                 counter
}

type counter struct{ n atomic.Uint64 }

func (c *counter) Inc() { c.n.Add(1) }

func newMetrics(*Server) *metrics { return new(metrics) }

func (m *metrics) add(*route) {}

func (m *metrics) observe(*route, int, time.Duration) { m.requests.Add(1) }

func (m *metrics) appended(n int) { m.appends.Add(uint64(n)) }

func (m *metrics) read(n uint64) { m.reads.Add(n) }
