package report

import (
	"cmp"
	"slices"
	"time"

	"paxos/bench/compare"
)

// Report is what a comparison showed.
type Report struct {
	Started  time.Time     `json:"started"`
	CPUs     int           `json:"cpus"`
	Rounds   int           `json:"rounds"`
	Phase    time.Duration `json:"phase_ns"`
	Warmup   time.Duration `json:"warmup_ns"`
	FsyncP50 time.Duration `json:"fdatasync_p50_ns"`
	// Uncounted says why no fsyncs were counted; empty: they were.
	Uncounted string               `json:"fsyncs_uncounted,omitempty"`
	Systems   []compare.SystemInfo `json:"systems"`
	Cells     []Cell               `json:"cells"`
}

// Cell is one system with one payload and so many operations in flight. Every
// figure is the median over the rounds by itself.
type Cell struct {
	System    string  `json:"system"`
	Ours      bool    `json:"ours"`
	Payload   int     `json:"payload_bytes"`
	InFlight  int     `json:"in_flight"`
	PerSecond float64 `json:"per_second"`
	// Least and Most are the rates of the worst and the best round.
	Least float64 `json:"per_second_least"`
	Most  float64 `json:"per_second_most"`
	// Ratio is PerSecond compared with the best peer's in the same cell; 0 without peers.
	Ratio float64       `json:"ratio_to_best_peer"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Max   time.Duration `json:"max_ns"`
	// CPU is seconds of CPU time of all processes, the load's too, for a million operations.
	CPU float64 `json:"cpu_seconds_per_million"`
	// RSS is the peak memory of the replicas' processes together, Anon the part of it
	// that is neither program nor mapped file, as it was when the phase ended, Client
	// the peak of a process that only made the load; bytes.
	RSS    float64 `json:"peak_rss"`
	Anon   float64 `json:"rss_anonymous"`
	Client float64 `json:"peak_rss_client"`
	// Fsyncs of all replicas for one operation.
	Fsyncs float64 `json:"fsyncs_per_operation"`
}

// Make makes the report.
func Make(raw compare.Raw) Report {
	r := Report{
		Started: raw.Started, CPUs: raw.CPUs, Rounds: raw.Rounds, Phase: raw.Phase, Warmup: raw.Warmup,
		FsyncP50: raw.FsyncP50, Uncounted: raw.Uncounted, Systems: raw.Systems,
	}
	for _, payload := range raw.Payloads {
		for _, inFlight := range raw.InFlight {
			r.Cells = append(r.Cells, cells(raw, payload, inFlight)...)
		}
	}
	return r
}

// cells are those of all systems with one payload and so many operations in flight.
func cells(raw compare.Raw, payload, inFlight int) (all []Cell) {
	best := 0.0
	for _, s := range raw.Systems {
		samples := slices.DeleteFunc(slices.Clone(raw.Samples), func(x compare.Sample) bool {
			return x.System != s.Name || x.Payload != payload || x.InFlight != inFlight
		})
		if len(samples) == 0 {
			continue
		}
		c := cell(samples)
		c.System, c.Ours, c.Payload, c.InFlight = s.Name, s.Ours, payload, inFlight
		all = append(all, c)
		if !s.Ours {
			best = max(best, c.PerSecond)
		}
	}
	for i := range all {
		if best > 0 {
			all[i].Ratio = all[i].PerSecond / best
		}
	}
	return all
}

// cell takes the medians of the samples of one cell.
func cell(samples []compare.Sample) Cell {
	rate := func(s compare.Sample) float64 { return s.PerSecond() }
	each := func(s compare.Sample) float64 { return max(float64(s.All), 1) }
	return Cell{
		PerSecond: median(samples, rate),
		Least:     slices.Min(figures(samples, rate)),
		Most:      slices.Max(figures(samples, rate)),
		P50:       median(samples, func(s compare.Sample) time.Duration { return s.P50 }),
		P90:       median(samples, func(s compare.Sample) time.Duration { return s.P90 }),
		P99:       median(samples, func(s compare.Sample) time.Duration { return s.P99 }),
		P999:      median(samples, func(s compare.Sample) time.Duration { return s.P999 }),
		Max:       median(samples, func(s compare.Sample) time.Duration { return s.Max }),
		CPU:       median(samples, func(s compare.Sample) float64 { return s.CPU.Seconds() / each(s) * 1e6 }),
		RSS:       median(samples, func(s compare.Sample) float64 { return float64(s.PeakRSS) }),
		Anon:      median(samples, func(s compare.Sample) float64 { return float64(s.Anon) }),
		Client:    median(samples, func(s compare.Sample) float64 { return float64(s.Client) }),
		Fsyncs:    median(samples, func(s compare.Sample) float64 { return float64(s.Syncs) / each(s) }),
	}
}

func figures[T cmp.Ordered](samples []compare.Sample, figure func(compare.Sample) T) (all []T) {
	for _, s := range samples {
		all = append(all, figure(s))
	}
	return all
}

// median is the middle figure; of two middle ones the lesser.
func median[T cmp.Ordered](samples []compare.Sample, figure func(compare.Sample) T) T {
	all := figures(samples, figure)
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
