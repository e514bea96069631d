package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"paxos/node"
)

// Source tells how a process is; false while there is nothing to tell yet. It may
// be called by any goroutine: node.Probe and node.Server have one.
type Source func() (node.Figures, bool)

// NewRegistry has the metrics of a process: those of source, the program's version,
// and what Go and the operating system tell of every process.
func NewRegistry(source Source, version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collector{source, version},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}

// NewCollector has those of source and the program's version alone, for a program
// that has a registry of its own.
func NewCollector(source Source, version string) prometheus.Collector {
	return collector{source, version}
}

// scrapes is how many may be answered at a time.
const scrapes = 4

// Page answers scrapes. What is over the number that it takes at a time gets a 503.
func Page(r *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
}
