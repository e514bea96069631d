package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paxos/node/metrics"
)

// meters are the counts of this package, and the page with all counts.
type meters struct {
	page     http.Handler
	requests *prometheus.HistogramVec
	appends  prometheus.Counter
	reads    prometheus.Counter
	barriers prometheus.Counter
}

func newMeters(s *Server) *meters {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &meters{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "paxos_http_request_seconds", Help: "How long requests took, by endpoint and status code.",
			Buckets: prometheus.ExponentialBuckets(0.00025, 4, 9), // 250 us to 16 s
		}, []string{"endpoint", "code"}),
		appends:  counter("paxos_http_appended_values_total", "Values that were appended and answered."),
		reads:    counter("paxos_http_read_values_total", "Values that were read, by watchers too."),
		barriers: counter("paxos_http_linearizable_reads_total", "Requests that asked for a linearizable read."),
	}
	registry := metrics.NewRegistry(s.engine.Figures, s.version)
	registry.MustRegister(m.requests, m.appends, m.reads, m.barriers, peerCollector{s})
	s.registerGauges(registry)
	m.page = metrics.Page(registry)
	return m
}

// registerGauges adds what this package has at the moment of a scrape.
func (s *Server) registerGauges(registry *prometheus.Registry) {
	gauge := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("paxos_http_connections", "Open connections, without those of peers.", func() float64 { return float64(s.conns.count()) })
	gauge("paxos_http_appends_waiting", "Requests that append and wait.", func() float64 { return float64(s.appends.used.Load()) })
	gauge("paxos_http_watchers", "Clients that follow the list.", func() float64 { return float64(s.watches.used.Load()) })
	gauge("paxos_http_body_bytes", "Bytes of large request bodies in memory.", func() float64 { return float64(s.bodies.used.Load()) })
}

// add prepares the metrics of a route, so that answers need not look them up.
func (m *meters) add(rt *route) { rt.took = m.requests.WithLabelValues(rt.name, "200") }

func (m *meters) observe(rt *route, code int, took time.Duration) {
	o := rt.took
	if code != http.StatusOK {
		o = m.requests.WithLabelValues(rt.name, strconv.Itoa(code))
	}
	o.Observe(took.Seconds())
}

func (m *meters) appended(n int) { m.appends.Add(float64(n)) }
func (m *meters) read(n uint64)  { m.reads.Add(float64(n)) }

// metricsPage answers GET /metrics.
func (x *exchange) metricsPage() error {
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(x.s.limits.WriteTime))
	x.code = http.StatusOK
	x.s.metrics.page.ServeHTTP(x.w, x.r)
	return nil
}

// MetricsPage answers scrapes, for a listener of their own: as GET /metrics does,
// but without asking for a token.
func (s *Server) MetricsPage() http.Handler { return s.metrics.page }
