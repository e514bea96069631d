package engine

import (
	"github.com/prometheus/client_golang/prometheus"

	"paxos/node/metrics"
)

// Collector tells of the node and its machine, for the caller's
// Prometheus registry: docs/operations.md and docs/engine.md have the metrics.
// version is that of the caller's program.
func (e *Engine) Collector(version string) prometheus.Collector {
	return collector{e, metrics.NewCollector(e.Figures, version)}
}

// collector adds the machine's metrics to those of the node.
type collector struct {
	engine *Engine
	node   prometheus.Collector
}

// figure is a metric of the machine.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*reader) float64
}

func newFigure(name, help string, kind prometheus.ValueType, of func(*reader) float64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), kind, of}
}

var figures = []figure{
	newFigure("paxos_machine_applied_commands", "Commands of the list that the state machine has applied, or got in an image.", prometheus.GaugeValue,
		func(r *reader) float64 { return float64(r.next.Load()) }),
	newFigure("paxos_machine_behind_commands", "Commands of the list that the state machine has not applied yet.", prometheus.GaugeValue,
		func(r *reader) float64 { return max(float64(r.engine.node.View().Length())-float64(r.next.Load()), 0) }),
	newFigure("paxos_machine_waiting_commands", "Commands that wait for their result here.", prometheus.GaugeValue,
		func(r *reader) float64 { return float64(r.results.count.Load()) }),
	newFigure("paxos_machine_images_total", "Images of the state machine that were written.", prometheus.CounterValue,
		func(r *reader) float64 { return float64(r.images.Load()) }),
	newFigure("paxos_machine_restores_total", "Images that the state machine went on from.", prometheus.CounterValue,
		func(r *reader) float64 { return float64(r.restores.Load()) }),
	newFigure("paxos_machine_image_bytes", "Bytes of the newest image, before compression.", prometheus.GaugeValue,
		func(r *reader) float64 { return float64(r.engine.node.Images().Newest.Bytes) }),
	newFigure("paxos_machine_image_commands", "Commands that the newest image stands for.", prometheus.GaugeValue,
		func(r *reader) float64 { return float64(r.engine.node.Images().Newest.Index) }),
}

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	c.node.Describe(out)
	for _, f := range figures {
		out <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	c.node.Collect(out)
	if c.engine.reader == nil {
		return
	}
	for _, f := range figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(c.engine.reader))
	}
}
