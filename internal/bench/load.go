package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"paxos/node"
)

// Phase is a phase of load in the form in which a process is told of it.
type Phase struct {
	InFlight int           `json:"in_flight"`
	Bytes    int           `json:"bytes"` // of each payload
	Warmup   time.Duration `json:"warmup_ns"`
	Duration time.Duration `json:"duration_ns"`
}

// Result is what a phase showed.
type Result struct {
	Values  uint64        `json:"values"`
	Elapsed time.Duration `json:"elapsed_ns"`
	P50     time.Duration `json:"p50_ns,omitempty"` // of the latencies
	P99     time.Duration `json:"p99_ns,omitempty"`
	P999    time.Duration `json:"p999_ns,omitempty"`
	Max     time.Duration `json:"max_ns,omitempty"`
	Ended   time.Time     `json:"ended"`
}

// PerSecond is how many values were acknowledged in a second.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Values) / r.Elapsed.Seconds()
}

// ParseLoad makes the load for a proposer's process from JSON, an array of
// phases. For each of them a Result is written to out, one a line.
func ParseLoad(text string, out io.Writer) (*node.Load, error) {
	var phases []Phase
	if err := json.Unmarshal([]byte(text), &phases); err != nil {
		return nil, fmt.Errorf("phases of load: %w", err)
	}
	if len(phases) == 0 {
		return nil, errors.New("phases of load: there are none")
	}
	load := &node.Load{Seed: rand.Uint64()}
	for _, p := range phases {
		load.Phases = append(load.Phases, node.Phase{InFlight: p.InFlight, PayloadBytes: p.Bytes, Warmup: p.Warmup, Duration: p.Duration})
	}
	results := json.NewEncoder(out)
	load.Done = func(r node.LoadReport) {
		_ = results.Encode(Result{
			Values: r.Acked, Elapsed: r.Elapsed, Ended: time.Now(),
			P50: r.Latency.Quantile(0.5), P99: r.Latency.Quantile(0.99), P999: r.Latency.Quantile(0.999), Max: r.Latency.Max(),
		})
	}
	return load, nil
}

// readResult reads the result of a load of one phase.
func readResult(path string) (Result, error) {
	var r Result
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&r); err != nil {
		return r, fmt.Errorf("read the load's result in %s: %w", path, err)
	}
	return r, nil
}
