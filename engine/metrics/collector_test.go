package metrics

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"paxos/engine"
)

// idle is a state machine that keeps nothing.
type idle struct{}

func (idle) Apply([]byte) any { return nil }

func (idle) Snapshot(io.Writer) error { return nil }

func (idle) Restore(io.Reader) error { return nil }

// gathered are the values of a node's gauges after one command.
func gathered(t *testing.T, machine engine.Machine) map[string]float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	e, err := engine.Start(ctx, engine.Options{Dir: t.TempDir(), Self: "127.0.0.1:7000", Mount: true, Init: true, Machine: machine})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	if _, err := e.Propose(ctx, []byte("a")); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(e, "v1"))
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range all {
		values[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
	}
	return values
}

func TestMetricsTellOfNodeAndMachine(t *testing.T) {
	values := gathered(t, idle{})
	if values["paxos_machine_applied_commands"] != 1 || values["paxos_list_length"] != 1 {
		t.Errorf("after one command: %v", values)
	}
}

func TestWithoutAMachineMetricsTellOfTheNode(t *testing.T) {
	values := gathered(t, nil)
	if _, has := values["paxos_machine_applied_commands"]; has || values["paxos_list_length"] != 1 {
		t.Errorf("after one command: %v", values)
	}
}
