package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"paxos/internal/histogram"
	"paxos/node"
)

// metric is a metric that is taken from Figures: of Describe and Collect, a line
// in families.go.
type metric struct {
	name string
	desc *prometheus.Desc
	tell func(d *prometheus.Desc, f *node.Figures, out chan<- prometheus.Metric)
}

func gauge(name, help string, of func(*node.Figures) float64) metric {
	return single(name, help, prometheus.GaugeValue, of)
}

func count(name, help string, of func(*node.Figures) uint64) metric {
	return single(name, help, prometheus.CounterValue, func(f *node.Figures) float64 { return float64(of(f)) })
}

func single(name, help string, kind prometheus.ValueType, of func(*node.Figures) float64) metric {
	return metric{name, prometheus.NewDesc(name, help, nil, nil), func(d *prometheus.Desc, f *node.Figures, out chan<- prometheus.Metric) {
		out <- prometheus.MustNewConstMetric(d, kind, of(f))
	}}
}

// reasons is a counter with a label.
func reasons(name, help string, of func(*node.Figures) map[string]uint64) metric {
	return metric{name, prometheus.NewDesc(name, help, []string{"reason"}, nil), func(d *prometheus.Desc, f *node.Figures, out chan<- prometheus.Metric) {
		for reason, n := range of(f) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), reason)
		}
	}}
}

// seconds is a histogram of nanoseconds, told in seconds.
func seconds(name, help string, of func(*node.Histograms) histogram.Counts) metric {
	return distribution(name, help, 1e9, of)
}

func sizes(name, help string, of func(*node.Histograms) histogram.Counts) metric {
	return distribution(name, help, 1, of)
}

func distribution(name, help string, unit float64, of func(*node.Histograms) histogram.Counts) metric {
	return metric{name, prometheus.NewDesc(name, help, nil, nil), func(d *prometheus.Desc, f *node.Figures, out chan<- prometheus.Metric) {
		c := of(&f.Histograms)
		buckets := make(map[float64]uint64, len(c.Bounds))
		for i, bound := range c.Bounds {
			buckets[float64(bound)/unit] = c.AtMost[i]
		}
		out <- prometheus.MustNewConstHistogram(d, c.Count, float64(c.Sum)/unit, buckets)
	}}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var (
	descVersion = prometheus.NewDesc("paxos_build_info", "Always 1; the version is a label.", []string{"version"}, nil)
	descNode    = prometheus.NewDesc("paxos_node_info", "Always 1; who the process is, as labels.", []string{"role", "id", "cluster", "store"}, nil)
)

// collector tells of a process, from one look at it a scrape.
type collector struct {
	source  Source
	version string
}

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	out <- descVersion
	out <- descNode
	for _, family := range families {
		for _, m := range family.metrics {
			out <- m.desc
		}
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(descVersion, prometheus.GaugeValue, 1, c.version)
	f, known := c.source()
	if !known {
		return
	}
	store := ""
	if f.StoreID != 0 {
		store = f.StoreID.String()
	}
	out <- prometheus.MustNewConstMetric(descNode, prometheus.GaugeValue, 1, f.Role.String(), f.Self.ID.String(), f.Cluster.String(), store)
	for _, family := range families {
		if !family.has(&f) {
			continue
		}
		for _, m := range family.metrics {
			m.tell(m.desc, &f, out)
		}
	}
}
