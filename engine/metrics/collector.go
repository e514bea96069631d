package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"paxos/engine"
	"paxos/node/metrics"
)

// NewCollector tells of an engine's node and its machine. version is that of the
// caller's program.
func NewCollector(e *engine.Engine, version string) prometheus.Collector {
	return collector{e, metrics.NewCollector(e.Figures, version)}
}

// collector adds the machine's metrics to those of the node.
type collector struct {
	engine *engine.Engine
	node   prometheus.Collector
}

// figure is a metric of the machine.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*engine.MachineFigures) uint64
}

func newFigure(name, help string, kind prometheus.ValueType, of func(*engine.MachineFigures) uint64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), kind, of}
}

var figures = []figure{
	newFigure("paxos_machine_applied_commands", "Commands of the list that the state machine has applied, or got in an image.", prometheus.GaugeValue,
		func(f *engine.MachineFigures) uint64 { return f.Applied }),
	newFigure("paxos_machine_behind_commands", "Commands of the list that the state machine has not applied yet.", prometheus.GaugeValue,
		func(f *engine.MachineFigures) uint64 { return f.Behind }),
	newFigure("paxos_machine_waiting_commands", "Commands that wait for their result here.", prometheus.GaugeValue,
		func(f *engine.MachineFigures) uint64 { return f.Waiting }),
	newFigure("paxos_machine_images_total", "Images of the state machine that were written.", prometheus.CounterValue,
		func(f *engine.MachineFigures) uint64 { return f.Images }),
	newFigure("paxos_machine_restores_total", "Images that the state machine went on from.", prometheus.CounterValue,
		func(f *engine.MachineFigures) uint64 { return f.Restores }),
	newFigure("paxos_machine_image_bytes", "Bytes of the newest image, before compression.", prometheus.GaugeValue,
		func(f *engine.MachineFigures) uint64 { return f.ImageBytes }),
	newFigure("paxos_machine_image_commands", "Commands that the newest image stands for.", prometheus.GaugeValue,
		func(f *engine.MachineFigures) uint64 { return f.ImageCommands }),
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
	now, ok := c.engine.MachineFigures()
	if !ok {
		return
	}
	for _, f := range figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.of(&now)))
	}
}
