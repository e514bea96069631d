package bench

import (
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
	Commands uint64        `json:"commands,omitempty"` // that end it, instead of Duration; 0: none
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
	queue := make(chan node.Phase, len(phases))
	results := json.NewEncoder(out)
	for _, p := range phases {
		queue <- node.Phase{InFlight: p.InFlight, PayloadBytes: p.Bytes, Warmup: p.Warmup, Duration: p.Duration, Commands: p.Commands, Done: func(r node.LoadReport) {
			_ = results.Encode(resultOf(r))
		}}
	}
	close(queue)
	return &node.Load{Phases: queue, Payload: newPool().next, Seed: rand.Uint64()}, nil
}

// resultOf is the result of a phase that ends now.
func resultOf(r node.LoadReport) Result {
	return Result{
		Values: r.Acked, Elapsed: r.Elapsed, Ended: time.Now(),
		P50: r.Latency.Quantile(0.5), P99: r.Latency.Quantile(0.99), P999: r.Latency.Quantile(0.999), Max: r.Latency.Max(),
	}
}

// readResults reads the results of a load, one for each phase.
func readResults(path string) (all []Result, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var r Result
		err := d.Decode(&r)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the load's results in %s: %w", path, err)
		}
		all = append(all, r)
	}
}

// readResult reads the result of a load of one phase.
func readResult(path string) (Result, error) {
	all, err := readResults(path)
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("read the load's result in %s: there are %d, want one", path, len(all))
	}
	if err != nil {
		return Result{}, err
	}
	return all[0], nil
}
