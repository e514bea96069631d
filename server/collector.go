package server

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	descConnected = prometheus.NewDesc("paxos_peer_connected", "1 where the peer is connected.", []string{"peer"}, nil)
	descQueued    = prometheus.NewDesc("paxos_peer_queued_bytes", "Bytes that wait to be sent to the peer.", []string{"peer"}, nil)
	descShed      = prometheus.NewDesc("paxos_peer_shed_total", "Messages to the peer dropped because its queue was full.", []string{"peer"}, nil)
)

// peerCollector tells of the connections to the peers.
type peerCollector struct{ s *Server }

// Describe implements prometheus.Collector.
func (c peerCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descConnected, descQueued, descShed} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c peerCollector) Collect(out chan<- prometheus.Metric) {
	for _, p := range c.s.peerStatus() {
		id := p.ID.String()
		connected := 0.0
		if p.Connected {
			connected = 1
		}
		out <- prometheus.MustNewConstMetric(descConnected, prometheus.GaugeValue, connected, id)
		out <- prometheus.MustNewConstMetric(descQueued, prometheus.GaugeValue, float64(p.QueuedBytes), id)
		out <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(p.Shed), id)
	}
}
